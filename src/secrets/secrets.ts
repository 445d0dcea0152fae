import { serverPrincipal, type Audit } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { createKeyring } from "./keyring.ts";
import { selectDataKeys } from "./keys-store.ts";
import { createKeysService, type KeysService } from "./keys-service.ts";
import type { SecretOwners } from "./owners.ts";
import type { DoOnce } from "./ports.ts";
import { createProviders, type MasterKeySettings } from "./providers.ts";
import { createResealing } from "./resealing.ts";
import { createSealer, type Sealer } from "./sealer.ts";
import { createSecretService, type SecretService } from "./service.ts";

/** The room, wired together. */
export interface Secrets {
  readonly service: SecretService;
  readonly keys: KeysService;
  /** For sealed bytes of other rooms. */
  readonly sealer: Sealer;
  /** Whether values can be opened now, and if not why: for `/readyz`. */
  readonly state: () => { readonly state: "open" | "locked"; readonly reason: string | null };
  /** Looks for the master key, and goes on with what is to be sealed anew. A missing key is told, not thrown. */
  start(): Promise<void>;
  /** Resolves when everything is sealed by the newest data keys. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface SecretsParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly audit: Audit;
  readonly owners: SecretOwners;
  readonly once: DoOnce;
  readonly settings: MasterKeySettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Milliseconds between looks for secrets whose owners are no more. */
const SWEEP_EVERY = 60 * 60 * 1000;

/** Errors: `master_key_source_invalid`. */
export function createSecrets(parts: SecretsParts): Secrets {
  const { database, clock, log } = parts;
  const providers = createProviders(parts);
  const keyring = createKeyring({ ...parts, provider: providers.configured, providerOf: (text) => providers.of(text) });
  const sealer = createSealer({ keyring, random: parts.random });
  const service = createSecretService({ ...parts, sealer });
  const resealing = createResealing({ database, sealer, clock, log });
  const keys = createKeysService({
    ...parts,
    keyring,
    resealing,
    provider: providers.configured,
    providerOf: (text) => providers.of(text),
  });
  let cancelSweep = (): void => {};
  let sweeping: Promise<void> = Promise.resolve();

  function sweep(): void {
    cancelSweep = clock.after(SWEEP_EVERY, sweep);
    sweeping = sweepAll().catch((error: unknown) =>
      log.warn({ error: messageOf(error) }, "removing secrets without owners failed"),
    );
  }

  async function sweepAll(): Promise<void> {
    const tenants = new Set<Id>((await selectDataKeys(database.kysely)).map(({ tenantId }) => tenantId));
    for (const tenantId of tenants) await service.sweep(serverPrincipal(tenantId));
  }

  return {
    service,
    keys,
    sealer,
    state: () => keyring.status,
    async start() {
      await keyring.start();
      resealing.start();
      sweep();
    },
    settled: () => resealing.settled(),
    async stop() {
      keyring.stop();
      cancelSweep();
      await resealing.stop();
      await sweeping;
      providers.close();
    },
  };
}

import { recordActor, SERVER_CHAIN, type Audit, type Principal } from "../access/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { Keyring, KeyringStatus, MasterKeyChange } from "./keyring.ts";
import { selectDataKeys } from "./keys-store.ts";
import type { KeyProvider } from "./master-key.ts";
import type { Resealing } from "./resealing.ts";
import { parseSource, sourceText } from "./source.ts";
import { countSecrets } from "./store.ts";

/** How it stands with the keys, for who looks after them. */
export interface KeysStatus extends Omit<KeyringStatus, "masterKey"> {
  /** As of the keyring; its source, like the reason, is told only to who may look after the server's keys. */
  readonly masterKey: { readonly id: string; readonly source: string | null; readonly since: number } | null;
  readonly dataKey: {
    /** The newest; 0: there is none yet. */
    readonly generation: number;
    readonly since: number | null;
  };
  /** How many secrets the tenant has, and how many of them are still to be sealed by the newest data key. */
  readonly secrets: number;
  readonly left: number;
}

export interface KeysService {
  status(principal: Principal): Promise<KeysStatus>;
  /** Looks for the master key now. Errors: `secrets_locked`. */
  unlock(): Promise<void>;
  /**
   * Gives the tenant a new data key; its secrets are sealed by it in the background. Returns the number of the key.
   *
   * Errors: `secrets_locked`.
   */
  rotateData(principal: Principal): Promise<number>;
  /**
   * Goes over to a new master key, from a place, or from the one that the configuration names.
   *
   * Errors: `secrets_locked`, `master_key_unchanged`, `master_key_source_invalid`, `master_key_unreachable`.
   */
  rotateMaster(principal: Principal, source?: string): Promise<MasterKeyChange & { readonly configured: boolean }>;
}

export interface KeysServiceParts {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly resealing: Resealing;
  /** The place that the configuration names. */
  readonly provider: KeyProvider;
  readonly providerOf: (source: string) => KeyProvider;
  readonly audit: Audit;
}

export function createKeysService(parts: KeysServiceParts): KeysService {
  const { database, keyring, resealing, provider, audit } = parts;
  /** One change of keys at a time. */
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = last.then(work, work);
    last = done.catch(() => undefined);
    return done;
  }

  return {
    async status({ tenantId, rights }) {
      const newest = (await selectDataKeys(database.kysely, tenantId)).at(-1);
      const generation = newest?.generation ?? 0;
      const { all, older } = await countSecrets(database.kysely, tenantId, generation);
      const { state, reason, masterKey } = keyring.status;
      const manages = rights.everywhere("server.manage");
      return {
        state,
        reason: manages || reason === null ? reason : "the master key is not at hand",
        masterKey: masterKey === null || manages ? masterKey : { ...masterKey, source: null },
        dataKey: { generation, since: newest?.createdAt ?? null },
        secrets: all,
        left: older,
      };
    },
    async unlock() {
      await keyring.unlock();
      resealing.wake();
    },
    rotateData: (principal) =>
      inTurn(async () => {
        const { tenantId } = principal;
        const subject = { kind: "data_key", id: tenantId, name: tenantId };
        const generation = await keyring.renew(tenantId, (tx, made) => {
          recordActor(tx, principal);
          const data = { generation: made };
          return audit.append(tx, [{ chain: tenantId, action: "secret.data_key_rotated", subject, data }]);
        });
        resealing.wake();
        return generation;
      }),
    rotateMaster: (principal, source) =>
      inTurn(async () => {
        const wanted = source === undefined ? provider.source : sourceText(parseSource(source));
        const configured = wanted === provider.source;
        const change = await keyring.goOver(configured ? provider : parts.providerOf(wanted), (tx, made) => {
          recordActor(tx, principal);
          const subject = { kind: "master_key", id: made.id, name: made.source };
          const data = { ...made };
          return audit.append(tx, [{ chain: SERVER_CHAIN, action: "secret.master_key_rotated", subject, data }]);
        });
        return { ...change, configured };
      }),
  };
}

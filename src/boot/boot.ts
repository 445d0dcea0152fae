import { NO_RIGHTS, type Audit, type MachineKeys } from "../access/index.ts";
import type { SecretUse, ServerModule } from "../foreman/index.ts";
import type { Snapshot } from "../inventory/index.ts";
import type { JobOutcome, OutsideTasks } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { Sealer } from "../secrets/index.ts";
import type { Renderer } from "../templates/index.ts";
import { createDhcpModule } from "./dhcp.ts";
import { createBootKeys, KEY_MILLISECONDS, type BootKeys } from "./keys.ts";
import { createBootMachine } from "./machine.ts";
import { machineRoutes } from "./machine-routes.ts";
import { bootRoutes } from "./routes.ts";
import { createBootService, type BootService } from "./service.ts";
import { createSignaling } from "./signaling.ts";
import { deleteKeys, forgetFoundation, forgetTenant, resumeKeys, suspendKeys } from "./store.ts";

/** The room, wired together. */
export interface Boot {
  readonly profiles: BootService;
  readonly keys: BootKeys;
  /** `dhcp` and `signaling`. */
  readonly modules: readonly ServerModule[];
  /** For the door: whose key it is. */
  readonly machines: MachineKeys;
  mount(http: HttpServer): void;
  /** Within the commit that ends a job: the keys of its boots end. Those of one that failed rest, as it may be retried. */
  jobEnded(tx: Transaction, jobId: Id, status: JobOutcome["status"]): Promise<void>;
  /** Within the commit of a retry. */
  jobReopened(tx: Transaction, jobId: Id): Promise<void>;
  /** With a foundation that is destroyed: nothing of its boots stays. */
  foundationRemoved(tx: Transaction, foundationId: Id): Promise<void>;
  tenantRemoved(tx: Transaction, tenantId: Id): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export interface BootParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly renderer: Renderer;
  readonly secrets: SecretUse;
  readonly sealer: Pick<Sealer, "fingerprint">;
  readonly outside: OutsideTasks;
  snapshot(tenantId: Id): Promise<Snapshot>;
}

export function createBoot(parts: BootParts): Boot {
  const keys = createBootKeys(parts);
  const profiles = createBootService({ ...parts, keys });
  const signaling = createSignaling({ ...parts, keys });
  const machine = createBootMachine(parts);
  return {
    profiles,
    keys,
    modules: [createDhcpModule({ ...parts, keys }), signaling.module],
    machines: {
      async holder(text) {
        try {
          const { tenantId, foundationId, id: tokenId } = await keys.admit(text);
          const none = { rights: NO_RIGHTS, rightsIn: () => undefined };
          return { kind: "machine", name: `machine of foundation ${foundationId}`, tenantId, tokenId, ...none };
        } catch (error) {
          if (error instanceof GantryError) return undefined;
          throw error;
        }
      },
    },
    mount(http) {
      bootRoutes(http, profiles);
      machineRoutes(http, { machine, keys, said: signaling.said });
    },
    jobEnded: (tx, jobId, status) => (status === "failed" ? suspendKeys(tx, jobId) : deleteKeys(tx, { jobId })),
    jobReopened: (tx, jobId) => resumeKeys(tx, jobId, parts.clock.now() + KEY_MILLISECONDS),
    foundationRemoved: forgetFoundation,
    tenantRemoved: forgetTenant,
    start: signaling.start,
    stop: signaling.stop,
  };
}

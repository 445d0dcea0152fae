import type { Foundation, Snapshot, Structure } from "../inventory/index.ts";
import type { Call, Job, Prepared } from "../jobs/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { ModuleDescription } from "../tscript/index.ts";

/**
 * The port of modules the server itself answers, for scripts of blueprints: `dhcp`, `signaling`, `manual`, `events`. No worker has to be
 * there for them.
 */
export interface ServerModule {
  /** What scripts call it by. */
  readonly name: string;
  /** Its functions with their parameters, for checks of scripts. */
  readonly description: ModuleDescription;
  /** What a call turns out to be. As `JobHost.prepare` it may be asked again for the same call, and changes nothing itself. */
  prepare(call: ServerModuleCall): Promise<Prepared>;
}

/** A call of a server module, with where it comes from. */
export interface ServerModuleCall {
  readonly job: Job;
  readonly call: Call;
  /** Of the call, with references to secrets opened. */
  readonly parameters: JsonObject;
  readonly snapshot: Snapshot;
  /** The site the target is in; null when it is gone. */
  readonly siteId: Id | null;
  readonly structure: Structure | undefined;
  readonly foundation: Foundation | undefined;
  /** Resolved variables of the target. */
  readonly variables: JsonObject;
}

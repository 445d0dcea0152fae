import { accountPrincipal, lastActors, type Holders, type Permission } from "../access/index.ts";
import { FOREMAN_HOST } from "../foreman/index.ts";
import { placeOf, type Snapshot, type Structure } from "../inventory/index.ts";
import { SERVER_STARTER, type Job, type JobTarget, type Starter, type TargetPlaces } from "../jobs/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Database } from "../platform/database/index.ts";
import { RUN_HOST } from "../runs/index.ts";

/** A job has the rights of who started it: the ports of jobs and of the foreman for that, filled from accounts and the audit. */
export interface Starters {
  /** See `MayGoOn`. A token that ended since does not matter: that says nothing of misuse. */
  mayGoOn(job: Pick<Job, "starter" | "tenantId" | "target" | "host">): Promise<string | undefined>;
  /** Whose rights the foreman's job on a row has. */
  ofRow(
    tenantId: Id,
    kind: "foundation" | "structure" | "dependency",
    row: { readonly id: Id; readonly name: string },
  ): Promise<Starter>;
  /** Which structures a job's starter may read. Undefined: all. */
  mayRead(job: Job, snapshot: Snapshot): Promise<((structure: Structure) => boolean) | undefined>;
}

/** One of these at the target's place lets a job go on, by what makes it: what it was started by, or what lets it be resumed. */
const LETS_GO_ON: Readonly<Record<string, readonly Permission[]>> = {
  [FOREMAN_HOST]: ["design.apply", "inventory.write", "change.apply", "job.control"],
  [RUN_HOST]: ["run.start", "job.control"],
};

/** Of a row: what follows from changes elsewhere. */
const FOLLOWS: readonly string[] = ["stale", "version", "updatedAt"];

export function createStarters(database: Database, holders: Pick<Holders, "starter">, places: TargetPlaces): Starters {
  async function mayGoOn({ starter, tenantId, target, host }: Parameters<Starters["mayGoOn"]>[0]) {
    const { accountId, tokenId, name } = starter;
    if (accountId === null) return undefined;
    const holder = await holders.starter({ accountId, tokenId });
    if (holder === "account") return `the account of ${name}, who started it, is disabled or gone`;
    if (holder === "token") return `the token with which ${name} started it was revoked`;
    const { rights } = accountPrincipal(holder, tenantId);
    const enough = LETS_GO_ON[host] ?? [];
    if (enough.some((permission) => rights.everywhere(permission))) return undefined;
    const [place] = await places.of(tenantId, [target]);
    if (enough.some((permission) => rights.at(permission, place!))) return undefined;
    return `${name}, who started it, does not hold ${enough[0]} at ${target.kind} '${target.name}' any more`;
  }

  return {
    mayGoOn,
    async ofRow(tenantId, kind, { id, name }) {
      const actors = await lastActors(database.kysely, tenantId, { kind, id, but: FOLLOWS });
      const starters = actors.map((actor): Starter => {
        const accountId = actor.kind === "administrator" ? null : actor.id;
        return { accountId, tokenId: actor.tokenId ?? null, name: actor.name };
      });
      const target: JobTarget = { kind, id, name };
      // Who changed something that this depends on, elsewhere, may have no rights here: then it is its own editor's.
      for (const starter of starters)
        if ((await mayGoOn({ starter, tenantId, target, host: FOREMAN_HOST })) === undefined) return starter;
      return starters[0] ?? SERVER_STARTER;
    },
    async mayRead({ starter: { accountId, tokenId }, tenantId }, snapshot) {
      if (accountId === null) return undefined;
      const holder = await holders.starter({ accountId, tokenId });
      if (typeof holder === "string") return () => false;
      const { rights } = accountPrincipal(holder, tenantId);
      if (rights.everywhere("inventory.read")) return undefined;
      return (structure) => rights.at("inventory.read", placeOf(snapshot, "structure", structure));
    },
  };
}

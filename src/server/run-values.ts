import { accountPrincipal, forbidden, type Holders } from "../access/index.ts";
import { createOpening, type SecretUse } from "../foreman/index.ts";
import {
  createResolver,
  indexesOf,
  placeOf,
  secretOwnersOf,
  type InventoryStore,
  type Resolver,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import type { Job } from "../jobs/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { NodeVariables } from "../runs/index.ts";
import { secretNamesIn } from "../variables/index.ts";

/** What templates of a run see of the inventory: variables of what stands on the node, with the rights of who started it. */

export interface RunValuesParts {
  readonly inventory: Pick<InventoryStore, "snapshot">;
  readonly secrets: SecretUse;
  readonly holders: Pick<Holders, "starter">;
}

export function createRunValues(
  parts: RunValuesParts,
): (job: Job, names: ReadonlySet<string> | "all") => Promise<NodeVariables> {
  /** What was worked out of a snapshot: thousands of jobs ask one after the other. */
  const known = new WeakMap<Snapshot, Known>();

  function knownOf(snapshot: Snapshot): Known {
    const found = known.get(snapshot) ?? { resolver: createResolver(snapshot), standing: standingIn(snapshot) };
    known.set(snapshot, found);
    return found;
  }

  return async (job, names) => {
    const snapshot = await parts.inventory.snapshot(job.tenantId);
    const { resolver, standing } = knownOf(snapshot);
    const structure = standing.get(indexesOf(snapshot).byId("foundations", job.target.id ?? "") ?? "");
    if (structure === undefined) return NOTHING;
    const may = await mayOf(parts, job, snapshot, structure);
    if (!may("inventory.read")) return NOTHING;
    const all = resolver.structure(structure.name).values as JsonObject;
    const wanted = Object.fromEntries(Object.entries(all).filter(([name]) => names === "all" || names.has(name)));
    const secret = Object.keys(wanted).find((name) => secretNamesIn(wanted[name] as Json).length > 0);
    if (secret === undefined) return { values: wanted, hide: [] };
    // A file that is rendered may name any variable: those with secrets are left out for who may not use them.
    if (!may("secret.read")) {
      if (names !== "all")
        throw forbidden(job.starter.name, "secret.read", `for the variable '${secret}' of ${structure.name}`);
      const open = Object.entries(wanted).filter(([, value]) => secretNamesIn(value as Json).length === 0);
      return { values: Object.fromEntries(open), hide: [] };
    }
    const opening = createOpening({
      secrets: parts.secrets,
      tenantId: job.tenantId,
      purpose: { job: job.id, starter: job.starter.name, structure: structure.name },
      owners: secretOwnersOf(snapshot, { kind: "structure", row: structure }),
      variables: wanted,
    });
    return { values: (await opening.open(wanted)) as JsonObject, hide: opening.opened };
  };
}

const NOTHING: NodeVariables = { values: {}, hide: [] };

interface Known {
  readonly resolver: Resolver;
  /** By the name of the foundation. */
  readonly standing: ReadonlyMap<string, Structure>;
}

/** What stands on each foundation; of several the first by name. */
function standingIn(snapshot: Snapshot): ReadonlyMap<string, Structure> {
  const all = [...snapshot.structures.values()].sort((a, b) => (a.name < b.name ? 1 : -1));
  return new Map(all.flatMap((one) => (one.foundation === null ? [] : [[one.foundation, one] as const])));
}

/** What the starter of a job may do at a structure. */
async function mayOf(
  { holders }: RunValuesParts,
  { starter: { accountId, tokenId }, tenantId }: Job,
  snapshot: Snapshot,
  structure: Structure,
): Promise<(permission: "inventory.read" | "secret.read") => boolean> {
  if (accountId === null) return () => true;
  const holder = await holders.starter({ accountId, tokenId });
  if (typeof holder === "string") return () => false;
  const { rights } = accountPrincipal(holder, tenantId);
  const place = placeOf(snapshot, "structure", structure);
  return (permission) => rights.everywhere(permission) || rights.at(permission, place);
}

import { holdInventory, NO_INVENTORY_ROWS, sameJson, type InventoryStore } from "../inventory/index.ts";
import type { Call, Job, Prepared } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { Transaction } from "../platform/database/index.ts";
import { CALL_INVALID, CONFIG_INVALID, TARGET_GONE } from "./errors.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Scene } from "./scene.ts";
import type { ForemanStore } from "./store.ts";

/** Writes one variable of a structure within a commit. Errors: `target_gone`. */
export type SetConfig = (tx: Transaction, job: Job, structure: string, name: string, value: Json) => Promise<void>;

/** As a key of configuration is called: without an operator in front or a class behind, which would say something else than `is`. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/;

/** Characters of a value, as JSON. */
const LONGEST = 64 * 1024;

/** `structure.set_config( name=, value= )`: a variable of the structure itself, as if somebody had written it there. */
export function prepareStructureCall(set: SetConfig, job: Job, call: Call, { structure, values }: Scene): Prepared {
  if (call.function !== "set_config")
    throw new GantryError(CALL_INVALID, `there is no function structure.${call.function}`);
  if (structure === undefined || values.structure === null)
    throw new GantryError(TARGET_GONE, `no structure stands on ${job.target.name}, or more than one`);
  const { name, value } = call.parameters;
  if (typeof name !== "string" || !NAME.test(name))
    throw new GantryError(CONFIG_INVALID, `${JSON.stringify(name ?? null)} cannot be the name of a variable`);
  if (value === undefined) throw new GantryError(CALL_INVALID, "structure.set_config needs 'value'");
  const size = JSON.stringify(value).length;
  if (size > LONGEST)
    throw new GantryError(CONFIG_INVALID, `the value of '${name}' has ${size} characters; ${LONGEST} are allowed`);
  return { kind: "value", value: null, write: (tx) => set(tx, job, structure.name, name, value) };
}

export function createSetConfig(parts: {
  readonly inventory: Pick<InventoryStore, "snapshot" | "write">;
  readonly store: Pick<ForemanStore, "keepConfig">;
  readonly events: Pick<EventStream, "append">;
  readonly clock: Clock;
}): SetConfig {
  return async (tx, job, structure, name, value) => {
    await holdInventory(tx, job.tenantId);
    const row = (await parts.inventory.snapshot(job.tenantId, tx)).structures.get(structure);
    if (row === undefined) throw new GantryError(TARGET_GONE, `the structure ${structure} is gone`);
    // What the job itself said does not make what it builds outdated.
    await parts.store.keepConfig(tx, job.id, name);
    if (Object.hasOwn(row.variables, name) && sameJson(row.variables[name] as Json, value)) return;
    const changed = {
      ...row,
      variables: { ...row.variables, [name]: value },
      version: row.version + 1,
      updatedAt: parts.clock.now(),
    };
    const update = { ...NO_INVENTORY_ROWS, structures: [changed] };
    await parts.inventory.write(tx, job.tenantId, { insert: NO_INVENTORY_ROWS, update });
    const data = { name: structure, kind: "structure", by: job.starter.name, fields: ["variables"] };
    const subject = { kind: "structure", id: row.id };
    await parts.events.append(tx, [{ tenantId: job.tenantId, type: "inventory.changed", subject, data }]);
  };
}

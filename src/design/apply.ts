import type { Blueprint } from "../blueprints/index.ts";
import { isMade, NO_NOTES, UNDESCRIBED } from "../inventory/index.ts";
import type {
  BuildRecord,
  Buildable,
  Described,
  FoundationNotes,
  InventoryRows,
  InventoryWrites,
  Managed,
  RowRemoval,
  Snapshot,
  Tenant,
} from "../inventory/index.ts";
import type { Random } from "../kernel/ids.ts";
import { canonicalJson, type Json } from "../kernel/json.ts";
import type { Decision, Effect } from "./decision.ts";
import { ownerOf, type Planned } from "./plan.ts";

export interface ApplyContext {
  readonly random: Random;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The rows a plan writes. Pure: nothing is started here; the foreman answers what the rows then say. */
export function writesOf(planned: Planned, snapshot: Snapshot, context: ApplyContext): InventoryWrites {
  const owner = ownerOf(planned.plan.design);
  const parts = {
    fieldSchemas: writeRecords(planned.fieldSchemas, snapshot.fieldSchemas, owner, context),
    zones: writeRecords(planned.zones, snapshot.zones, owner, context),
    sites: writeRecords(planned.sites, snapshot.sites, owner, context),
    networks: writeRecords(planned.networks, snapshot.networks, owner, context),
    links: writeRecords(planned.links, snapshot.links, owner, context),
    addressBlocks: writeRecords(planned.addressBlocks, snapshot.addressBlocks, owner, context),
    groups: writeRecords(planned.groups, snapshot.groups, owner, context),
    blueprints: described(writeRecords(planned.blueprints, snapshot.blueprints, owner, context, textsMoved)),
    complexes: writeRecords(planned.complexes, snapshot.complexes, owner, context),
    foundations: noted(writeBuilt(planned.foundations, snapshot.foundations, owner, context)),
    structures: writeBuilt(planned.structures, snapshot.structures, owner, context),
    dependencies: writeBuilt(planned.dependencies, snapshot.dependencies, owner, context),
    interfaces: writeRecords(planned.interfaces, snapshot.interfaces, owner, context),
  };
  return { insert: rowsOf(parts, "insert"), update: rowsOf(parts, "update") };
}

/** The tenant's row, when the plan changes it. */
export function tenantOf({ tenant }: Planned, snapshot: Snapshot, context: ApplyContext): Tenant | undefined {
  if (!tenant.writes) return undefined;
  const { data, applied } = tenant;
  return { ...snapshot.tenant, ...data, ...touched(snapshot.tenant, context), applied };
}

/** What was only recorded, or never built, and is in no design any more: nothing has to be taken down first. */
export function forgotten({ update }: InventoryWrites): readonly RowRemoval[] {
  const goes = (row: Managed & Buildable): boolean =>
    row.wanted === "absent" && row.build === null && row.jobId === null;
  const structures = update.structures.filter((row) => goes(row) && !isMade(row));
  const dependencies = update.dependencies.filter((row) => goes(row) && row.state === "planned");
  return [
    ...structures.map(({ id, name, version }) => ({ table: "structure", id, name, version }) as const),
    ...dependencies.map(({ id, name, version }) => ({ table: "dependency", id, name, version }) as const),
  ];
}

function rowsOf(
  parts: { readonly [Member in keyof InventoryRows]: Written<InventoryRows[Member][number]> },
  which: "insert" | "update",
): InventoryRows {
  const members = Object.entries(parts).map(([member, written]) => [member, written[which]]);
  return Object.fromEntries(members) as unknown as InventoryRows;
}

interface Written<Row> {
  readonly insert: Row[];
  readonly update: Row[];
}

function writeRecords<Data extends object>(
  decisions: readonly Decision<Data>[],
  rows: ReadonlyMap<string, Data & Managed>,
  owner: string,
  context: ApplyContext,
  also: (row: Data, data: Data) => boolean = () => false,
): Written<Data & Managed> {
  const written: Written<Data & Managed> = { insert: [], update: [] };
  for (const { name, data, applied, effect } of decisions) {
    const row = rows.get(name);
    if (row === undefined) {
      if (data !== null) written.insert.push({ ...data, ...newRow(owner, applied, context) });
    } else if (data === null) written.update.push({ ...row, ...touched(row, context), wanted: "absent" });
    else if (effect !== "none" || also(row, data)) {
      written.update.push({ ...row, ...data, ...touched(row, context), applied, wanted: "built" });
    }
  }
  return written;
}

/** Documents say no labels of a blueprint: those of its row stay, and a new one has none. */
function described<Row extends object>({ insert, update }: Written<Row>): Written<Row & Described> {
  const whole = (row: Row): Row & Described => ({ ...UNDESCRIBED, ...row });
  return { insert: insert.map(whole), update: update.map(whole) };
}

/** Of a new foundation nothing is noted yet. */
function noted<Row extends object>({ insert, update }: Written<Row>): Written<Row & FoundationNotes> {
  const whole = (row: Row): Row & FoundationNotes => ({ ...NO_NOTES, ...row });
  return { insert: insert.map(whole), update: update.map(whole) };
}

type BuiltRow<Data, Record extends BuildRecord> = Data & Managed & Buildable<Record>;

function writeBuilt<Data extends object, Record extends BuildRecord>(
  decisions: readonly Decision<Data>[],
  rows: ReadonlyMap<string, BuiltRow<Data, Record>>,
  owner: string,
  context: ApplyContext,
): Written<BuiltRow<Data, Record>> {
  const written: Written<BuiltRow<Data, Record>> = { insert: [], update: [] };
  for (const { name, data, applied, effect } of decisions) {
    const row = rows.get(name);
    if (row === undefined) {
      if (data !== null) written.insert.push({ ...data, ...newRow(owner, applied, context), ...NOTHING_BUILT });
    } else if (data === null) written.update.push({ ...row, ...touched(row, context), ...leaving(row) });
    else if (row.wanted === "absent")
      written.update.push({ ...row, ...data, ...touched(row, context), applied, ...returning(row) });
    else if (effect !== "none")
      written.update.push({ ...row, ...data, ...touched(row, context), applied, ...afterEffect(row, effect) });
  }
  return written;
}

const NOTHING_BUILT = {
  state: "planned",
  stale: false,
  rebuild: false,
  jobId: null,
  build: null,
  failure: null,
} as const;

function newRow(owner: string, applied: Managed["applied"], { random, now }: ApplyContext): Managed {
  return { id: random.id(), managedBy: owner, applied, wanted: "built", version: 1, createdAt: now, updatedAt: now };
}

function touched(row: Managed, { now }: ApplyContext): Pick<Managed, "version" | "updatedAt"> {
  return { version: row.version + 1, updatedAt: now };
}

/** What a plan changes of how far a row has come. */
interface Progress extends Partial<Pick<Managed & Buildable, "wanted" | "state" | "stale" | "rebuild">> {
  readonly build?: null;
  readonly failure?: null;
}

/** Whether a plan brings a row out of failure, up to date, or to be made anew. */
function afterEffect(row: Buildable, effect: Effect): Progress {
  const exists = row.state !== "planned" || row.jobId !== null;
  switch (effect) {
    case "update":
      return exists ? { stale: true } : {};
    case "rebuild":
      // What failed half-way may be there: it is taken down first.
      return exists
        ? { rebuild: true, stale: false, failure: null, ...(row.state === "failed" ? { state: "built" } : {}) }
        : {};
    case "recreate":
      return { state: "planned", stale: false, rebuild: false, build: null, failure: null };
    case "retry":
      return row.build === null
        ? { state: "planned", stale: false, failure: null }
        : { state: "built", stale: true, failure: null };
    default:
      return {};
  }
}

/** What failed, in whatever way, may be there in part: it is taken down like what is built. */
function leaving(row: Buildable): Progress {
  return {
    wanted: "absent",
    stale: false,
    rebuild: false,
    ...(row.state === "failed" && row.jobId === null ? { state: "destroying", failure: null } : {}),
  };
}

/** What was on its way out is taken down all the same, and then made anew: nobody knows how far it came. */
function returning(row: Buildable): Progress {
  const failed = row.state === "failed" && row.jobId === null;
  return {
    wanted: "built",
    rebuild: row.state !== "planned" || row.jobId !== null,
    stale: false,
    ...(failed ? { state: "destroying", failure: null } : {}),
  };
}

/** Whether only the places of texts differ: errors of a script name its line, so the row follows without being a change. */
function textsMoved(row: Blueprint, data: Blueprint): boolean {
  const origins = ({ scripts, templates }: Blueprint): Json =>
    [scripts, templates].map((texts) =>
      Object.fromEntries(Object.entries(texts).map(([name, { origin }]) => [name, { ...origin }])),
    );
  return canonicalJson(origins(row)) !== canonicalJson(origins(data));
}

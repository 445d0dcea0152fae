import { createHash } from "node:crypto";
import type { Principal } from "../access/index.ts";
import type { Blueprint } from "../blueprints/index.ts";
import {
  importAnswer,
  IMPORT_OUTDATED,
  importOwner,
  inTurns,
  planImport,
  type ImportAnswer,
  type ImportChange,
  type PlannedImport,
} from "../exchange/index.ts";
import { nameProblem, type Edit, type InventoryStore, type Snapshot } from "../inventory/index.ts";
import { GantryError, type Problem } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import { checkStored, readBlueprints, type BlueprintKnowledge, type ReadBlueprints } from "./blueprint-source.ts";
import { BLUEPRINTS_INVALID, INVALID_NAME } from "./errors.ts";
import { keepWritten, readWritten } from "./imported-store.ts";
import { planProfiles, type BootProfiles, type PlannedProfiles } from "./pxe-import.ts";
import type { Bundle } from "./schema.ts";

/** Blueprints from files, as rows that an import manages; and the check of blueprints. */

export interface BlueprintImport {
  /** Rows are managed by `import:NAME`. */
  readonly name: string;
  readonly bundle: Bundle;
  /** Of the plan that was shown. */
  readonly fingerprint?: string | undefined;
}

export interface BlueprintAnswer extends ImportAnswer {
  /** What was written otherwise than it stood. */
  readonly notes: readonly Problem[];
}

export interface BlueprintImportService {
  /** What importing would do. Errors: `blueprints_invalid` with every problem. */
  plan(principal: Principal, request: BlueprintImport): Promise<BlueprintAnswer>;
  /** Writes what the plan says, in one transaction. Errors: as `plan`, `import_outdated`, and those of the inventory's edits. */
  apply(principal: Principal, request: BlueprintImport): Promise<BlueprintAnswer>;
  /** What is wrong with the blueprints of files; of none: with those of the inventory. */
  check(principal: Principal, bundle: Bundle | undefined): Promise<Pick<ReadBlueprints, "problems" | "warnings">>;
}

export interface BlueprintImportParts {
  readonly inventory: Pick<InventoryStore, "snapshot">;
  readonly database: Database;
  /** Makes edits within a transaction, all or none; scripts may call what nobody here has. */
  edit(
    tx: Transaction,
    principal: Principal,
    edits: readonly Edit[],
    options: { readonly managedBy: string },
  ): Promise<unknown>;
  readonly profiles: BootProfiles;
  known(tenantId: Principal["tenantId"]): Omit<BlueprintKnowledge, "blueprints">;
}

export function createBlueprintImportService(parts: BlueprintImportParts): BlueprintImportService {
  async function planned(principal: Principal, { name, bundle }: BlueprintImport): Promise<Planned> {
    const wrong = nameProblem(name);
    if (wrong !== undefined)
      throw new GantryError(INVALID_NAME, `the name '${name.slice(0, 80)}' of the import ${wrong}`);
    const snapshot = await parts.inventory.snapshot(principal.tenantId);
    const known = { ...parts.known(principal.tenantId), blueprints: snapshot.blueprints };
    const read = readBlueprints(bundle, known, { lenient: true });
    if (read.problems.length > 0) throw refused(read.problems);
    const rows = [...read.blueprints.values()].map((one) => ({
      kind: "blueprint" as const,
      name: one.name,
      data: dataOf(one),
    }));
    const made = await inTurns(planImport(name, { rows, warnings: read.warnings }, snapshot));
    const written = await readWritten(parts.database.kysely, principal.tenantId, name);
    const profiles = planProfiles(read.pxes, await parts.profiles.list(principal), written);
    const linked = withLinks(made, read, snapshot, importOwner(name));
    return { read, profiles, made: withProfiles(linked, profiles) };
  }
  return {
    async plan(principal, request) {
      return answerOf(await planned(principal, request));
    },
    async apply(principal, request) {
      const { name, fingerprint } = request;
      const found = await planned(principal, request);
      const { made, profiles } = found;
      if (fingerprint !== undefined && fingerprint !== made.plan.fingerprint)
        throw new GantryError(IMPORT_OUTDATED, `the plan for import '${name}' is not the one that was shown`);
      await parts.database.transaction(async (tx) => {
        if (made.edits.length > 0) await parts.edit(tx, principal, made.edits, { managedBy: importOwner(name) });
        await parts.profiles.save(tx, principal, profiles.save);
        await parts.profiles.remove(tx, principal, profiles.remove);
        await keepWritten(tx, principal.tenantId, name, profiles.written);
      });
      return answerOf(found);
    },
    async check(principal, bundle) {
      const { blueprints } = await parts.inventory.snapshot(principal.tenantId);
      const known = { ...parts.known(principal.tenantId), blueprints };
      if (bundle === undefined) return checkStored(known);
      const { problems, warnings } = readBlueprints(bundle, known);
      return { problems, warnings };
    },
  };
}

function answerOf({ made, profiles, read }: Planned): BlueprintAnswer {
  const answer = importAnswer(made);
  return { ...answer, empty: answer.empty && profiles.save.length + profiles.remove.length === 0, notes: read.notes };
}

interface Planned {
  readonly read: ReadBlueprints;
  readonly profiles: PlannedProfiles;
  readonly made: PlannedImport;
}

function withProfiles(made: PlannedImport, profiles: PlannedProfiles): PlannedImport {
  const { plan } = made;
  const said = JSON.stringify([plan.fingerprint, profiles.save, profiles.remove]);
  const fingerprint = createHash("sha256").update(said).digest("hex");
  const changes = [...plan.changes, ...profiles.changes];
  return { ...made, plan: { ...plan, changes, unchanged: plan.unchanged + profiles.unchanged, fingerprint } };
}

function refused(problems: readonly Problem[]): GantryError {
  const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
  return new GantryError(BLUEPRINTS_INVALID, `the blueprints have ${count}`, { problems });
}

/** What the source says of a blueprint; of the rest others may say what they want. */
function dataOf(one: Blueprint): JsonObject {
  const { builds, description, variables, scripts, templates, hardware, maxJobs } = one;
  const lists = Object.entries({
    parents: one.parents,
    foundationTypes: one.foundationTypes,
    foundationBlueprints: one.foundationBlueprints,
    interfaces: one.interfaces,
  }).filter(([, list]) => list.length > 0);
  return {
    builds,
    ...(description === "" ? {} : { description }),
    ...Object.fromEntries(lists),
    variables,
    scripts: scripts as unknown as Json,
    templates: templates as unknown as Json,
    ...(hardware === null ? {} : { hardware }),
    ...(maxJobs === null ? {} : { maxJobs }),
  };
}

/** Structure blueprints that are there already, and now stand on more. */
function withLinks(made: PlannedImport, read: ReadBlueprints, snapshot: Snapshot, owner: string): PlannedImport {
  const changes: ImportChange[] = [...made.plan.changes];
  const edits: Edit[] = [...made.edits];
  const added = new Map<string, string[]>();
  for (const { structure, foundation } of read.links)
    if (snapshot.blueprints.get(structure)?.foundationBlueprints.includes(foundation) === false)
      added.set(structure, [...(added.get(structure) ?? []), foundation]);
  const hash = createHash("sha256").update(made.plan.fingerprint);
  for (const [name, foundations] of added) {
    const row = snapshot.blueprints.get(name);
    // What this import no longer has goes.
    if (row === undefined || row.managedBy === owner) continue;
    const base = { kind: "blueprint" as const, name };
    const fields = [...new Set(foundations)].map((one) => ({ path: `foundationBlueprints.${one}`, to: true }));
    if (row.managedBy.startsWith("design:")) {
      const reason = `is managed by design ${row.managedBy.slice("design:".length)}; add to its foundation_blueprints there`;
      changes.push({ ...base, action: "conflict", reason, fields });
      continue;
    }
    changes.push({ ...base, action: "change", reason: "stands on more foundation blueprints", fields });
    const patch = { foundationBlueprints: [...row.foundationBlueprints, ...new Set(foundations)] };
    edits.push({ action: "merge", kind: "blueprint", name, version: row.version, patch });
    hash.update(JSON.stringify([name, patch]));
  }
  return { ...made, edits, plan: { ...made.plan, changes, fingerprint: hash.digest("hex") } };
}

import type { Principal } from "../access/index.ts";
import type { Edit, InventoryStore } from "../inventory/index.ts";
import { GantryError, type Problem } from "../kernel/errors.ts";
import { IMPORT_OUTDATED } from "./errors.ts";
import type { ImportAction, ImportChange } from "./import-model.ts";
import { importOwner, planImport, type PlannedImport } from "./import-plan.ts";
import type { ImportReader } from "./import-reader.ts";
import { importText } from "./import-words.ts";

/** The plan of an import as it is shown and confirmed. */
export interface ImportAnswer {
  readonly name: string;
  /** The first thousand. */
  readonly changes: readonly ImportChange[];
  readonly counts: Readonly<Record<ImportAction, number>>;
  readonly unchanged: number;
  readonly fingerprint: string;
  readonly text: string;
  /** Applying it would do nothing. */
  readonly empty: boolean;
  /** Applying it would remove rows. */
  readonly removes: boolean;
  readonly warnings: readonly Problem[];
}

export interface ImportService {
  /** `body`: the bytes of the request. Errors: `import_invalid` with every problem, `import_too_large`, `import_format_unknown`. */
  plan(principal: Principal, body: Uint8Array): Promise<ImportAnswer>;
  /** Writes what the plan says, in one transaction. Errors: as `plan`, `import_outdated`, and those of the inventory's edits. */
  apply(principal: Principal, body: Uint8Array): Promise<ImportAnswer>;
}

export interface ImportServiceParts {
  readonly inventory: Pick<InventoryStore, "snapshot">;
  readonly reader: ImportReader;
  /** Makes edits in one transaction, all or none. */
  edit(principal: Principal, edits: readonly Edit[], options: { readonly managedBy: string }): Promise<unknown>;
}

const MOST_CHANGES = 1000;

export function createImportService(parts: ImportServiceParts): ImportService {
  async function planned(principal: Principal, body: Uint8Array) {
    const { name, fingerprint, document } = await parts.reader.read(body);
    const made = await inTurns(planImport(name, document, await parts.inventory.snapshot(principal.tenantId)));
    return { name, fingerprint, made };
  }
  return {
    plan: async (principal, body) => importAnswer((await planned(principal, body)).made),
    async apply(principal, body) {
      const { name, fingerprint, made } = await planned(principal, body);
      if (fingerprint !== undefined && fingerprint !== made.plan.fingerprint)
        throw new GantryError(IMPORT_OUTDATED, `the plan for import '${name}' is not the one that was shown`);
      // Each edit carries the version that was read: what somebody changes meanwhile is not written over.
      if (made.edits.length > 0) await parts.edit(principal, made.edits, { managedBy: importOwner(name) });
      return importAnswer(made);
    },
  };
}

/** Runs what yields to the end; at each yield others have their turn. */
export async function inTurns<Result>(steps: Generator<undefined, Result>): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** The plan as it is answered. */
export function importAnswer({ plan, edits, warnings }: PlannedImport): ImportAnswer {
  const counts: Record<ImportAction, number> = { create: 0, change: 0, remove: 0, conflict: 0 };
  for (const { action } of plan.changes) counts[action] += 1;
  return {
    name: plan.name,
    changes: plan.changes.slice(0, MOST_CHANGES),
    counts,
    unchanged: plan.unchanged,
    fingerprint: plan.fingerprint,
    text: importText(plan, warnings),
    empty: edits.length === 0,
    removes: counts.remove > 0,
    warnings,
  };
}

import type { Principal } from "../access/index.ts";
import type { ImportChange } from "../exchange/index.ts";
import { hashOf } from "../inventory/index.ts";
import type { Transaction } from "../platform/database/index.ts";
import type { PxeSource } from "./contractor.ts";

/** Boot profiles that stand in files of blueprints. Pure, but for the port. */

/** Boot profiles are kept by another room. */
export interface BootProfiles {
  list(principal: Principal): Promise<readonly KnownProfile[]>;
  /** Makes them, or replaces those of their names. */
  save(tx: Transaction, principal: Principal, profiles: readonly ProfileTexts[]): Promise<void>;
  /** Errors: its own, as when one is in use. */
  remove(tx: Transaction, principal: Principal, names: readonly string[]): Promise<void>;
}

export interface ProfileTexts {
  readonly name: string;
  readonly script: string;
  readonly template: string;
}

type KnownProfile = ProfileTexts;

export interface PlannedProfiles {
  readonly changes: readonly ImportChange[];
  readonly unchanged: number;
  readonly save: readonly ProfileTexts[];
  readonly remove: readonly string[];
  /** What the import has written, by name, once this is done: hashes of texts. */
  readonly written: ReadonlyMap<string, string>;
}

/**
 * Three ways: what the files say, what this import wrote last, what is. What somebody else made or changed stays, as a conflict.
 *
 * `written`: by name, the hash of what the import wrote last.
 */
export function planProfiles(
  pxes: readonly PxeSource[],
  there: readonly KnownProfile[],
  written: ReadonlyMap<string, string>,
): PlannedProfiles {
  const known = new Map(there.map((one) => [one.name, one]));
  const changes: ImportChange[] = [];
  const save: ProfileTexts[] = [];
  const remove: string[] = [];
  const next = new Map<string, string>();
  let unchanged = 0;
  function change(action: ImportChange["action"], name: string, reason: string): void {
    changes.push({ action, kind: "boot_profile", name, reason, fields: [] });
  }
  for (const { name, bootScript, template } of pxes) {
    const wanted = { name, script: bootScript, template };
    const row = known.get(name);
    const before = written.get(name);
    if (row !== undefined && textsOf(row) === textsOf(wanted)) {
      unchanged += 1;
      if (before !== undefined) next.set(name, textsOf(wanted));
    } else if (row === undefined || textsOf(row) === before) {
      change(row === undefined ? "create" : "change", name, row === undefined ? "new" : "other texts");
      save.push(wanted);
      next.set(name, textsOf(wanted));
    } else {
      const why = before === undefined ? "is there already, with other texts" : "changed by somebody else";
      change("conflict", name, `${why}; it stays as it is`);
      if (before !== undefined) next.set(name, before);
    }
  }
  const named = new Set(pxes.map(({ name }) => name));
  for (const [name, before] of [...written].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const row = known.get(name);
    if (named.has(name) || row === undefined) continue;
    if (textsOf(row) === before) {
      change("remove", name, "no longer in the source");
      remove.push(name);
    } else {
      change("conflict", name, "no longer in the source, but changed by somebody else; it stays");
      next.set(name, before);
    }
  }
  return { changes, unchanged, save, remove, written: next };
}

function textsOf({ script, template }: ProfileTexts): string {
  return hashOf([script, template]);
}

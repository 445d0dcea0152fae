import type { Edit, Snapshot } from "../inventory/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { ImportKind } from "./import-model.ts";

/** Which things that are to go are still needed by something that stays. Pure. */

interface Going {
  readonly kind: ImportKind;
  readonly row: { readonly name: string };
}

/** Members, and the kind they name. */
const REFERENCES: readonly (readonly [keyof Snapshot, string, readonly (readonly [string, ImportKind])[]])[] = [
  ["sites", "site", [["parent", "site"]]],
  ["groups", "group", [["parent", "group"]]],
  ["networks", "network", [["site", "site"]]],
  [
    "links",
    "link",
    [
      ["site", "site"],
      ["networks", "network"],
    ],
  ],
  [
    "addressBlocks",
    "address_block",
    [
      ["site", "site"],
      ["network", "network"],
    ],
  ],
  ["blueprints", "blueprint", [["parents", "blueprint"]]],
  [
    "foundations",
    "foundation",
    [
      ["site", "site"],
      ["blueprint", "blueprint"],
    ],
  ],
  [
    "complexes",
    "complex",
    [
      ["site", "site"],
      ["members", "structure"],
    ],
  ],
  [
    "dependencies",
    "dependency",
    [
      ["structure", "structure"],
      ["scriptStructure", "structure"],
    ],
  ],
  [
    "structures",
    "structure",
    [
      ["blueprint", "blueprint"],
      ["site", "site"],
      ["parent", "structure"],
      ["groups", "group"],
    ],
  ],
  [
    "interfaces",
    "interface",
    [
      ["structure", "structure"],
      ["network", "network"],
      ["link", "link"],
    ],
  ],
];

/** Answers, for things that are to go: what needs each that is needed. */
export function createUsers(
  snapshot: Snapshot,
  edits: readonly Edit[],
): (going: readonly Going[]) => readonly (readonly [string, string])[] {
  const after = new Map<string, JsonObject>();
  for (const edit of edits) {
    if (edit.action === "create") after.set(`${edit.kind} ${String(edit.data["name"])}`, edit.data);
    else if (edit.action === "replace") after.set(`${edit.kind} ${edit.name}`, edit.data);
  }
  return (going) => {
    const names = new Set(going.map(({ kind, row }) => `${kind} ${row.name}`));
    const found: [string, string][] = [];
    function look(
      kind: string,
      name: string,
      data: JsonObject,
      members: readonly (readonly [string, ImportKind])[],
    ): void {
      for (const [member, to] of members) {
        const value = data[member] ?? null;
        for (const one of Array.isArray(value) ? (value as readonly Json[]) : [value])
          use(`${to} ${String(one)}`, kind, name);
      }
      if (kind !== "structure") return;
      for (const held of (data["addresses"] ?? []) as readonly JsonObject[]) {
        use(`address_block ${String(held["block"])}`, kind, name);
        if (held["interface"] !== undefined) use(`interface ${String(held["interface"])}`, kind, name);
      }
    }
    function use(thing: string, kind: string, name: string): void {
      if (names.has(thing)) found.push([thing, `${kind.replace("_", " ")} '${name}'`]);
    }
    for (const [member, kind, members] of REFERENCES) {
      for (const row of (snapshot[member] as ReadonlyMap<string, object>).values()) {
        const { name } = row as { readonly name: string };
        if (names.has(`${kind} ${name}`)) continue;
        look(kind, name, after.get(`${kind} ${name}`) ?? (row as { readonly [key: string]: Json }), members);
      }
    }
    return found;
  };
}

import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { IMPORT_SYNTAX } from "./errors.ts";
import type { ImportRequest, SourceFile } from "./import-model.ts";
import { parseJson, refused } from "./import-text.ts";

/** What NetBox's API and exports hold, as lists by kind. Pure. */

export const NETBOX_KINDS = [
  "regions",
  "sites",
  "locations",
  "racks",
  "clusters",
  "vlans",
  "prefixes",
  "devices",
  "virtual-machines",
  "interfaces",
  "ip-addresses",
] as const;
export type NetBoxKind = (typeof NETBOX_KINDS)[number];

export interface NetBoxObject {
  readonly value: JsonObject;
  readonly file: string;
  /** Where it stands in its file. */
  readonly path: readonly (string | number)[];
}

export type NetBoxObjects = ReadonlyMap<NetBoxKind, readonly NetBoxObject[]>;

/** Lists are `{results: […]}` or arrays; a file holds one, or a map of them by kind. Errors: `import_invalid`. */
export function netBoxObjects(request: Pick<ImportRequest, "files">): NetBoxObjects {
  const found = new Map<NetBoxKind, NetBoxObject[]>();
  for (const file of request.files) {
    const value = parseJson(file.text, file.path);
    const lists =
      isJsonObject(value) && value["results"] === undefined ? Object.entries(value) : ([["", value]] as const);
    for (const [name, list] of lists) readList(found, file, name, list);
  }
  return found;
}

function readList(found: Map<NetBoxKind, NetBoxObject[]>, file: SourceFile, name: string, list: Json): void {
  const inside = isJsonObject(list) ? list["results"] : list;
  const base = [...(name === "" ? [] : [name]), ...(isJsonObject(list) ? ["results"] : [])];
  if (!Array.isArray(inside)) {
    const what = name === "" ? "the file" : `'${name.slice(0, 60)}'`;
    throw refused(IMPORT_SYNTAX, `${what} is neither a list nor has \`results\``, { file: file.path });
  }
  const named = kindNamed(name) ?? kindNamed(fileName(file.path));
  for (const [index, value] of (inside as readonly Json[]).entries()) {
    const path = [...base, index];
    if (!isJsonObject(value)) throw refused(IMPORT_SYNTAX, "an object was expected", { file: file.path });
    const kind = kindOfUrl(value) ?? named;
    if (kind === undefined) {
      throw refused(
        IMPORT_SYNTAX,
        `what these objects are is said neither by their \`url\` nor by the file's name; kinds are ${NETBOX_KINDS.join(", ")}`,
        { file: file.path },
      );
    }
    const objects = found.get(kind) ?? [];
    found.set(kind, objects);
    objects.push({ value, file: file.path, path });
  }
}

/** The name of a file without its folder and ending. */
export function fileName(path: string): string {
  return (
    path
      .split("/")
      .at(-1)
      ?.replace(/\.json$/i, "") ?? ""
  );
}

/** `devices`, `Device`, `ip_addresses`. */
export function kindNamed(name: string): NetBoxKind | undefined {
  const plain = name.toLowerCase().replaceAll(/[_\s]/g, "-");
  return NETBOX_KINDS.find((kind) => kind === plain || kind === `${plain}s` || kind === `${plain}es`);
}

/** Objects of the API hold their own address: `https://netbox/api/dcim/devices/1/`. */
function kindOfUrl(value: JsonObject): NetBoxKind | undefined {
  const url = value["url"];
  const kind = typeof url === "string" ? /\/api\/[a-z-]+\/([a-z-]+)\/\d+\/?$/.exec(url)?.[1] : undefined;
  return NETBOX_KINDS.find((known) => known === kind);
}

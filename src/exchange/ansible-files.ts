import { createHash } from "node:crypto";
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { AnsibleFile } from "./ansible-model.ts";
import { isInnerPath } from "./ansible-names.ts";
import { FILE_VARIABLE_INVALID } from "./errors.ts";

/**
 * Files in variables. A value `{"$file": "tls/web.pem", "content": "…"}` (or `"base64": "…"`) is a file: a bundle brings it, and the
 * variable becomes its path. Pure.
 */
export interface FileCollector {
  /** The value with paths in place of files. `where` names the variable in an error. Errors: `file_variable_invalid`. */
  placed(value: Json, where: string): Json;
  readonly files: readonly AnsibleFile[];
}

/** Where Ansible finds them: `inventory_dir` is the folder `hosts` of the bundle. */
const FOLDER = "{{ inventory_dir }}/../files";

export function createFileCollector(): FileCollector {
  const files = new Map<string, AnsibleFile>();
  function placed(value: Json, where: string): Json {
    return typeof value === "object" && value !== null && holdsFile(value) ? place(value, where) : value;
  }
  function place(value: readonly Json[] | JsonObject, where: string): Json {
    if (Array.isArray(value)) return value.map((item: Json) => placed(item, where));
    const map = value as JsonObject;
    if (Object.hasOwn(map, "$file")) {
      const file = fileOf(map, where);
      files.set(file.path, file);
      return `${FOLDER}/${file.path}`;
    }
    return Object.fromEntries(Object.entries(map).map(([name, member]) => [name, placed(member, where)]));
  }
  return {
    placed,
    get files() {
      return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    },
  };
}

/** Whether a file is anywhere in a value. */
export function holdsFile(value: readonly Json[] | JsonObject): boolean {
  if (Array.isArray(value))
    return value.some((item: Json) => typeof item === "object" && item !== null && holdsFile(item));
  const map = value as JsonObject;
  for (const key in map) {
    if (key === "$file") return true;
    const member = map[key];
    if (typeof member === "object" && member !== null && holdsFile(member)) return true;
  }
  return false;
}

/** Files of one name may differ from host to host, so each lies in a folder that is named by its content. */
function fileOf(map: JsonObject, where: string): AnsibleFile {
  const { $file: path, content, base64, ...others } = map;
  function refused(why: string): GantryError {
    return new GantryError(FILE_VARIABLE_INVALID, `${where}: ${why}`);
  }
  if (typeof path !== "string" || !isInnerPath(path))
    throw refused(
      `$file must be a path inside the bundle, as in tls/web.pem, and not ${JSON.stringify(path)?.slice(0, 80)}`,
    );
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw refused(`a file has $file and content or base64, and no ${unknown.slice(0, 40)}`);
  if ((content === undefined) === (base64 === undefined))
    throw refused("a file needs either content (text) or base64 (bytes), and not both");
  if (content !== undefined && typeof content !== "string") throw refused("content must be a text");
  if (base64 !== undefined && !isBase64(base64)) throw refused("base64 must be bytes written in base64");
  const bytes = typeof content === "string" ? Buffer.from(content) : Buffer.from(base64 as string, "base64");
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  return { path: `${digest}/${path}`, content: bytes };
}

function isBase64(value: Json | undefined): boolean {
  if (typeof value !== "string") return false;
  const text = value.replaceAll(/\s/g, "");
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

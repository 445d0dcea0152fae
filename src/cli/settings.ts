import { GantryError } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { USAGE } from "./errors.ts";
import { parseYaml } from "./yaml.ts";

/** `path=value` on the command line: where a value goes, and which. */
export interface Setting {
  /** `labels.rack` taken apart; a dot that belongs to a name is written `\.`. */
  readonly path: readonly string[];
  /** Undefined: the member is removed. */
  readonly value: Json | undefined;
}

/** `path=value`, the value as YAML; `path=` with nothing removes. @throws GantryError `usage` */
export function settingOf(text: string): Setting {
  const split = text.indexOf("=");
  if (split < 1)
    throw new GantryError(USAGE, `'${text}' is not PATH=VALUE`, {
      hint: "A path is names joined by dots, a value is YAML: labels.rack=r1, variables.port=8080, groups=[web, db].",
    });
  const value = text.slice(split + 1);
  const path = pathOf(text.slice(0, split));
  if (value === "") return { path, value: undefined };
  // Labels are texts, also those that look like numbers.
  return { path, value: path[0] === "labels" && path.length === 2 ? value : parseYaml(value, `the value of ${text}`) };
}

/** @throws GantryError `usage` */
export function pathOf(text: string): readonly string[] {
  const path = (text.match(/(?:\\.|[^.\\])+|\.(?=\.|$)|^\./gs) ?? []).map((name) => name.replaceAll(/\\(.)/gs, "$1"));
  const empty = text === "" || /^\.|(?<!\\)\.\.|(?<!\\)\.$/.test(text);
  if (empty) throw new GantryError(USAGE, `'${text}' is not a path: names joined by dots`);
  return path;
}

/** The data with every setting in its place. */
export function withSettings(data: JsonObject, settings: readonly Setting[]): JsonObject {
  return settings.reduce((all, { path, value }) => placed(all, path, value), data);
}

function placed(data: JsonObject, [name = "", ...rest]: readonly string[], value: Json | undefined): JsonObject {
  const { [name]: before, ...others } = data;
  if (rest.length === 0) return value === undefined ? others : { ...data, [name]: value };
  return { ...data, [name]: placed(isJsonObject(before) ? before : {}, rest, value) };
}

/**
 * The operations (JSON Patch, RFC 6902) that make a row so: maps on the way are made when they are missing, and what is so already, or is
 * missing already, gives none.
 */
export function patchOperations(
  row: JsonObject,
  settings: readonly Setting[],
  removals: readonly string[],
): JsonObject[] {
  const all = [...settings, ...removals.map((text): Setting => ({ path: pathOf(text), value: undefined }))];
  const operations: JsonObject[] = [];
  let now = row;
  for (const { path, value } of all) {
    const operation = operationOf(now, path, value);
    if (operation !== undefined) operations.push(operation);
    now = placed(now, path, value);
  }
  return operations;
}

function operationOf(row: JsonObject, path: readonly string[], value: Json | undefined): JsonObject | undefined {
  let parent = row;
  for (const [depth, name] of path.slice(0, -1).entries()) {
    const next = parent[name];
    if (!isJsonObject(next)) {
      if (value === undefined) return undefined;
      // The highest map that is missing is added with everything below it.
      return { op: "add", path: pointer(path.slice(0, depth + 1)), value: placed({}, path.slice(depth + 1), value) };
    }
    parent = next;
  }
  const before = parent[path.at(-1)!];
  if (value === undefined) return before === undefined ? undefined : { op: "remove", path: pointer(path) };
  if (JSON.stringify(before) === JSON.stringify(value)) return undefined;
  return { op: "add", path: pointer(path), value };
}

/** RFC 6901. */
function pointer(path: readonly string[]): string {
  return path.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

import { GantryError } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { sameJson, valueProblem } from "./bounds.ts";
import { PATCH_FAILED } from "./errors.ts";

/** Changes written as documents: JSON merge patch (RFC 7396) and JSON Patch (RFC 6902). Nothing given is changed; parts are shared. */

/** RFC 7396. The depth of `patch` is bounded by the caller. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, Json> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setMember(result, key, mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}

/** So many operations in one patch. */
const MOST_OPERATIONS = 10_000;

/** So much may a copy make of a document, in characters. */
const MOST_SIZE = 4 * 1024 * 1024;

const FORMS: Readonly<Record<string, readonly string[]>> = {
  add: ["path", "value"],
  remove: ["path"],
  replace: ["path", "value"],
  move: ["from", "path"],
  copy: ["from", "path"],
  test: ["path", "value"],
};

/**
 * RFC 6902: does all operations, or none.
 *
 * Errors: `patch_failed`, with the number of the operation (from 0).
 */
export function applyOperations(document: JsonObject, operations: Json): Json {
  if (!Array.isArray(operations)) throw failed("a JSON Patch is a list of operations");
  if (operations.length > MOST_OPERATIONS) throw failed(`a JSON Patch has at most ${MOST_OPERATIONS} operations`);
  let result: Json = document;
  for (const [index, operation] of (operations as readonly Json[]).entries()) {
    try {
      result = applyOne(result, operation);
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      throw failed(`operation ${index}: ${error.message}`);
    }
  }
  return result;
}

function applyOne(document: Json, operation: Json): Json {
  if (!isJsonObject(operation)) throw failed("is not an object");
  const op = operation["op"];
  const needed = typeof op === "string" && Object.hasOwn(FORMS, op) ? FORMS[op] : undefined;
  if (needed === undefined) throw failed(`'op' must be one of ${Object.keys(FORMS).join(", ")}`);
  for (const member of needed)
    if (!Object.hasOwn(operation, member)) throw failed(`'${String(op)}' needs the member '${member}'`);
  const path = pointer(operation["path"]);
  const value = operation["value"] as Json;
  switch (op) {
    case "add":
      return add(document, path, value);
    case "remove":
      return remove(document, path);
    case "replace":
      at(document, path);
      return path.length === 0 ? value : add(remove(document, path), path, value);
    case "test":
      if (!sameJson(at(document, path), value)) throw failed(`${text(path)} is not what the test says`);
      return document;
    default:
      return carry(document, op === "move", pointer(operation["from"]), path);
  }
}

function carry(document: Json, move: boolean, from: readonly string[], path: readonly string[]): Json {
  const value = at(document, from);
  if (move && path.length > from.length && from.every((part, index) => part === path[index]))
    throw failed(`${text(from)} cannot be moved into itself`);
  const result = add(move ? remove(document, from) : document, path, value);
  // Copies of copies grow without bound, and share their parts: only counting shows it.
  const wrong = move ? undefined : valueProblem(result, MOST_SIZE);
  if (wrong !== undefined) throw failed(`what it makes ${wrong}`);
  return result;
}

function at(document: Json, path: readonly string[]): Json {
  let value = document;
  for (const [depth, part] of path.entries()) {
    const next: Json | undefined = Array.isArray(value)
      ? (value as readonly Json[])[place(part, value.length - 1)]
      : isJsonObject(value) && Object.hasOwn(value, part)
        ? value[part]
        : undefined;
    if (next === undefined) throw failed(`there is no ${text(path.slice(0, depth + 1))}`);
    value = next;
  }
  return value;
}

/** Changes the container a path ends in, and copies those above it. */
function changed(document: Json, path: readonly string[], change: (container: Json, last: string) => Json): Json {
  const [first = "", ...rest] = path;
  if (rest.length === 0) return change(document, first);
  if (Array.isArray(document)) {
    const index = place(first, document.length - 1);
    const copy = [...(document as readonly Json[])];
    copy[index] = changed(copy[index] as Json, rest, change);
    return copy;
  }
  if (!isJsonObject(document) || !Object.hasOwn(document, first)) throw failed(`there is no ${text(path)}`);
  const copy = { ...document };
  setMember(copy, first, changed(document[first] as Json, rest, change));
  return copy;
}

function add(document: Json, path: readonly string[], value: Json): Json {
  if (path.length === 0) return value;
  return changed(document, path, (container, last) => {
    if (Array.isArray(container)) {
      const list = container as readonly Json[];
      return list.toSpliced(last === "-" ? list.length : place(last, list.length), 0, value);
    }
    if (!isJsonObject(container)) throw failed(`${text(path)} is not in a list or a map`);
    const copy = { ...container };
    setMember(copy, last, value);
    return copy;
  });
}

function remove(document: Json, path: readonly string[]): Json {
  at(document, path);
  if (path.length === 0) throw failed("the whole thing cannot be removed");
  return changed(document, path, (container, last) => {
    if (Array.isArray(container)) return (container as readonly Json[]).toSpliced(Number(last), 1);
    const { [last]: _gone, ...rest } = container as JsonObject;
    return rest;
  });
}

/** A key like `__proto__` is a member like any other. */
function setMember(target: Record<string, Json>, key: string, value: Json): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function place(part: string, most: number): number {
  if (!/^(0|[1-9][0-9]{0,8})$/.test(part) || Number(part) > most) throw failed(`'${part}' is no place in this list`);
  return Number(part);
}

/** A path as RFC 6901 writes it, taken apart. */
function pointer(path: Json | undefined): readonly string[] {
  if (path === "") return [];
  if (typeof path !== "string" || !path.startsWith("/") || /~(?![01])/.test(path))
    throw failed("a path begins with / (RFC 6901)");
  const parts = path.slice(1).split("/");
  if (parts.length > 200) throw failed("the path is too deep");
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function text(path: readonly string[]): string {
  return `/${path.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`.slice(0, 200);
}

function failed(message: string): GantryError {
  return new GantryError(PATCH_FAILED, message);
}

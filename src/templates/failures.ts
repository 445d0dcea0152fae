/** The engine's messages become our errors. Pure. */
import type { Place } from "../kernel/errors.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { isJsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import {
  TEMPLATE_ENGINE_FAILED,
  TEMPLATE_FAILED,
  TEMPLATE_SYNTAX,
  TEMPLATE_TOO_LARGE,
  TEMPLATE_TOOK_TOO_LONG,
  TEMPLATE_UNDEFINED_NAME,
} from "./errors.ts";
import { FILTERS, TESTS } from "./dialect.ts";
import type { TemplateLimits } from "./model.ts";

/** What the engine says about an error, taken apart. */
export interface EngineFailure {
  /** `syntax error`, `undefined value`, `unknown filter`, … */
  readonly kind: string;
  readonly detail: string;
  readonly line?: number | undefined;
  /** From 1, in characters. */
  readonly column?: number | undefined;
  readonly length?: number | undefined;
}

/** A name without a value, and where the template asks for it. */
export interface Missing {
  readonly path: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** Reads `kind: detail (in name:line)` and, where there is one, the picture of the source below. */
export function readFailure(message: string): EngineFailure {
  const [head = "", ...picture] = message.split("\n");
  const place = /^(.*) \(in \S*:(\d+)\)$/s.exec(head);
  const said = place?.[1] ?? head;
  const colon = said.indexOf(": ");
  const marks = picture.map((row) => /^ {5}i (\s*)(\^+)/.exec(row)).find((found) => found !== null);
  return {
    kind: colon < 0 ? said : said.slice(0, colon),
    detail: colon < 0 ? "" : said.slice(colon + 2),
    ...(place === null ? {} : { line: Number(place[2]) }),
    ...(marks === undefined ? {} : { column: (marks[1] ?? "").length + 1, length: (marks[2] ?? "").length }),
  };
}

/** The path that has no value, when that is what is wrong: what the engine marks, and what stands before it without a gap. */
export function missingPath(text: string, failure: EngineFailure): Missing | undefined {
  const { kind, detail, line, column, length = 1 } = failure;
  if (kind === "unknown function") return { path: detail.replace(/ is unknown$/, ""), line, column };
  const method = kind === "unknown method" && detail.startsWith("undefined ");
  if (kind !== "undefined value" && !method) return undefined;
  if (line === undefined || column === undefined) return { path: "a value", line, column };
  const characters = Array.from(text.split("\n")[line - 1] ?? "");
  const marked = characters.slice(column - 1, column - 1 + length).join("");
  const before = /[\p{ID_Continue}.[\]"']*$/u.exec(characters.slice(0, column - 1).join(""))?.[0] ?? "";
  const front = method || /^[.[]/.test(marked) ? before : "";
  const path = method ? front : front + marked;
  if (!/^[\p{ID_Start}_][^\s{}()|]*$/u.test(path)) return { path: "a value", line, column };
  return { path, line, column: column - Array.from(front).length };
}

function placeOf(at: { readonly line?: number | undefined; readonly column?: number | undefined }): { where?: Place } {
  if (at.line === undefined) return {};
  return { where: { file: "", line: at.line, ...(at.column === undefined ? {} : { column: at.column }) } };
}

/** `template_undefined_name`, with the nearest name there is. */
export function missingName(missing: Missing, values: JsonObject): GantryError {
  const meant = nearestPath(missing.path, values);
  const message = `${missing.path} is not defined`;
  return new GantryError(
    TEMPLATE_UNDEFINED_NAME,
    meant === undefined ? message : `${message}; did you mean ${meant}?`,
    {
      ...placeOf(missing),
      details: { name: missing.path, ...(meant === undefined ? {} : { nearest: meant }) },
    },
  );
}

/** Walks a path through the values, and mends the first part that is not there. */
function nearestPath(path: string, values: JsonObject): string | undefined {
  let at: Json | undefined = values;
  let walked = "";
  for (const [whole, plain, quoted, index] of path.matchAll(/\.?([^.[\]"']+)|\[["']([^"']*)["']\]|\[(\d+)\]/g)) {
    const name = plain ?? quoted ?? index ?? "";
    if (Array.isArray(at) && /^\d+$/.test(name)) at = at[Number(name)] as Json | undefined;
    else if (isJsonObject(at) && Object.hasOwn(at, name)) at = at[name];
    else {
      const meant = isJsonObject(at) ? nearest(name, Object.keys(at)) : undefined;
      return meant === undefined ? undefined : walked + (walked === "" ? meant : `.${meant}`);
    }
    walked += whole;
  }
  return undefined;
}

/** Our error for the engine's, undefined names apart. */
export function engineFailure(failure: EngineFailure, limits: TemplateLimits): GantryError {
  const { kind, detail } = failure;
  const where = placeOf(failure);
  if (kind === "syntax error") return new GantryError(TEMPLATE_SYNTAX, detail, where);
  if (kind === "engine ran out of fuel") {
    return new GantryError(TEMPLATE_TOOK_TOO_LONG, `the template took more than ${limits.steps} steps`, where);
  }
  if (detail === "range has too many elements") {
    return new GantryError(TEMPLATE_TOO_LARGE, "a range has more than 100000 numbers", where);
  }
  if (kind === "template not found") {
    return new GantryError(TEMPLATE_FAILED, "a template cannot include, import or extend another", where);
  }
  const named = /^(filter|test) (\S+) is unknown$/.exec(detail);
  const meant = named === null ? undefined : nearest(named[2] ?? "", named[1] === "filter" ? FILTERS : TESTS);
  const said = detail === "" ? kind : detail;
  return new GantryError(TEMPLATE_FAILED, meant === undefined ? said : `${said}; did you mean ${meant}?`, where);
}

/**
 * The engine broke off: it has no error of its own for a full memory, nor for a full stack. `panic` is what it said before, when it
 * found a fault in itself.
 */
export function engineBroke(message: string, panic: string | undefined, memoryBytes: number): GantryError {
  if (/out of bounds|call stack/i.test(message))
    return new GantryError(TEMPLATE_TOO_LARGE, "the template is nested too deeply");
  if (message === "unreachable" && (panic === undefined || panic.includes("capacity overflow"))) {
    return new GantryError(
      TEMPLATE_TOO_LARGE,
      `the template asks for more than the ${memoryBytes} bytes of memory a rendering may use`,
    );
  }
  const said = (panic ?? message).split("\n").slice(0, 2).join(" ").slice(0, 200);
  return new GantryError(TEMPLATE_ENGINE_FAILED, `the template engine broke off: ${said}`);
}

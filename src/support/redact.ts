import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";

/**
 * What may leave in a bundle. Everything is left out that is not named here: a new setting, or a new field of a log record, is not told of
 * before somebody decides that it may be.
 */

/** Settings whose values say how the server runs, and nothing of whom it may log in to. */
const TOLD_SETTINGS: ReadonlySet<string> = new Set([
  "log_level",
  "heartbeat_interval",
  "reach_timeout",
  "event_days",
  "job_days",
  "rate_per_address",
  "rate_per_credential",
  "refusals_per_minute",
  "session_hours",
  "embedded_worker_tenants",
  "git_local",
  "this_machine",
  "listen",
]);
/** Of these, host and port are told. */
const ADDRESSES: ReadonlySet<string> = new Set(["database", "advertise"]);

/** Fields of log records that hold numbers, ids and words of the program. */
const TOLD_FIELDS: ReadonlySet<string> = new Set([
  "level",
  "time",
  "code",
  "status",
  "method",
  "route",
  "milliseconds",
  "attempt",
  "job",
  "task",
  "executor",
  "alarm",
  "call",
  "version",
  "serial",
  "kind",
]);
/** An id, a number, a path of the API with places in braces or after colons, `local.create`. */
const WORD = /^[\w.:/{}*+-]{1,100}$/;
/** A constant text of the program: words. */
const MESSAGE = /^[A-Za-z][A-Za-z ,;:'-]{0,150}$/;
/** Stack frames name files and lines, and no values. */
const FRAME = /^\s+at [\w$.<>[\] ]*\(?(?:file:|node:|\/)[^\s()]+:\d+:\d+\)?$/;

export const LEFT_OUT = "[left out]";

/** Every setting by name: its value, where it is, or only that it is set. */
export function toldSettings(settings: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]): [string, Json] => [name, toldSetting(name, value)]),
  );
}

function toldSetting(name: string, value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (TOLD_SETTINGS.has(name)) return JSON.parse(JSON.stringify(value)) as Json;
  if (ADDRESSES.has(name)) return [value].flat().map((one) => toldAddress(String(one)));
  return LEFT_OUT;
}

/** Scheme, host and port of a URL; of anything else nothing. */
export function toldAddress(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.host === "") return text.includes("://") ? LEFT_OUT : "a file";
  return `${url.protocol}//${url.host}`;
}

/** A line of the server's log. */
export function toldLine(line: string): string {
  let record: Json;
  try {
    record = JSON.parse(line) as Json;
  } catch {
    return FRAME.test(line) ? line : LEFT_OUT;
  }
  return isJsonObject(record) ? JSON.stringify(toldRecord(record)) : LEFT_OUT;
}

function toldRecord(record: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]): [string, Json] => {
      if (name === "msg") return [name, toldMessage(value, record["err"])];
      if (name === "err") return [name, isJsonObject(value) ? toldError(value) : LEFT_OUT];
      return [name, TOLD_FIELDS.has(name) && isWord(value) ? value : LEFT_OUT];
    }),
  );
}

/** Frameworks put the message of an error here. */
function toldMessage(value: Json | undefined, error: Json | undefined): string {
  const ofError = isJsonObject(error) ? error["message"] : undefined;
  return typeof value === "string" && MESSAGE.test(value) && value !== ofError ? value : LEFT_OUT;
}

/** What it is and where it happened; what it says may hold values. */
function toldError(error: JsonObject): JsonObject {
  const { type, code, stack } = error;
  const frames = typeof stack === "string" ? stack.split("\n").filter((line) => FRAME.test(line)) : [];
  return {
    ...(isWord(type) ? { type } : {}),
    ...(isWord(code) ? { code } : {}),
    message: LEFT_OUT,
    stack: frames.map((line) => line.trim()),
  };
}

function isWord(value: Json | undefined): value is string | number | boolean {
  return typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && WORD.test(value));
}

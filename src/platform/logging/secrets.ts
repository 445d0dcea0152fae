import { pino } from "pino";

/** Members whose values never reach a log, wherever they stand in a record. Case does not count. */
const SECRET_MEMBERS = new Set(["token", "authorization", "password", "secret", "key", "join"]);

/** What stands in a secret's place. */
const HIDDEN = "[hidden]";

/** Deeper than any record of ours; ends what contains itself. */
const DEEPEST = 12;

/**
 * A record with its secrets hidden: in plain objects, lists and errors. Other objects say themselves what of them is logged (`toJSON`).
 * The library's own redaction looks only as deep as it is told to, and takes ten times as long as writing the line.
 */
export function withoutSecrets(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return hidden(record, 0) as Record<string, unknown>;
}

function hidden(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEEPEST) return "[too deep]";
  if (Array.isArray(value)) return value.map((one) => hidden(one, depth + 1));
  if (value instanceof Error) return members({ ...pino.stdSerializers.err(value) }, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? members(value, depth) : value;
}

function members(value: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    copy[name] = isSecret(name, member) ? HIDDEN : hidden(member, depth + 1);
  }
  return copy;
}

function isSecret(name: string, value: unknown): boolean {
  return value !== undefined && SECRET_MEMBERS.has(name.toLowerCase());
}

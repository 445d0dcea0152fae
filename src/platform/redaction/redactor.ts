import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { formsOf } from "./forms.ts";
import { createMatcher, type Matcher } from "./matcher.ts";

/** Knows the values of secrets that were opened in this process, and takes them out of what leaves it. `[secret NAME]` stands in their place. */
export interface Redactor {
  /** From now on this value is taken out, in every form of `forms.ts`. Values that are shorter than 6 bytes are not looked for. */
  add(name: string, value: string | Uint8Array): void;
  text(text: string): string;
  bytes(bytes: Uint8Array): Uint8Array;
  /** The same value with its texts and the names of its members redacted; the same object where nothing was found. */
  json<Value extends Json>(value: Value): Value;
  /** For bytes that come in pieces: a value may begin in one of them and end in another. */
  stream(): RedactedStream;
}

export interface RedactedStream {
  /** What may leave now. What may be the beginning of a value is held back until it is known. */
  push(bytes: Uint8Array): Uint8Array;
  /** What was held back, when nothing follows. */
  end(): Uint8Array;
  /** Bytes held back. */
  readonly held: number;
}

export function createRedactor(): Redactor {
  const matcher = createMatcher();

  function text(given: string): string {
    if (matcher.empty) return given;
    const bytes = Buffer.from(given, "utf8");
    const { out } = redacted(matcher, bytes, false);
    return out === bytes ? given : Buffer.from(out).toString("utf8");
  }

  function json(value: Json): Json {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) {
      const items = value.map(json);
      return items.every((item, index) => item === value[index]) ? value : items;
    }
    return isJsonObject(value) ? members(value) : value;
  }

  function members(value: JsonObject): JsonObject {
    let same = true;
    const made = Object.entries(value).map(([name, member]): [string, Json] => {
      const pair: [string, Json] = [text(name), json(member)];
      same &&= pair[0] === name && pair[1] === member;
      return pair;
    });
    return same ? value : Object.fromEntries(made);
  }

  return {
    add(name, value) {
      const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
      for (const { pattern, wrapped } of formsOf(bytes)) matcher.add(pattern, name, wrapped);
    },
    text,
    bytes: (bytes) => (matcher.empty ? bytes : redacted(matcher, bytes, false).out),
    json: <Value extends Json>(value: Value) => (matcher.empty ? value : (json(value) as Value)),
    stream: () => createStream(matcher),
  };
}

const NOTHING = new Uint8Array(0);

function createStream(matcher: Matcher): RedactedStream {
  let held = NOTHING;
  return {
    push(bytes) {
      if (matcher.empty && held.length === 0) return bytes;
      const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const { out, rest } = redacted(matcher, all, true);
      // A copy: who gave the piece may use its memory again.
      held = Uint8Array.from(rest);
      return out;
    },
    end() {
      if (held.length === 0) return held;
      const { out } = redacted(matcher, held, false);
      held = NOTHING;
      return out;
    },
    get held() {
      return held.length;
    },
  };
}

/** The bytes themselves when nothing is in them. */
function redacted(matcher: Matcher, bytes: Uint8Array, more: boolean): { out: Uint8Array; rest: Uint8Array } {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (;;) {
    const found = matcher.next(bytes, from, more);
    const end = found === undefined ? bytes.length : "held" in found ? found.held : found.at;
    if (found !== undefined && "at" in found) {
      parts.push(bytes.subarray(from, end), Buffer.from(`[secret ${found.name}]`, "utf8"));
      from = found.at + found.length;
      continue;
    }
    const rest = bytes.subarray(end);
    if (parts.length === 0) return { out: end === bytes.length ? bytes : bytes.subarray(0, end), rest };
    return { out: Buffer.concat([...parts, bytes.subarray(from, end)]), rest };
  }
}

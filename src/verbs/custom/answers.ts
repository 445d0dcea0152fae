import type { Json, JsonObject } from "../../kernel/json.ts";

/** What a verb's process says: lines. An object with one of these names alone is an answer, all else is output. Pure. */
export type Said =
  | { readonly kind: "result"; readonly value: JsonObject }
  | { readonly kind: "error"; readonly text: string }
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "output"; readonly text: string };

export function readLine(line: string): Said {
  const parsed = line.startsWith("{") ? parse(line) : undefined;
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed))
    return { kind: "output", text: `${line}\n` };
  const entries = Object.entries(parsed as JsonObject);
  const [name, value] = entries.length === 1 ? (entries[0] as [string, Json]) : ["", null];
  if (name === "result" && value !== null && typeof value === "object" && !Array.isArray(value))
    return { kind: "result", value: value as JsonObject };
  if ((name === "error" || name === "message" || name === "output") && typeof value === "string")
    return { kind: name, text: value };
  return { kind: "output", text: `${line}\n` };
}

function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
}

/** Cuts a stream into lines. `end` gives what is left without a line's end. */
export function createLines(each: (line: string) => void): { push(chunk: Uint8Array): void; end(): void } {
  const decoder = new TextDecoder();
  let open = "";
  return {
    push(chunk) {
      const lines = (open + decoder.decode(chunk, { stream: true })).split("\n");
      open = lines.pop() ?? "";
      for (const line of lines) each(line);
    },
    end() {
      open += decoder.decode();
      if (open !== "") each(open);
      open = "";
    },
  };
}

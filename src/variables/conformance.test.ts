import { existsSync, readFileSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { describe, expect, test } from "vitest";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { VariableSource } from "./index.ts";
import { applyOverlay, resolve } from "./index.ts";

interface Vector {
  readonly base?: JsonObject;
  readonly overlay?: JsonObject | null;
  readonly class_list?: string[];
  readonly target?: string;
  readonly layers?: { level: VariableSource["kind"]; values: JsonObject }[];
  readonly result?: JsonObject;
  readonly raises?: "invalid_name" | "type";
  readonly accident?: boolean;
}

const root = resolvePath(import.meta.dirname, "../..");
const file = resolvePath(root, process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance", "tscript/merge.json");
const present = existsSync(file);
if (!present) process.stderr.write(`skipped: no merge vectors at ${file}\n`);

function titleOf(vector: Vector): string {
  if (vector.layers !== undefined) return `${vector.target} ${JSON.stringify(vector.layers)}`;
  return `${JSON.stringify(vector.base)} + ${JSON.stringify(vector.overlay)} ${(vector.class_list ?? []).join(",")}`.trim();
}

/** What we do instead, by choice, where the recorded result is an accident. */
const improved = new Map<string, { returns?: JsonObject; raises?: string }>([
  // Documents write true; the recorded text is another language's notation.
  ['{"a":"x"} + {">a":true}', { returns: { a: "xtrue" } }],
  // A list has no text of its own. Joining it is a mistake in the document, so it is refused.
  ['{"a":"x"} + {">a":["y"]}', { raises: "type" }],
  // An operator that cannot do anything says so instead of doing nothing.
  ['{"a":{"$float":2.5}} + {"-a":1}', { raises: "type" }],
  // Nothing (null) is treated as a name that is not there: what is put before or behind it becomes the value.
  ['{"a":null} + {"<a":1}', { returns: { a: 1 } }],
  ['{"a":null} + {">a":1}', { returns: { a: 1 } }],
  // Taking something out of nothing leaves nothing, as for a name that is not there: the recorded result stands.
  ['{"a":null} + {"-a":1}', { returns: { a: null } }],
]);

/** Our codes, and what the vectors call them. */
const kinds: Record<string, string> = { variable_name_invalid: "invalid_name", variable_type_conflict: "type" };

function run(vector: Vector): JsonObject {
  if (vector.layers === undefined) return applyOverlay(vector.base ?? {}, vector.overlay ?? null, vector.class_list);
  return resolve(
    vector.layers.map(({ level, values }, index) => ({ source: { kind: level, name: `${level} ${index}` }, values })),
  ).values;
}

function outcome(vector: Vector): { returns?: JsonObject; raises?: string } {
  try {
    return { returns: run(vector) };
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    return { raises: kinds[error.code] ?? error.code };
  }
}

describe.skipIf(!present)("merge vectors", () => {
  // Rendered values and templates are the business of the room `templates`.
  const all = (present ? JSON.parse(readFileSync(file, "utf8")) : []) as Vector[];
  const vectors = all.filter((vector) => vector.base !== undefined || vector.layers !== undefined);

  test("there are overlays and layers, and every accident has its answer", () => {
    expect(vectors.filter((vector) => vector.layers !== undefined).length).toBeGreaterThan(0);
    expect(vectors.filter((vector) => vector.base !== undefined).length).toBeGreaterThan(0);
    expect(
      vectors
        .filter((vector) => vector.accident)
        .map(titleOf)
        .toSorted(),
    ).toEqual([...improved.keys()].toSorted());
  });

  test.each(vectors.map((vector) => [titleOf(vector), vector] as const))("%s", (title, vector) => {
    const given = structuredClone(vector);
    const { returns, raises } = improved.get(title) ?? { returns: vector.result, raises: vector.raises };
    expect(outcome(vector)).toEqual(raises === undefined ? { returns } : { raises });
    expect(vector, "the input is not changed").toEqual(given);
  });
});

import { existsSync, readFileSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { createRenderer } from "./index.ts";

interface Vector {
  readonly values?: JsonObject;
  readonly template?: string;
  readonly rendered?: Json;
  readonly accident?: boolean;
}

const root = resolvePath(import.meta.dirname, "../..");
const file = resolvePath(root, process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance", "tscript/merge.json");
const present = existsSync(file);
if (!present) process.stderr.write(`skipped: no merge vectors at ${file}\n`);

function titleOf(vector: Vector): string {
  return `${JSON.stringify(vector.template ?? null)} ${JSON.stringify(vector.values)}`;
}

/** What we do instead, by choice, where the recorded result is an accident. */
const improved = new Map<string, Json>([
  [
    // Truth values and nothing are written as documents write them, not in another language's notation. A float that is whole
    // loses its point: the engine takes numbers from JSON, which does not tell 1.0 from 1.
    'null {"t":true,"n":null,"f":{"$float":1},"c":"{{t}} {{n}} {{f}}"}',
    { t: true, n: null, f: { $float: 1 }, c: "true none 1" },
  ],
  // Rendering is no reason to lose the end of a line: files that are rendered end as they were written.
  [String.raw`null {"a":"x\n\n"}`, { a: "x\n\n" }],
]);

describe.skipIf(!present)("rendering vectors", () => {
  const renderer = createRenderer({ clock: systemClock });
  afterAll(() => renderer.close());
  const all = (present ? JSON.parse(readFileSync(file, "utf8")) : []) as Vector[];
  const vectors = all.filter((vector) => vector.values !== undefined);

  function run(vector: Vector): Promise<Json> {
    const { template, values = {} } = vector;
    if (template === undefined) return renderer.renderValues(values);
    return renderer.render({ name: "vector", text: template, values, mode: "lenient" });
  }

  test("there are values and templates, and every accident has its answer", () => {
    expect(vectors.filter((vector) => vector.template === undefined).length).toBeGreaterThan(0);
    expect(vectors.filter((vector) => vector.template !== undefined).length).toBeGreaterThan(0);
    expect(
      vectors
        .filter((vector) => vector.accident)
        .map(titleOf)
        .toSorted(),
    ).toEqual([...improved.keys()].toSorted());
  });

  test.each(vectors.map((vector) => [titleOf(vector), vector] as const))("%s", async (title, vector) => {
    const given = structuredClone(vector);
    expect(await run(vector)).toEqual(improved.get(title) ?? vector.rendered);
    expect(vector, "the input is not changed").toEqual(given);
  });
});

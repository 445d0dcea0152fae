import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parametersOf } from "./advert.ts";
import { asOne, unnamed } from "./testing.ts";

const tree: z.ZodType = z.lazy(() => z.object({ children: z.array(tree).optional() }));
const text = z.string().min(1).describe("a text");

describe("parameters as JSON Schema", () => {
  it.each<[string, z.ZodType]>([
    ["nothing", z.object({})],
    [
      "what is needed and what is not",
      z.object({ text, more: text.optional(), count: z.int().default(1), any: z.any() }),
    ],
    ["objects that take nothing else", z.strictObject({ text })],
    ["objects that take anything else", z.looseObject({ text })],
    ["objects that take texts else", z.object({ text }).catchall(z.string())],
    ["an object with a description", z.object({ text }).describe("an object")],
    ["JSON", z.object({ value: z.json(), values: z.record(z.string(), z.json()) })],
    ["JSON in one of them", z.object({ text, values: z.record(z.string(), z.json()).optional() })],
    ["what holds itself", z.object({ tree, other: tree.optional() })],
    ["several kinds of it", z.object({ trees: z.array(tree), values: z.array(z.json()) })],
    ["no object", z.union([z.object({ text }), z.string()])],
    [
      "what was made of something else",
      z.object({ time: z.string().transform(Number), next: z.preprocess(String, text) }),
    ],
  ])("describe %s as one schema does", (_what, schema) => {
    expect(unnamed(parametersOf(schema))).toEqual(unnamed(asOne(schema)));
    expect(unnamed(parametersOf(schema))).toEqual(unnamed(asOne(schema)));
  });
});

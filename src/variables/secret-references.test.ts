import { describe, expect, it } from "vitest";
import { replaceSecrets, resolve, secretNameOf, secretNamesIn } from "./index.ts";

const REFERENCE = { $secret: "db" };

describe("references to secrets", () => {
  it("are maps with one member, and nothing beside it", () => {
    expect(secretNameOf(REFERENCE)).toBe("db");
    expect(secretNameOf({ $secret: 7 })).toBe("");
    expect(secretNameOf({ $secret: "db", more: 1 })).toBe("");
    for (const value of [null, "db", ["db"], { secret: "db" }]) expect(secretNameOf(value)).toBeUndefined();
  });

  it("are found and replaced wherever they stand", () => {
    const value = { a: [1, REFERENCE, { b: { $secret: "other" } }], c: REFERENCE };
    expect(secretNamesIn(value)).toEqual(["db", "other"]);
    expect(replaceSecrets(value, (name) => name.toUpperCase())).toEqual({ a: [1, "DB", { b: "OTHER" }], c: "DB" });
    const none = { a: [1, { b: 2 }] };
    expect(replaceSecrets(none, () => null)).toBe(none);
  });

  it("are not joined with anything, and go into lists as they are", () => {
    const tenant = { source: { kind: "tenant" as const, name: "t" }, values: { password: REFERENCE, all: [1] } };
    function over(values: Readonly<Record<string, unknown>>): () => unknown {
      const site = { source: { kind: "site" as const, name: "s" }, values: values as never };
      return () => resolve([tenant, site]).values;
    }
    expect(over({ ">password": { more: 1 } })).toThrow("a map cannot be put behind a secret");
    expect(over({ ">password": "text" })).toThrow("a text cannot be put behind a secret");
    expect(over({ "-password": "$secret" })).toThrow("a text cannot be taken out of a secret");
    expect(over({ ">all": REFERENCE })()).toMatchObject({ all: [1, REFERENCE] });
    expect(over({ password: "own" })()).toMatchObject({ password: "own" });
  });
});

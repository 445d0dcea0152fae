import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Layer, VariableSource } from "./resolve.ts";
import { resolve } from "./resolve.ts";

const tenant: VariableSource = { kind: "tenant", name: "default" };
const lab: VariableSource = { kind: "site", name: "lab" };
const web1: VariableSource = { kind: "structure", name: "web1" };

const plainName = fc.constantFrom("a", "b", "c", "d", "e");
const plainValues = fc.dictionary(plainName, fc.jsonValue()) as fc.Arbitrary<JsonObject>;
const textKey = fc
  .tuple(fc.constantFrom("", "", "<", ">", "-", "~"), plainName, fc.constantFrom("", "", ":x", ":y"))
  .map((parts) => parts.join(""));
const textValues = fc.dictionary(textKey, fc.string({ maxLength: 3 }), { maxKeys: 6 });

function layersOf(all: readonly JsonObject[]): Layer[] {
  return all.map((values, index) => ({ source: { kind: "site", name: `s${index}` }, values }));
}

function lastLayer(all: readonly JsonObject[], keys: readonly string[]): number {
  return all.findLastIndex((layer) => keys.some((key) => Object.hasOwn(layer, key)));
}

describe("resolving", () => {
  test("later wins, and every value says who said it by which operator, and what it overrode", () => {
    const { values, explain, deleted } = resolve(
      [
        { source: tenant, values: { dns: ["9.9.9.9"], motd: "hello", port: 80, old: 1 } },
        { source: lab, values: { ">dns": "10.0.0.53", motd: "lab", "~old": null } },
        { source: web1, values: { ">motd": "!", "port:Docker": 8080, "port:Lxc": 1 } },
        { source: { kind: "built_in", name: "built-in" }, values: { _id: "7" } },
      ],
      { classes: ["Docker"] },
    );
    expect(values).toEqual({ dns: ["9.9.9.9", "10.0.0.53"], motd: "lab!", port: 8080, _id: "7" });
    expect(explain["dns"]).toEqual({
      value: ["9.9.9.9", "10.0.0.53"],
      from: [tenant, lab],
      operator: "append",
      parts: [
        { source: tenant, operator: "set", value: ["9.9.9.9"] },
        { source: lab, operator: "append", value: "10.0.0.53" },
      ],
      overrode: [],
    });
    expect(explain["motd"]?.from).toEqual([lab, web1]);
    expect(explain["motd"]?.overrode).toEqual([{ source: tenant, operator: "set", value: "hello" }]);
    expect(explain["port"]?.parts).toEqual([{ source: web1, operator: "set", value: 8080, class: "Docker" }]);
    expect(Object.keys(explain)).toEqual(Object.keys(values));
    expect(deleted).toEqual({
      old: [
        { source: tenant, operator: "set", value: 1 },
        { source: lab, operator: "delete", value: null },
      ],
    });
  });

  test("a value set again after a deletion has both behind it", () => {
    const { explain, deleted } = resolve([
      { source: tenant, values: { a: 1 } },
      { source: lab, values: { "~a": null } },
      { source: web1, values: { ">a": [2] } },
    ]);
    expect(explain["a"]).toMatchObject({ value: [2], from: [web1], operator: "append" });
    expect(explain["a"]?.overrode.map((one) => one.operator)).toEqual(["set", "delete"]);
    expect(deleted).toEqual({});
  });

  test("what changes nothing is not a source", () => {
    const { explain } = resolve([
      { source: tenant, values: { a: ["x"], b: { m: 1 } } },
      { source: lab, values: { "-a": "y", "-b": "n", ">b": { m: 1 } } },
    ]);
    expect(explain["a"]?.from).toEqual([tenant]);
    expect(explain["b"]?.from).toEqual([tenant]);
  });

  test("the more particular key wins within a layer: with a class over without, later classes over earlier", () => {
    const values = { "a:y": "y", "a:x": "x", a: "plain" };
    expect(resolve([{ source: lab, values }]).values).toEqual({ a: "plain" });
    expect(resolve([{ source: lab, values }], { classes: ["x"] }).values).toEqual({ a: "x" });
    expect(resolve([{ source: lab, values }], { classes: ["x", "y"] }).values).toEqual({ a: "y" });
    expect(resolve([{ source: lab, values }], { classes: ["y", "x"] }).values).toEqual({ a: "x" });
  });

  test("every problem of every layer is told at once, with its layer", () => {
    let caught: unknown;
    try {
      resolve([
        { source: tenant, values: { m: { a: 1 }, "bad key": 1 } },
        { source: lab, values: { ">m": "x", _id: "mine" } },
      ]);
    } catch (error) {
      caught = error;
    }
    expect((caught as GantryError).problems.map((one) => `${one.message} (${one.code})`)).toEqual([
      'tenant default: variable "bad key" is not [OPERATOR]NAME[:CLASS]; "bad_key" would be a name (variable_name_invalid)',
      'site lab: variable "_id": names that start with _ are reserved (variable_name_invalid)',
      "site lab: variable m: a text cannot be put behind a map (variable_type_conflict)",
    ]);
  });

  test("without operators it is Object.assign, and the last layer that sets a name is its one source", () => {
    fc.assert(
      fc.property(fc.array(plainValues, { maxLength: 6 }), (all) => {
        const { values, explain, deleted } = resolve(layersOf(all));
        expect(values).toEqual(Object.assign({}, ...all));
        expect(deleted).toEqual({});
        for (const name of Object.keys(values)) {
          const last = all.findLastIndex((layer) => Object.hasOwn(layer, name));
          expect(explain[name]?.from).toEqual([{ kind: "site", name: `s${last}` }]);
        }
      }),
    );
  });

  test("no input is changed, order of keys means nothing, and one layer after the other gives the same", () => {
    fc.assert(
      fc.property(fc.array(textValues, { maxLength: 6 }), (all) => {
        const given = structuredClone(all);
        const classes = ["x"];
        const { values } = resolve(layersOf(all), { classes });
        expect(all).toEqual(given);
        const turned = all.map((layer) => Object.fromEntries(Object.entries(layer).toReversed()));
        expect(resolve(layersOf(turned), { classes }).values).toEqual(values);
        let step: JsonObject = {};
        for (const layer of all) step = resolve([...layersOf([step]), ...layersOf([layer])], { classes }).values;
        expect(step).toEqual(values);
      }),
    );
  });

  test("provenance holds: the parts alone, applied in order, give the value; every other say is overridden", () => {
    fc.assert(
      fc.property(fc.array(textValues, { maxLength: 6 }), (all) => {
        const { explain } = resolve(layersOf(all), { classes: ["x"] });
        const signs = { set: "", prepend: "<", append: ">", remove: "-", delete: "~" };
        for (const [name, { value, from, parts, operator, overrode }] of Object.entries(explain)) {
          const again = resolve(
            parts.map((part) => ({ source: part.source, values: { [signs[part.operator] + name]: part.value } })),
          );
          expect(again.values[name]).toEqual(value);
          expect(from).toEqual(parts.map((part) => part.source));
          expect(operator).toBe(parts.at(-1)?.operator);
          // Whoever sets a value last is in it, unless it was deleted there or later.
          const lastSet = lastLayer(all, [name, `${name}:x`]);
          const settles = lastSet > lastLayer(all, [`~${name}`, `~${name}:x`]) ? [`s${lastSet}`] : [];
          expect(from.map((source) => source.name)).toEqual(expect.arrayContaining(settles));
          for (const said of overrode) expect(parts).not.toContain(said);
        }
      }),
    );
  });
});

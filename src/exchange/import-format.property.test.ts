import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { isJsonObject } from "../kernel/json.ts";
import { readSource } from "./import-format.ts";
import { IMPORT_FORMATS, type ImportFormat } from "./import-model.ts";

const FIXTURES = join(import.meta.dirname, "../../test/fixtures/import/netbox");
const NETBOX = Object.fromEntries(
  globSync("*.json", { cwd: FIXTURES }).map((path) => [
    path.replace(/\.json$/, ""),
    (JSON.parse(readFileSync(join(FIXTURES, path), "utf8")) as JsonObject)["results"] as Json,
  ]),
);
const INVENTORY: Json = {
  all: { vars: { a: 1 }, hosts: ["h1"] },
  web: { hosts: ["h1", "h2"], children: ["db"], vars: { ansible_group_priority: 2 } },
  db: { hosts: { h3: {} }, children: {} },
  _meta: {
    hostvars: {
      h1: { physical_host: "h2", component: "api", container_networks: { a: { address: "10.0.0.1" } } },
      h2: { ansible_host: "10.0.0.2" },
    },
  },
};
const CONFIG: Json = {
  cidr_networks: { a: "10.0.0.0/24" },
  used_ips: ["10.0.0.1,10.0.0.9"],
  global_overrides: {
    x: 1,
    provider_networks: [{ network: { container_bridge: "br", ip_from_q: "a", type: "vlan" } }],
  },
  infra_hosts: { h1: { ip: "10.0.0.3", affinity: { x: 1 }, host_vars: { y: 1 }, container_vars: { z: 1 } } },
};

/** A value with one part, somewhere, replaced. */
function broken(value: Json, path: readonly number[], by: Json): Json {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== "object" || value === null) return by;
  if (!isJsonObject(value)) {
    if (value.length === 0) return by;
    return value.map((item, at) => (at === step % value.length ? broken(item, rest, by) : item));
  }
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  return key === undefined ? by : { ...value, [key]: broken(value[key]!, rest, by) };
}

const SURVIVED: readonly unknown[] = ["rows", "refused"];

/** Reads it: rows, our own error, or whatever else was thrown. */
function outcome(format: ImportFormat, text: string): unknown {
  try {
    readSource({ name: "x", site: "x", format, files: [{ path: "f", text }] });
    return "rows";
  } catch (error) {
    return error instanceof GantryError ? "refused" : error;
  }
}

const part = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<Json>("", "__proto__", "constructor", "a/b", "10.0.0.0/99", { toString: 0, valueOf: 0 }),
);
const path = fc.array(fc.nat(20), { minLength: 1, maxLength: 7 });

describe("whatever a source holds, reading it ends with rows or with our own error", () => {
  it.each([
    ["osa", INVENTORY],
    ["ansible", INVENTORY],
    ["osa-config", CONFIG],
    ["netbox", NETBOX],
  ] as const)("with one part replaced: %s", (format, sound) => {
    fc.assert(
      fc.property(path, part, (where, by) => {
        expect(SURVIVED).toContain(outcome(format, JSON.stringify(broken(sound, where, by as Json))));
      }),
      { numRuns: 1000 },
    );
  });

  it.each(IMPORT_FORMATS)("with any text: %s", (format) => {
    const signs = fc.array(
      fc.constantFrom("{", "}", "[", "]", '"', ":", ",", "\n", " ", "a", "1", "-", "&a", "*a", "\\", "\r"),
    );
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      signs.map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect(SURVIVED).toContain(outcome(format, one));
      }),
      { numRuns: 500 },
    );
  });

  it("with any table", () => {
    const cell = fc.oneof(
      fc.string(),
      fc.constantFrom("name", "var.a", "var.a.b", "label.x", "groups", "", '"x"', "web1"),
    );
    const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(table, (rows) => {
        expect(SURVIVED).toContain(outcome("csv", rows.map((row) => row.join(",")).join("\n")));
      }),
      { numRuns: 1000 },
    );
  });
});

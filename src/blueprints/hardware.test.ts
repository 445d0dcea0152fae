import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../kernel/json.ts";
import { readSize, showSize } from "./hardware-values.ts";
import {
  hardwareOf,
  hardwareProblems,
  hardwareSchema,
  MACHINE_FACTS_SCHEMA,
  type Blueprint,
  type MachineFacts,
} from "./index.ts";

const GIB = 2 ** 30;

function machine(change: Record<string, unknown> = {}): MachineFacts {
  return MACHINE_FACTS_SCHEMA.parse({
    system: { vendor: "Dell Inc.", product: "PowerEdge R640", serial: "7XK" },
    cpus: { count: 2, cores: 32, threads: 64, model: "Xeon Gold 6130" },
    memory: 192 * GIB,
    disks: [
      { name: "sda", bytes: 480e9, kind: "ssd", model: "MZ7" },
      { name: "sdb", bytes: 480e9, kind: "ssd", model: "MZ7" },
      { name: "sdc", bytes: 4e12, kind: "hdd", model: "ST4" },
    ],
    interfaces: [
      { device: "eno1", mac: "52-54-00-AA-00-01", speed: 10_000 },
      { device: "eno2", mac: "52:54:00:aa:00:02", speed: null },
    ],
    pci: [{ address: "0000:18:00.0", vendor: "8086", device: "1572", class: "020000" }],
    firmware: { bios: "2.10.2", bmc: "4.40.00.00" },
    ...change,
  });
}

function messages(template: JsonObject, facts = machine()): readonly string[] {
  return hardwareProblems(template, facts).map(({ message }) => message);
}

function faults(template: Json): readonly string[] {
  const parsed = hardwareSchema.safeParse(template);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("hardware requirements", () => {
  it("that ask for nothing fit every machine", () => {
    const nothing = MACHINE_FACTS_SCHEMA.parse({});
    for (const template of [{}, { disks: [] }, { cpus: {} }, { memory: null, system: null }] as const) {
      expect(hardwareProblems(template, nothing)).toEqual([]);
      expect(faults(template)).toEqual([]);
    }
  });

  it("that hold have no problem", () => {
    const template: JsonObject = {
      system: { vendor: "dell inc.", product: { one_of: ["PowerEdge R640", "PowerEdge R740"] } },
      cpus: { count: { exact: 2 }, cores: 16, threads: { minimum: 32, maximum: 64 } },
      memory: "64 GiB",
      disks: [
        { count: 2, size: "400 GB", kind: "ssd" },
        { count: { exact: 1 }, size: { minimum: "3 TB", maximum: "5 TB" } },
      ],
      interfaces: { speed: "10 Gbit/s" },
      pci: [{ vendor: 8086, class: "02" }],
      firmware: { bios: { minimum: "2.9" }, bmc: "4.40.0.0" },
    };
    expect(faults(template)).toEqual([]);
    expect(messages(template)).toEqual([]);
  });

  it("that do not hold are told, each one, with what is wanted and what is there", () => {
    const template: JsonObject = {
      system: { product: "PowerEdge R740" },
      cpus: { count: { exact: 1 }, cores: 64 },
      memory: { minimum: "256 GiB", maximum: "1 TiB" },
      disks: [{ count: 2, size: "500 GB", kind: { one_of: ["ssd", "nvme"] } }, { size: "3 TB" }],
      interfaces: [{ count: 2, speed: "10 Gbit/s" }],
      pci: [{ vendor: "10de" }],
      firmware: { bios: { minimum: "2.11" }, raid: "1.0" },
    };
    expect(messages(template)).toEqual([
      "system.product: wants PowerEdge R740, has PowerEdge R640",
      "cpus.count: wants exactly 1, has 2",
      "cpus.cores: wants at least 64, has 32",
      "memory: wants at least 256 GiB and at most 1 TiB, has 192 GiB",
      "disks[0]: wants at least 2 with size at least 500 GB and kind one of ssd, nvme, has 0 of 3",
      "interfaces[0]: wants at least 2 with speed at least 10 Gbit/s, has 1 (eno1) of 2",
      "pci[0]: wants at least 1 with vendor 10de, has 0 of 1",
      "firmware.bios: wants at least 2.11, has 2.10.2",
      "firmware.raid: wants 1.0, has not known",
    ]);
    expect(hardwareProblems({ memory: "1 TiB" }, machine())).toEqual([
      {
        path: "memory",
        want: "at least 1 TiB",
        have: "192 GiB",
        message: "memory: wants at least 1 TiB, has 192 GiB",
      },
    ]);
  });

  it("tell their author what is wrong with them", () => {
    expect(
      faults({
        cpu: {},
        cpus: { coers: 2, count: "two", model: { minimum: "a" } },
        memory: { minimum: "64 GiB", maximum: "32 GiB" },
        disks: [{ sise: "1 GiB" }, { size: "big" }, { kind: { one_of: ["ssd", "tape"] } }, "sda"],
        pci: [{ vendor: "intel" }, { class: 200 }],
        interfaces: 2,
        firmware: { bios: { least: 1 }, bmc: {} },
      }),
    ).toEqual([
      "cpu: is not known here; did you mean 'cpus'?",
      "cpus.coers: is not known here; did you mean 'cores'?",
      "cpus.count: must be a whole number",
      "cpus.model.minimum: has no meaning for a text; write exact or one_of",
      "memory: can never be: minimum 64 GiB is above maximum 32 GiB",
      "disks.0.sise: is not known here; did you mean 'size'?",
      "disks.1.size: must be a size, like 64 GiB or 480 GB",
      "disks.2.kind.one_of.1: must be ssd, hdd or nvme",
      "disks.3: must be a map",
      "interfaces: must be a list of maps, like [{count: 2, size: 400 GiB}]",
      'pci.0.vendor: must be four hex digits in quotes, like "8086"',
      'pci.1.class: must be two, four or six hex digits in quotes, like "0200"',
      "firmware.bios.least: is not known here; known are minimum, maximum, exact, one_of",
      "firmware.bmc: says nothing; known are minimum, maximum, exact, one_of",
    ]);
    // A template nobody checked is no reason to fail, nor to fit.
    expect(messages({ cpus: { coers: 2 } })).toEqual([
      "cpus.coers of the requirements is not known here; did you mean 'cores'?",
    ]);
  });

  it("come from parents too, member by member", () => {
    const blueprint = (name: string, parents: readonly string[], hardware: JsonObject | null): [string, Blueprint] => [
      name,
      { name, parents, hardware } as unknown as Blueprint,
    ];
    const family = new Map([
      blueprint("base", [], { cpus: { count: 1, cores: 8 }, memory: "16 GiB", disks: [{ count: 1 }] }),
      blueprint("plain", ["base"], null),
      blueprint("big", ["plain"], { cpus: { cores: 32 }, disks: [{ count: 4 }] }),
    ]);
    expect(hardwareOf(family, "big")).toEqual({
      cpus: { count: 1, cores: 32 },
      memory: "16 GiB",
      disks: [{ count: 4 }],
    });
    expect(hardwareOf(family, "nobody")).toEqual({});
  });

  it("compare names of what every object has as names", () => {
    expect(messages({ firmware: { constructor: "1" } })).toEqual(["firmware.constructor: wants 1, has not known"]);
  });
});

describe("sizes", () => {
  it("are read as people write them", () => {
    const read = ["64 GiB", "64gib", "1.5 TB", "100 b", 42, "0 B"].map(readSize);
    expect(read).toEqual([64 * GIB, 64 * GIB, 1.5e12, 100, 42, 0]);
    expect(["", "64", "-1 GB", "GiB", "1 XB", -1, 1.5, true, null, "9999999 PiB"].map(readSize)).toEqual(
      Array.from({ length: 10 }, () => undefined),
    );
  });

  it("are shown so that a whole number of units reads as it was written", () => {
    expect([64 * GIB, 480e9, 4e12, 1000, 512, 0, 67_430_744_064].map(showSize)).toEqual([
      "64 GiB",
      "480 GB",
      "4 TB",
      "1 KB",
      "512 B",
      "0 B",
      "62.8 GiB",
    ]);
  });
});

const disk = fc.record({
  name: fc.constantFrom("sda", "sdb", "nvme0n1"),
  bytes: fc.integer({ min: 0, max: 8 }).map((count) => count * 250e9),
  kind: fc.constantFrom("ssd" as const, "hdd" as const, "nvme" as const),
});
const facts = fc
  .record({
    cpus: fc.record({ count: fc.nat(4), cores: fc.nat(64) }),
    memory: fc.nat(64).map((count) => count * GIB),
    disks: fc.array(disk, { maxLength: 6 }),
  })
  .map((parts) => MACHINE_FACTS_SCHEMA.parse(parts));
const amount = fc.nat(4);
const minimums = fc.record(
  {
    cpus: fc.record({ count: amount, cores: fc.record({ minimum: fc.nat(64) }) }, { requiredKeys: [] }),
    memory: fc.nat(64).map((count) => `${count} GiB`),
    disks: fc.array(
      fc.record(
        { count: amount, size: fc.nat(8).map((count) => `${count * 250} GB`), kind: fc.constantFrom("ssd", "hdd") },
        { requiredKeys: [] },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<JsonObject>;

describe("a machine", () => {
  it("that fits still fits with more of everything", () => {
    fc.assert(
      fc.property(minimums, facts, facts, (template, some, extra) => {
        fc.pre(hardwareProblems(template, some).length === 0);
        const more: MachineFacts = {
          ...some,
          cpus: {
            ...some.cpus,
            count: some.cpus.count + extra.cpus.count,
            cores: some.cpus.cores + extra.cpus.cores,
          },
          memory: some.memory + extra.memory,
          disks: [...extra.disks, ...some.disks],
        };
        expect(hardwareProblems(template, more)).toEqual([]);
      }),
    );
  });

  it("has as many problems as conditions that do not hold, in whatever order its parts are", () => {
    fc.assert(
      fc.property(minimums, facts, (template, some) => {
        const asked = template as {
          cpus?: { count?: number; cores?: { minimum: number } };
          memory?: string;
          disks?: readonly { count?: number; size?: string; kind?: string }[];
        };
        const fitting = (one: { size?: string; kind?: string }): number =>
          some.disks.filter(({ bytes, kind }) => bytes >= (readSize(one.size ?? 0) ?? 0) && (one.kind ?? kind) === kind)
            .length;
        const unmet =
          Number(some.cpus.count < (asked.cpus?.count ?? 0)) +
          Number(some.cpus.cores < (asked.cpus?.cores?.minimum ?? 0)) +
          Number(some.memory < (readSize(asked.memory ?? 0) ?? 0)) +
          (asked.disks ?? []).filter((one) => fitting(one) < (one.count ?? 1)).length;
        expect(hardwareProblems(template, some)).toHaveLength(unmet);
        const turned = { ...some, disks: some.disks.toReversed() };
        expect(hardwareProblems(template, turned)).toHaveLength(unmet);
      }),
    );
  });

  it("and a template of any shape never crash", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("cpus", "memory", "disks", "pci", "firmware", "x"), fc.jsonValue()),
        facts,
        (template, some) => {
          const written = template as JsonObject;
          const wrong = faults(written).length;
          expect(hardwareProblems(written, some).length).toBeGreaterThanOrEqual(wrong);
        },
      ),
    );
  });
});

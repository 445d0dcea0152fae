import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MACHINE_FACTS_SCHEMA, type MachineFacts } from "../blueprints/index.ts";
import { linkNames, matchMachine, plainLink, type Candidate } from "./match.ts";
import { identityOf } from "./model.ts";

const UUID = "4c4c4544-0042-3510-8056-b4c04f4d3732";
const OTHER = "4c4c4544-0042-3510-8056-b4c04f4d0000";

function machine(change: Record<string, unknown> = {}): MachineFacts {
  return MACHINE_FACTS_SCHEMA.parse({
    system: { uuid: UUID, serial: "7XK" },
    interfaces: [
      {
        device: "eno1",
        mac: "52:54:00:aa:00:01",
        lldp: { mac: "00:1b:21:00:00:01", name: "tor1", slot: 1, port: 7, subport: null },
        addresses: ["10.0.0.7"],
      },
      { device: "eno2", mac: "52:54:00:aa:00:02" },
    ],
    ...change,
  });
}

function foundation(name: string, change: Partial<Candidate> = {}): Candidate {
  return {
    name,
    systemUuid: null,
    machine: null,
    located: false,
    interfaces: [],
    addresses: [],
    problems: [],
    ...change,
  };
}

function port(linkName: string | null, mac: string | null = null): Candidate["interfaces"][number] {
  return { device: "eth0", mac, linkName };
}

function match(candidates: readonly Candidate[], facts = machine(), assigned: string | null = null) {
  const { state, foundation: found, by } = matchMachine({ machine: "m1", facts, assigned, candidates });
  return [state, found, by];
}

describe("a machine", () => {
  const byUuid = foundation("uuid", { systemUuid: UUID });
  const byMacLink = foundation("mac-link", { interfaces: [port("00:1B:21:00:00:01-1-7")] });
  const byNameLink = foundation("name-link", { interfaces: [port("tor1-1-7")] });
  const byMac = foundation("mac", { interfaces: [port(null, "52:54:00:aa:00:02")] });
  const byAddress = foundation("address", { addresses: ["10.0.0.7"] });
  const all = [byAddress, byMac, byNameLink, byMacLink, byUuid];

  it("is what a person says, then what its uuid, switch port, MAC address and address say", () => {
    expect(match(all, machine(), "address")).toEqual(["located", "address", "assignment"]);
    expect(match(all)).toEqual(["located", "uuid", "uuid"]);
    expect(match(all.slice(0, 4))).toEqual(["located", "mac-link", "link"]);
    expect(match(all.slice(0, 3))).toEqual(["located", "name-link", "link"]);
    expect(match(all.slice(0, 2))).toEqual(["located", "mac", "mac"]);
    expect(match(all.slice(0, 1))).toEqual(["located", "address", "address"]);
    expect(match([])).toEqual(["unmatched", null, null]);
  });

  it("is none of several that fit alike", () => {
    const twin = foundation("twin", { interfaces: [port("tor1-1-7")] });
    const found = matchMachine({
      machine: "m1",
      facts: machine(),
      assigned: null,
      candidates: [twin, byNameLink, byMac],
    });
    expect(found).toMatchObject({
      state: "ambiguous",
      foundation: null,
      reason: "the switch port it is at (tor1-1-7) is that of 2 foundations: name-link, twin",
    });
  });

  it("is not one that another is, or that is to have another uuid, unless a person says so", () => {
    const taken = { ...byNameLink, located: true, machine: "m0" };
    expect(matchMachine({ machine: "m1", facts: machine(), assigned: null, candidates: [taken] })).toMatchObject({
      state: "conflict",
      reason:
        "foundation 'name-link', found by the switch port it is at (tor1-1-7), is machine m0 already; when the machine was swapped: gantry foundation unlocate name-link",
    });
    expect(match([taken], machine(), "name-link")[0]).toBe("conflict");
    expect(match([{ ...taken, machine: "m1" }])).toEqual(["located", "name-link", "link"]);
    const swapped = { ...byNameLink, systemUuid: OTHER };
    expect(match([swapped])).toEqual(["conflict", "name-link", "link"]);
    expect(match([swapped], machine(), "name-link")).toEqual(["located", "name-link", "assignment"]);
  });

  it("is not one whose requirements it does not meet", () => {
    const problems = [{ path: "memory", want: "at least 1 TiB", have: "64 GiB", message: "memory: …" }];
    const found = matchMachine({
      machine: "m1",
      facts: machine(),
      assigned: null,
      candidates: [{ ...byUuid, problems }],
    });
    expect(found).toMatchObject({ state: "unfit", foundation: "uuid", problems });
  });

  it("that is none is told the nearest, and why not that", () => {
    const near = (candidates: readonly Candidate[], facts = machine({ system: {} })) =>
      matchMachine({ machine: "m1", facts, assigned: null, candidates }).nearest;
    expect(near([foundation("far"), foundation("port", { interfaces: [port("tor1-1-8")] })])).toEqual({
      foundation: "port",
      why: "its switch port is to be tor1-1-8, and the machine has tor1-1-7",
    });
    expect(near([foundation("board", { interfaces: [port(null, "52:54:00:aa:00:03")] })])?.why).toBe(
      "its MAC address is to be 52:54:00:aa:00:03, and the machine has 52:54:00:aa:00:01",
    );
    const bad = [{ path: "memory", want: "", have: "", message: "" }];
    expect(near([foundation("poor", { problems: bad }), foundation("rich", { systemUuid: OTHER })])).toEqual({
      foundation: "rich",
      why: `it is known by system uuid ${OTHER} (the machine: none); the hardware fits`,
    });
    expect(near([foundation("taken", { located: true })])).toBeNull();
  });

  it("has links by the switch's MAC address in any writing, and by its name", () => {
    const link = { mac: null, name: null, slot: 1, port: 7, subport: 2 };
    expect(linkNames("tor1", link)).toEqual(["tor1-1-7-2"]);
    expect(linkNames("tor1", { ...link, slot: null, subport: null })).toEqual(["tor1-0-7"]);
    expect(linkNames(null, link)).toEqual([]);
    for (const text of ["00:1B:21:00:00:01-1-7", "001b21000001-1-7", "00-1b-21-00-00-01-1-7"])
      expect(plainLink(text)).toBe("001b21000001-1-7");
    expect(plainLink(" TOR1-1-7")).toBe("tor1-1-7");
  });
});

describe("the identity of a machine", () => {
  it("is what firmware says, whatever disks and interfaces it has", () => {
    expect(identityOf(machine())).toBe(identityOf(machine({ interfaces: [], memory: 5 })));
    expect(identityOf(machine())).not.toBe(identityOf(machine({ system: { uuid: OTHER, serial: "7XK" } })));
  });

  it("is its MAC addresses where firmware says what every board says", () => {
    const nobody = { uuid: "00000000-0000-0000-0000-000000000000", serial: "To be filled by O.E.M." };
    const one = identityOf(machine({ system: nobody }));
    expect(one).toBe(identityOf(machine({ system: { serial: "None" } })));
    expect(one).not.toBe(
      identityOf(machine({ system: nobody, interfaces: [{ device: "a", mac: "52:54:00:00:00:09" }] })),
    );
    expect(identityOf(machine({ system: nobody, interfaces: [] }))).toBeNull();
  });
});

const name = fc.constantFrom("a", "b", "c", "d", "e");
const links = fc.constantFrom("tor1-1-7", "tor1-1-8", "00:1b:21:00:00:01-1-7", null);
const macs = fc.constantFrom("52:54:00:aa:00:01", "52:54:00:aa:00:02", "52:54:00:aa:00:09", null);
const candidate: fc.Arbitrary<Candidate> = fc.record({
  name,
  systemUuid: fc.constantFrom(UUID, OTHER, null, null),
  machine: fc.constantFrom("m0", "m1", null),
  located: fc.boolean(),
  interfaces: fc.array(fc.record({ device: fc.constantFrom("eth0", "eth1"), mac: macs, linkName: links }), {
    maxLength: 3,
  }),
  addresses: fc.subarray(["10.0.0.7", "10.0.0.8"]),
  problems: fc.constantFrom([], [{ path: "memory", want: "", have: "", message: "" }]),
});
const candidates = fc.uniqueArray(candidate, { selector: (one) => one.name, maxLength: 5 });

describe("matching", () => {
  it("comes to the same in whatever order things are, and locates only what agrees and nobody else is", () => {
    fc.assert(
      fc.property(candidates, fc.constantFrom(null, "a"), fc.infiniteStream(fc.nat()), (some, assigned, keys) => {
        const facts = machine();
        const found = matchMachine({ machine: "m1", facts, assigned, candidates: some });
        const turned = some
          .map((one) => ({ ...one, interfaces: one.interfaces.toReversed() }))
          .map((one) => ({ one, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        const other = { ...facts, interfaces: facts.interfaces.toReversed() };
        expect(matchMachine({ machine: "m1", facts: other, assigned, candidates: turned })).toEqual(found);
        expect(found.reason).not.toBe("");
        if (found.state !== "located") return;
        const one = some.find((each) => each.name === found.foundation);
        expect(one?.problems).toEqual([]);
        expect(one?.located === true && one.machine !== "m1").toBe(false);
        if (found.by !== "assignment") expect([null, UUID]).toContain(one?.systemUuid);
      }),
    );
  });
});

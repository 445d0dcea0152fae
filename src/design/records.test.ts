import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createResolver, recordQuery, structures, type Snapshot } from "../inventory/index.ts";
import { addressBlock, fieldSchema, group, structure as structureRow } from "../inventory/testing.ts";
import { emptyDesign } from "./ingest.ts";
import type { Design } from "./model.ts";
import { applied, designOf, emptySnapshot, planOf, problemsOf, settled } from "./testing.ts";

/** Groups, networks, zones and the like, and what is only recorded: planned, merged three ways, applied. */

const text = readFileSync(join(import.meta.dirname, "../../examples/lab/site.yaml"), "utf8");
const lab = designOf(text);
const built = settled(applied(emptySnapshot(), lab).after);

function edited(from: string, to: string): Design {
  expect(text).toContain(from);
  return designOf(text.replace(from, to));
}

type Rows = "groups" | "structures" | "sites" | "interfaces" | "networks" | "zones" | "addressBlocks";

/** The inventory after somebody else wrote into a row. */
function touched<Member extends Rows>(
  snapshot: Snapshot,
  member: Member,
  name: string,
  change: Partial<Snapshot[Member] extends ReadonlyMap<string, infer Row> ? Row : never>,
): Snapshot {
  const rows = snapshot[member] as ReadonlyMap<string, object>;
  const row = rows.get(name);
  expect(row).toBeDefined();
  return { ...snapshot, [member]: new Map([...rows, [name, { ...row, ...change }]]) };
}

describe("a plan of the whole inventory", () => {
  it("of a new lab creates everything, in the order of what refers to what", () => {
    expect(planOf(emptySnapshot(), lab)).toMatchInlineSnapshot(`
      "  ~ tenant         default                variables.ntp_servers and labels.contact changed
              variables.ntp_servers: (none) → ["ntp1.example.org","ntp2.example.org"]
              labels.contact: (none) → "lab-team"
        + zone           example.org            new
        + zone           lab.example.org        new
        + site           city                   new
        + site           lab                    new
        + site           rack1                  new
        + network        front                  new
        + network        storage                new
        + link           server-port            new
        + address block  front4                 new
        + address block  front6                 new
        + address block  storage                new
        + group          all                    new
        + group          servers                new
        + group          web                    new
        + group          hardware               new
        + group          monitored              new
        + blueprint      machine                new
        + blueprint      web                    new
        + foundation     web1                   new: type local, blueprint machine
        + foundation     web2                   new: type local, blueprint machine
        + structure      web1                   new: blueprint web, role web, addresses 127.82.0.3 127.82.1.1
        + structure      web2                   new: blueprint web, role web, addresses 127.82.0.4
        + structure      switch1                new, only recorded: role switch, addresses 127.82.0.250 fd00:82::3
        + structure      storage1               new, only recorded: role storage, addresses 127.82.1.10 fd00:82::4
        + structure      disk-shelf             new, only recorded: role shelf
        + interface      web1/eth0              new
        + interface      web1/eth0.20           new
        + interface      web2/eth0              new
        + interface      switch1/Ethernet1      new
        + interface      switch1/Ethernet2      new
        + interface      switch1/Port-Channel1  new

      Plan: 31 to create, 1 to change.
      "
    `);
  });

  it("is empty once it was applied: what is only recorded is as it should be", () => {
    expect(planOf(built, lab)).toMatchInlineSnapshot(`
      "Plan: no changes; 32 unchanged.
      "
    `);
  });

  it("shows whom a group's variable reaches, also through groups that include it", () => {
    expect(planOf(built, edited("greeting: Hello", "greeting: Moin"))).toMatchInlineSnapshot(`
      "  ~ group      web   variables.greeting changed
              variables.greeting: "Hello" → "Moin"
        ~ structure  web1  variable greeting changed
              variables.greeting: "Hello" → "Moin"
        ~ structure  web2  variable greeting changed
              variables.greeting: "Hello" → "Moin"

      Plan: 3 to change; 29 unchanged.
      "
    `);
    expect(
      planOf(built, edited("includes: [servers, hardware], priority: 10", "includes: [web], variables: { probe: 1 }")),
    ).toMatchInlineSnapshot(`
      "  ~ group      monitored  includes.web, priority and 3 more changed
              includes.web: (none) → true
              priority: 10 → 0
              variables.probe: (none) → 1
              includes.servers: true → (none)
              includes.hardware: true → (none)
        ~ structure  web1       variable probe changed
              variables.probe: (none) → 1
        ~ structure  web2       variable probe changed
              variables.probe: (none) → 1

      Plan: 3 to change; 29 unchanged.
      "
    `);
  });

  it("shows single fields of networks, links, zones, blocks, interfaces and recorded structures", () => {
    const more = text
      .replace("mtu: 9000 }\n\nlinks", "mtu: 1500 }\n\nlinks")
      .replace('speed: "10000"', 'speed: "25000"')
      .replace("ttl: 300", "ttl: 60")
      .replace("value: web1 }", "value: web2 }")
      .replace("127.82.0.2 name server,", "127.82.0.2 name server, 127.82.0.9 spare,")
      .replace("dynamic: [127.82.0.100-127.82.0.199]", "dynamic: [127.82.0.100-127.82.0.149]")
      .replace("mac: 52:54:00:82:00:02,", "mac: 52-54-00-82-00-FF,")
      .replace("role: switch", "role: router")
      .replace("row: a", "row: b, height: tall");
    expect(planOf(built, designOf(more))).toMatchInlineSnapshot(`
      "  ~ zone           lab.example.org  ttl, records.www CNAME web2 and records.www CNAME web1 changed
              ttl: 300 → 60
              records.www CNAME web2: (none) → true
              records.www CNAME web1: true → (none)
        ~ site           rack1            labels.row and labels.height changed
              labels.row: "a" → "b"
              labels.height: (none) → "tall"
        ~ network        storage          mtu changed
              mtu: 9000 → 1500
        ~ link           server-port      speed changed
              speed: "10000" → "25000"
        ~ address block  front4           reserved and dynamic changed
              reserved: ["127.82.0.2 name server","127.82.0.240-127.82.0.249 to come"] → ["127.82.0.2 name server","127.82.0.9 spare","127.82.0.240-127.82.0.249 to come"]
              dynamic: ["127.82.0.100-127.82.0.199"] → ["127.82.0.100-127.82.0.149"]
        ~ structure      switch1          role changed
              role: "switch" → "router"
        ~ interface      web2/eth0        mac changed
              mac: "52:54:00:82:00:02" → "52:54:00:82:00:ff"

      Plan: 7 to change; 25 unchanged.
      "
    `);
  });

  it("builds what was only recorded, once the design says how", () => {
    const machine = "    blueprint: web\n    foundation: { type: local, blueprint: machine }\n    role: storage";
    expect(
      planOf(
        built,
        designOf(
          text
            .replace("    role: storage", machine)
            .replace("127.82.1.10 }\n      - { block: front6 }", "127.82.1.10 }")
            .replace(
              "groups: [hardware]\n    addresses: [{ block: storage",
              "groups: [web]\n    addresses: [{ block: storage",
            ),
        ),
      ),
    ).toMatchInlineSnapshot(`
      "  + foundation  storage1  new: type local, blueprint machine
        ~ structure   storage1  blueprint, foundation and addresses changed
              blueprint: null → "web"
              foundation: null → "storage1"
              addresses: ["127.82.1.10","fd00:82::4"] → ["127.82.1.10"]

      Plan: 1 to create, 1 to change; 31 unchanged.
      "
    `);
  });

  it("forgets what is only recorded at once, and takes what was built down", () => {
    const { text: shown, after } = applied(built, emptyDesign("lab"));
    expect(shown).toMatchInlineSnapshot(`
      "  ~ tenant         default                variables.ntp_servers and labels.contact changed
              variables.ntp_servers: ["ntp1.example.org","ntp2.example.org"] → (none)
              labels.contact: "lab-team" → (none)
        - interface      switch1/Ethernet1      the design is taken down
        - interface      switch1/Ethernet2      the design is taken down
        - interface      switch1/Port-Channel1  the design is taken down
        - interface      web1/eth0              the design is taken down
        - interface      web1/eth0.20           the design is taken down
        - interface      web2/eth0              the design is taken down
        - structure      disk-shelf             the design is taken down
        - structure      storage1               the design is taken down
        - structure      switch1                the design is taken down
        - structure      web1                   the design is taken down
        - structure      web2                   the design is taken down
        - foundation     web1                   the design is taken down
        - foundation     web2                   the design is taken down
        - blueprint      machine                the design is taken down
        - blueprint      web                    the design is taken down
        - group          all                    the design is taken down
        - group          hardware               the design is taken down
        - group          monitored              the design is taken down
        - group          servers                the design is taken down
        - group          web                    the design is taken down
        - address block  front4                 the design is taken down
        - address block  front6                 the design is taken down
        - address block  storage                the design is taken down
        - link           server-port            the design is taken down
        - network        front                  the design is taken down
        - network        storage                the design is taken down
        - site           city                   the design is taken down
        - site           lab                    the design is taken down
        - site           rack1                  the design is taken down
        - zone           example.org            the design is taken down
        - zone           lab.example.org        the design is taken down

      Plan: 1 to change, 31 to destroy.
      "
    `);
    expect([...after.structures.keys()]).toEqual(["web1", "web2"]);
    expect(after.tenant.variables).toEqual({});
    expect(after.tenant.applied).toEqual({});
  });

  it("refuses to forget how something is built that is there", () => {
    const recorded = text
      .replace("    blueprint: web\n    foundation: { type: local, blueprint: machine }\n", "")
      .replace("    depends_on: [web1]\n", "");
    expect(() => planOf(built, designOf(recorded))).toThrow(
      "structure 'web1' is built, and the design says no longer how: it has no blueprint or no foundation",
    );
  });
});

describe("what others write", () => {
  it("beside a design stays and is no conflict: labels, assets, fields, groups, a role", () => {
    const web1 = built.structures.get("web1");
    const busy = touched(built, "structures", "web1", {
      labels: { ...web1?.labels, owner: "ops" },
      assets: [{ system: "tickets", id: "9", url: null }],
      fields: { bought: 2024 },
      groups: ["web", "monitored"],
      managementAddress: "10.1.1.1",
      zone: "example.org",
    });
    expect(planOf(busy, lab)).toBe(planOf(built, lab));
    const { after } = applied(busy, edited("tier: front", "tier: back"));
    expect(after.structures.get("web1")).toMatchObject({
      labels: { tier: "back", owner: "ops" },
      assets: [{ system: "tickets", id: "9", url: null }],
      fields: { bought: 2024 },
      groups: ["web", "monitored"],
      managementAddress: "10.1.1.1",
      zone: "example.org",
    });
  });

  it("is a conflict where the design says otherwise, and stays until it says the same", () => {
    const busy = touched(
      touched(touched(built, "structures", "web1", { labels: { tier: "middle" } }), "groups", "web", {
        variables: { greeting: "by hand" },
        priority: 5,
      }),
      "sites",
      "rack1",
      { labels: { row: "z" }, assets: [{ system: "netbox", id: "17", url: "https://elsewhere.example.org/" }] },
    );
    expect(planOf(busy, lab)).toMatchInlineSnapshot(`
      "  ? site       rack1  changed by somebody else; it stays as it is
              labels.row: "z" stays; the design says "a"
              assets.netbox 17: "https://elsewhere.example.org/" stays; the design says "https://netbox.example.org/dcim/racks/17/"
        ? group      web    changed by somebody else; it stays as it is
              priority: 5 stays; the design says 0
              variables.greeting: "by hand" stays; the design says "Hello"
        ? structure  web1   changed by somebody else; it stays as it is
              labels.tier: "middle" stays; the design says "front"
        ~ structure  web1   variable greeting changed
              variables.greeting: (none) → "by hand"
        ~ structure  web2   variable greeting changed
              variables.greeting: (none) → "by hand"

      Plan: 2 to change; 3 conflicts; 28 unchanged.
      "
    `);
    const same = applied(busy, edited("row: a", "row: z"));
    expect(same.text).toContain("labels.row");
    expect(same.after.sites.get("rack1")?.applied).toMatchObject({ "labels.row": "z" });
  });

  it("into the tenant stays, whoever wrote it; each design remembers its own", () => {
    const other = designOf(`design: other
tenant: { variables: { ntp_servers: [elsewhere], proxy: http://proxy }, description: Ours }
`);
    const both = applied(built, other);
    expect(both.text).toMatchInlineSnapshot(`
      "  ? tenant  default  changed by somebody else; it stays as it is
              variables.ntp_servers: ["ntp1.example.org","ntp2.example.org"] stays; the design says ["elsewhere"]
        ~ tenant  default  description and variables.proxy changed
              description: (none) → "Ours"
              variables.proxy: (none) → "http://proxy"

      Plan: 1 to change; 1 conflict.
      "
    `);
    expect(both.after.tenant.variables).toEqual({
      ntp_servers: ["ntp1.example.org", "ntp2.example.org"],
      proxy: "http://proxy",
    });
    const alone = applied(both.after, emptyDesign("lab"));
    expect(alone.after.tenant).toMatchObject({ description: "Ours", variables: { proxy: "http://proxy" }, labels: {} });
    expect(planOf(alone.after, other)).toContain('variables.ntp_servers: (none) → ["elsewhere"]');
  });

  it("under the same name is theirs", () => {
    const theirs: Snapshot = {
      ...emptySnapshot(),
      groups: new Map([["web", group("web", { managedBy: "import:osa" })]]),
      structures: new Map([
        ["switch1", structureRow("switch1", { managedBy: "person", blueprint: null, foundation: null })],
      ]),
    };
    const shown = planOf(theirs, lab);
    expect(shown).toMatch(/\? group +web +is managed by import osa; it stays as it is/);
    expect(shown).toMatch(/\? structure +switch1 +is managed by a person; it stays as it is/);
  });
});

describe("address blocks", () => {
  it("of somebody else in the same site are not overlapped; one that is renamed may be", () => {
    const theirs = addressBlock("theirs", { managedBy: "person", subnet: "127.82.0.128/25" });
    const mine = { ...emptySnapshot(), addressBlocks: new Map([["theirs", theirs]]) };
    expect(() => planOf(mine, lab)).toThrow(
      "address blocks 'theirs' (127.82.0.128/25) and 'front4' (127.82.0.0/24) of site 'lab' overlap",
    );
    const elsewhere = { ...mine, addressBlocks: new Map([["theirs", { ...theirs, site: "city" }]]) };
    expect(planOf(elsewhere, lab)).toContain("31 to create");
    expect(planOf(built, designOf(text.replaceAll("front4", "front-v4")))).toMatch(/\+ address block +front-v4/);
  });
});

describe("custom fields", () => {
  const schema = { type: "object", properties: { bought: { type: "integer" } }, additionalProperties: false };
  const strict: Snapshot = {
    ...emptySnapshot(),
    fieldSchemas: new Map([["structure", fieldSchema("structure", { schema })]]),
  };

  it("are held to the tenant's schema for the kind", () => {
    expect(() => planOf(strict, edited("tier: front }", "tier: front }\n    fields: { bougth: 1 }"))).toThrow(
      "structure 'web1': fields has no 'bougth'; did you mean 'bought'?",
    );
    expect(planOf(strict, edited("tier: front }", "tier: front }\n    fields: { bought: 1 }"))).toContain("to create");
  });
});

describe("schemas of custom fields in a design", () => {
  const schemas = `
field_schemas:
  structure: { schema: { type: object, properties: { rack_unit: { type: integer, minimum: 1 } } } }
`;

  it("hold what the design says, and what is there already", () => {
    const design = designOf(text + schemas);
    const { text: shown, after } = applied(built, design);
    expect(shown).toMatch(/\+ field schema +structure +new/);
    expect(after.fieldSchemas.get("structure")?.managedBy).toBe("design:lab");
    expect(() =>
      planOf(after, designOf(text.replace("role: shelf", "role: shelf\n    fields: { rack_unit: 0 }") + schemas)),
    ).toThrow("structure 'disk-shelf': fields.rack_unit must be >= 1");
    const theirs = touched(built, "structures", "switch1", { fields: { rack_unit: "top" } });
    expect(() => planOf(theirs, design)).toThrow("structure 'switch1': fields.rack_unit must be integer");
    // A schema that goes with the plan holds nothing any more.
    const broken = touched(after, "structures", "switch1", { fields: { rack_unit: "top" } });
    expect(planOf(broken, lab)).toMatch(/- field schema +structure +no longer in the design/);
  });

  it("are for kinds that there are, and are JSON Schema", () => {
    expect(problemsOf("design: d\nfield_schemas: { structures: { schema: {} }, site: { schema: { type: 7 } } }"))
      .toMatchInlineSnapshot(`
      "site.yaml:2:18: a field schema is named as the kind it is for, and there is no kind 'structures'; did you mean 'structure'? (unknown_reference)
      site.yaml:2:46: field schema 'site': schema is invalid: data/type must be equal to one of the allowed values, data/type must be array, data/type must match a schema in anyOf (field_schema_invalid)"
    `);
  });
});

describe("addresses on interfaces", () => {
  it("say so in the row; who moved one by hand keeps it there while the design says nothing", () => {
    expect(built.structures.get("web1")?.addresses).toEqual([
      { block: "front4", address: "127.82.0.3", interface: "web1/eth0" },
      { block: "storage", address: "127.82.1.1", interface: "web1/eth0.20" },
    ]);
    expect(planOf(built, edited("- { block: storage, interface: eth0.20 }", "- { block: storage, interface: eth0 }")))
      .toMatchInlineSnapshot(`
      "  ~ structure  web1  addresses changed
              addresses: ["127.82.0.3 on web1/eth0","127.82.1.1 on web1/eth0.20"] → ["127.82.0.3 on web1/eth0","127.82.1.1 on web1/eth0"]

      Plan: 1 to change; 31 unchanged.
      "
    `);
    const moved = touched(built, "structures", "switch1", {
      addresses: [
        { block: "front4", address: "127.82.0.250", interface: "switch1/Ethernet1" },
        { block: "front6", address: "fd00:82::3" },
      ],
    });
    expect(planOf(moved, lab)).toBe(planOf(built, lab));
    const { after } = applied(moved, edited("role: switch", "role: router"));
    expect(after.structures.get("switch1")?.addresses[0]?.interface).toBe("switch1/Ethernet1");
  });
});

describe("what is only recorded", () => {
  it("is no answer to who is built, before or after a plan", () => {
    const question = { state: "built" } as const;
    const asked = recordQuery(question, structures(createResolver(built), question));
    const web1 = built.structures.get("web1");
    const asking = touched(built, "structures", "web1", {
      build: web1?.build === undefined || web1.build === null ? null : { ...web1.build, queries: [asked] },
    });
    expect(planOf(asking, lab)).toBe(planOf(built, lab));
  });
});

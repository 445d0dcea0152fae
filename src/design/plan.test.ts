import { describe, expect, it } from "vitest";
import type { Snapshot, Structure } from "../inventory/index.ts";
import { emptyDesign } from "./ingest.ts";
import type { Design, Observation } from "./model.ts";
import { observationTargets } from "./drift.ts";
import { makePlan } from "./plan.ts";
import { applied, designOf, emptySnapshot, planOf, settled, siteFile } from "./testing.ts";

const site = siteFile();
const built = settled(applied(emptySnapshot(), designOf(site)).after);

/** The design with a piece of its text replaced; the piece must be there. */
function edited(from: string, to: string, text = site): Design {
  expect(text).toContain(from);
  return designOf(text.replace(from, to));
}

function withStructure(snapshot: Snapshot, name: string, change: Partial<Structure>): Snapshot {
  const row = snapshot.structures.get(name)!;
  return { ...snapshot, structures: new Map([...snapshot.structures, [name, { ...row, ...change }]]) };
}

function seen(snapshot: Snapshot, name: string, what: Partial<Observation>): Observation {
  return { foundationId: snapshot.foundations.get(name)!.id, power: "on", agent: "connected", services: [], ...what };
}

describe("a plan", () => {
  it("of a new site creates everything, in the order of what stands on what", () => {
    expect(planOf(emptySnapshot(), designOf(site))).toMatchInlineSnapshot(`
      "  + site           lab       new
        + address block  loopback  new
        + blueprint      machine   new
        + blueprint      web       new
        + blueprint      balancer  new
        + foundation     web1      new: type local, blueprint machine
        + foundation     web2      new: type local, blueprint machine
        + foundation     balancer  new: type local, blueprint machine
        + structure      web1      new: blueprint web, addresses 127.80.0.1
        + structure      web2      new: blueprint web, addresses 127.80.0.2
        + structure      balancer  new: blueprint balancer, addresses 127.80.0.100

      Plan: 11 to create.
      "
    `);
  });

  it("is empty when everything is as it should be, and says what is on its way", () => {
    expect(planOf(built, designOf(site))).toMatchInlineSnapshot(`
      "Plan: no changes; 11 unchanged.
      "
    `);
    const { after } = applied(emptySnapshot(), designOf(site));
    expect(planOf(after, designOf(site))).toMatchInlineSnapshot(`
      "Plan: no changes; 6 on the way already; 5 unchanged.
      "
    `);
  });

  it("shows only the difference after an edit", () => {
    const design = edited(
      "    blueprint: web\n",
      "    blueprint: web\n    description: the first\n    variables: { greeting: Welcome }\n",
    );
    expect(planOf(built, design)).toMatchInlineSnapshot(`
      "  ~ structure  web1      variable greeting changed
              description: "" → "the first"
              variables.greeting: (none) → "Welcome"
        ~ structure  balancer  members of blueprint web changed
              members of blueprint web: other values

      Plan: 2 to change; 9 unchanged.
      "
    `);
  });

  it("brings up to date whatever a variable reaches", () => {
    expect(planOf(built, edited("greeting: Hello", "greeting: Moin"))).toMatchInlineSnapshot(`
      "  ~ site       lab       variables.greeting changed
              variables.greeting: "Hello" → "Moin"
        ~ structure  web1      variable greeting changed
              variables.greeting: "Hello" → "Moin"
        ~ structure  web2      variable greeting changed
              variables.greeting: "Hello" → "Moin"
        ~ structure  balancer  variable greeting changed, members of blueprint web changed
              variables.greeting: "Hello" → "Moin"
              members of blueprint web: other values

      Plan: 4 to change; 7 unchanged.
      "
    `);
  });

  it("brings up to date what another script or template builds, and no machine because of its script", () => {
    const text = site
      .replace('to="index.html"', 'to="other.html"')
      .replace("{{ greeting }} from", "{{ greeting }}, from")
      .replace("foundation.power_on()", "foundation.power_on( )");
    expect(planOf(built, designOf(text))).toMatchInlineSnapshot(`
      "  ~ blueprint  machine  scripts.create changed
              scripts.create: other text
        ~ blueprint  web      scripts.create and templates.index.html changed
              scripts.create: other text
              templates.index.html: other text
        ~ structure  web1     script create changed, template index.html changed
              scripts.create: other text
              templates.index.html: other text
        ~ structure  web2     script create changed, template index.html changed
              scripts.create: other text
              templates.index.html: other text

      Plan: 4 to change; 7 unchanged.
      "
    `);
  });

  it("brings up to date who asked for members when the members change", () => {
    const more = designOf(siteFile({ webs: 3 }));
    expect(planOf(built, more)).toMatchInlineSnapshot(`
      "  + foundation  web3      new: type local, blueprint machine
        + structure   web3      new: blueprint web, addresses 127.80.0.3
        ~ structure   balancer  members of blueprint web changed
              depends_on: ["web1","web2"] → ["web1","web2","web3"]
              members of blueprint web: ["web1","web2"] → ["web1","web2","web3"]

      Plan: 2 to create, 1 to change; 10 unchanged.
      "
    `);
    const fewer = designOf(siteFile({ webs: 1 }));
    expect(planOf(built, fewer)).toMatchInlineSnapshot(`
      "  ~ structure   balancer  members of blueprint web changed
              depends_on: ["web1","web2"] → ["web1"]
              members of blueprint web: ["web1","web2"] → ["web1"]
        - structure   web2      no longer in the design
        - foundation  web2      no longer in the design

      Plan: 1 to change, 2 to destroy; 8 unchanged.
      "
    `);
  });

  it("replaces a foundation that becomes another one, and what stands on it", () => {
    const design = edited(
      "foundation: { type: local, blueprint: machine }",
      "foundation: { type: local, blueprint: machine, attributes: { size: 2 } }",
    );
    expect(planOf(built, design)).toMatchInlineSnapshot(`
      "  ± foundation  web1      attributes.size changed
              attributes.size: (none) → 2
        ± structure   web1      its foundation is replaced
              variables.size: (none) → 2
        ~ structure   balancer  members of blueprint web changed
              members of blueprint web: other values

      Plan: 1 to change, 2 to replace; 8 unchanged.
      "
    `);
    const moved = edited("[{ block: loopback }]", "[{ block: loopback, address: 127.80.0.50 }]");
    expect(planOf(built, moved)).toMatchInlineSnapshot(`
      "  ± foundation  web1      addresses changed
              addresses: ["127.80.0.1"] → ["127.80.0.50"]
        ± structure   web1      its foundation is replaced
              addresses: ["127.80.0.1"] → ["127.80.0.50"]
        ~ structure   balancer  members of blueprint web changed
              members of blueprint web: other values

      Plan: 1 to change, 2 to replace; 8 unchanged.
      "
    `);
  });

  it("takes everything down for a design that asks for nothing, and nothing of others", () => {
    const others = withStructure(built, "web2", { managedBy: "person" });
    expect(planOf(others, emptyDesign("quickstart"))).toMatchInlineSnapshot(`
      "  ? foundation     web2      structure web2, which is not the design's, stands on it; it stays
        - structure      balancer  the design is taken down
        - structure      web1      the design is taken down
        - foundation     balancer  the design is taken down
        - foundation     web1      the design is taken down
        - blueprint      balancer  the design is taken down
        - blueprint      machine   the design is taken down
        - blueprint      web       the design is taken down
        - address block  loopback  the design is taken down
        - site           lab       the design is taken down

      Plan: 9 to destroy; 1 conflict.
      "
    `);
    expect(planOf(built, emptyDesign("other"))).toBe("Plan: no changes.\n");
  });

  it("leaves what somebody else wrote, as a conflict, until the design says the same", () => {
    const touched = withStructure(built, "web1", { variables: { greeting: "Theirs" }, description: "by hand" });
    expect(planOf(touched, designOf(site))).toMatchInlineSnapshot(`
      "  ? structure  web1      changed by somebody else; it stays as it is
              description: "by hand" stays; the design says ""
              variables.greeting: "Theirs" stays; the design says (none)
        ~ structure  web1      variable greeting changed
              variables.greeting: (none) → "Theirs"
        ~ structure  balancer  members of blueprint web changed
              members of blueprint web: other values

      Plan: 2 to change; 1 conflict; 9 unchanged.
      "
    `);
    const same = edited(
      "    blueprint: web\n",
      "    blueprint: web\n    description: by hand\n    variables: { greeting: Theirs }\n",
    );
    const adopted = applied(touched, same);
    expect(adopted.text).toMatchInlineSnapshot(`
      "  ~ structure  web1      variable greeting changed
              description: "by hand" → "by hand"
              variables.greeting: "Theirs" → "Theirs"
        ~ structure  balancer  members of blueprint web changed
              members of blueprint web: other values

      Plan: 2 to change; 9 unchanged.
      "
    `);
    expect(planOf(settled(adopted.after), same)).toBe("Plan: no changes; 11 unchanged.\n");
    // From here on it is the design's again.
    expect(applied(settled(adopted.after), designOf(site)).text).toContain('variables.greeting: "Theirs" → (none)');
  });

  it("leaves a row that somebody else manages", () => {
    const others = withStructure(built, "web1", { managedBy: "design:other", description: "not ours" });
    expect(planOf(others, designOf(site))).toMatchInlineSnapshot(`
      "  ? structure  web1  is managed by design other; it stays as it is

      Plan: no changes; 1 conflict; 10 unchanged.
      "
    `);
  });

  it("repairs what is not as the inventory says", () => {
    const targets = observationTargets(built, "design:quickstart");
    expect(targets.map(({ name, structures }) => [name, structures])).toEqual([
      ["web1", ["web1"]],
      ["web2", ["web2"]],
      ["balancer", ["balancer"]],
    ]);
    const observations = [
      seen(built, "web1", { power: "absent", agent: "unknown", services: null }),
      seen(built, "web2", {
        services: [
          { name: "web", state: "stopped" },
          { name: "log", state: "running" },
        ],
      }),
      seen(built, "balancer", { agent: "missing", services: null }),
    ];
    const repair = applied(built, designOf(site), observations);
    expect(repair.text).toMatchInlineSnapshot(`
      "  ! foundation  web1      is gone
        ! foundation  balancer  its agent does not answer
        ! structure   web1      its foundation is gone
        ! structure   web2      service not running: web (stopped)
        ! structure   balancer  its foundation is repaired

      Plan: 5 to repair; 6 unchanged.
      "
    `);
    const states = [...repair.after.structures.values()].map(({ name, state, stale, build }) => [
      name,
      state,
      stale,
      build === null,
    ]);
    expect(states).toEqual([
      ["web1", "planned", false, true],
      ["web2", "built", true, false],
      ["balancer", "built", true, false],
    ]);
    expect(repair.after.foundations.get("web1")).toMatchObject({ state: "planned", stale: false });
    expect(repair.after.foundations.get("balancer")).toMatchObject({ state: "built", stale: true });
    // What is on its way is not looked at again.
    expect(observationTargets(repair.after, "design:quickstart").map(({ name }) => name)).toEqual(["web2"]);
    expect(planOf(repair.after, designOf(site), observations)).toBe(
      "Plan: no changes; 5 on the way already; 6 unchanged.\n",
    );
  });

  it("gives no reason to repair for what nobody could see", () => {
    const observations = ["web1", "web2", "balancer"].map((name) =>
      seen(built, name, { power: "unknown", agent: "unknown", services: null }),
    );
    expect(planOf(built, designOf(site), observations)).toBe("Plan: no changes; 11 unchanged.\n");
  });

  it("tries again what failed, and destroys first what was to be replaced", () => {
    const failure = { role: "create", message: "port 8080 is taken\nmore", jobId: null, at: 0 } as const;
    const fresh = withStructure(withStructure(built, "web1", { state: "failed", build: null, failure }), "web2", {
      state: "failed",
      failure: { ...failure, role: "update" },
    });
    const retried = applied(fresh, designOf(site));
    expect(retried.text).toMatchInlineSnapshot(`
      "  ↻ structure  web1  failed before: port 8080 is taken
        ↻ structure  web2  failed before: port 8080 is taken

      Plan: 2 to retry; 9 unchanged.
      "
    `);
    expect(retried.after.structures.get("web1")).toMatchObject({ state: "planned", failure: null });
    expect(retried.after.structures.get("web2")).toMatchObject({ state: "built", stale: true, failure: null });
    const halfGone = withStructure(built, "web1", { state: "failed", failure: { ...failure, role: "destroy" } });
    expect(applied(halfGone, designOf(site)).after.structures.get("web1")).toMatchObject({
      state: "built",
      rebuild: true,
      failure: null,
    });
  });

  it("destroys what failed, tries a failed destruction again, and makes anew what is wanted again", () => {
    const failure = { role: "destroy", message: "busy", jobId: null, at: 0 } as const;
    const failed = withStructure(built, "web2", { state: "failed", failure: { ...failure, role: "create" } });
    const down = applied(failed, designOf(siteFile({ webs: 1 }))).after;
    expect(down.structures.get("web2")).toMatchObject({ wanted: "absent", state: "destroying", failure: null });
    const stuck = withStructure(down, "web2", { state: "failed", failure });
    const again = applied(stuck, designOf(siteFile({ webs: 1 })));
    expect(again.text).toContain("  ↻ structure  web2  could not be destroyed before: busy\n");
    expect(again.after.structures.get("web2")).toMatchObject({ wanted: "absent", state: "destroying", failure: null });
    const back = applied(down, designOf(site));
    expect(back.text).toContain("  + structure   web2      wanted again: blueprint web, addresses 127.80.0.2\n");
    expect(back.after.structures.get("web2")).toMatchObject({ wanted: "built", rebuild: true, state: "destroying" });
  });

  it("marks what changes while it is being built, to be brought up to date afterwards", () => {
    const building = withStructure(built, "web1", { state: "building", jobId: "job", build: null });
    expect(planOf(building, designOf(site))).toBe("Plan: no changes; 1 on the way already; 10 unchanged.\n");
    const changed = applied(building, edited("greeting: Hello", "greeting: Moin"));
    expect(changed.after.structures.get("web1")).toMatchObject({ state: "building", stale: true, jobId: "job" });
  });

  it("tells itself from any other plan", () => {
    const fingerprint = (snapshot: Snapshot, design: Design): string => makePlan(design, snapshot, []).plan.fingerprint;
    expect(fingerprint(built, designOf(site))).toBe(fingerprint(built, designOf(site)));
    expect(fingerprint(built, edited("greeting: Hello", "greeting: a"))).not.toBe(
      fingerprint(built, edited("greeting: Hello", "greeting: b")),
    );
    expect(fingerprint(emptySnapshot(), designOf(site))).not.toBe(fingerprint(built, designOf(site)));
  });

  it("follows a script that only moved, without calling it a change", () => {
    const moved = applied(built, designOf(`# one line more\n${site}`));
    expect(moved.text).toBe("Plan: no changes; 11 unchanged.\n");
    expect(built.blueprints.get("web")?.scripts["create"]?.origin.line).toBe(22);
    expect(moved.after.blueprints.get("web")?.scripts["create"]?.origin.line).toBe(23);
  });
});

describe("addresses", () => {
  it("are the lowest free ones, stay with who has them, and go round those that are asked for", () => {
    const first = applied(emptySnapshot(), designOf(siteFile({ webs: 3, balancer: false }))).after;
    const of = (snapshot: Snapshot): unknown[] =>
      [...snapshot.structures.values()].map(({ name, addresses }) => [
        name,
        addresses.map(({ address }) => address).join(),
      ]);
    expect(of(first)).toEqual([
      ["web1", "127.80.0.1"],
      ["web2", "127.80.0.2"],
      ["web3", "127.80.0.3"],
    ]);
    const reordered = siteFile({ webs: 3, balancer: false }).replace(
      "  web1:",
      "  web0:\n    site: lab\n    blueprint: web\n    foundation: { type: local, blueprint: machine }\n    addresses: [{ block: loopback, address: 127.80.0.2 }]\n  web1:",
    );
    const { text, after } = applied(first, designOf(reordered));
    expect(of(after)).toEqual([
      ["web1", "127.80.0.1"],
      ["web2", "127.80.0.4"],
      ["web3", "127.80.0.3"],
      ["web0", "127.80.0.2"],
    ]);
    expect(text).toContain('addresses: ["127.80.0.2"] → ["127.80.0.4"]');
  });

  it("of what is going away are given out again only when nothing else is free", () => {
    const text = siteFile({ webs: 2, balancer: false }).replace("127.80.0.0/24", "127.80.0.0/29");
    const full = settled(applied(emptySnapshot(), designOf(text)).after);
    const addressOf = (name: string, source: string): string =>
      applied(full, designOf(source)).after.structures.get(name)?.addresses[0]?.address ?? "";
    expect(addressOf("www2", text.replace("  web2:", "  www2:"))).toBe("127.80.0.3");
    const tight = siteFile({ webs: 2, balancer: false }).replace("127.80.0.0/24", "127.80.0.0/30");
    const tightFull = settled(applied(emptySnapshot(), designOf(tight)).after);
    expect(
      applied(tightFull, designOf(tight.replace("  web2:", "  www2:"))).after.structures.get("www2")?.addresses[0]
        ?.address,
    ).toBe("127.80.0.2");
  });

  it("somebody else gave to what the design asks none for stay, and are no conflict", () => {
    const silent = site.replace("    addresses: [{ block: loopback }]\n", "");
    const before = settled(applied(emptySnapshot(), designOf(silent)).after);
    const given = [{ block: "loopback", address: "127.80.0.1" }];
    const after = applied(withStructure(before, "web1", { addresses: given }), designOf(silent));
    expect(after.text).not.toContain("conflict");
    expect(after.after.structures.get("web1")?.addresses).toEqual(given);
    // Nobody else gets it, and the design may ask for it, and give it back.
    const more = silent.replace("  web2:", `  web0:\n    site: lab\n    addresses: [{ block: loopback }]\n  web2:`);
    expect(applied(after.after, designOf(more)).after.structures.get("web0")?.addresses[0]?.address).toBe("127.80.0.3");
    const asked = applied(after.after, designOf(site));
    expect(asked.text).not.toContain("conflict");
    expect(asked.after.structures.get("web1")?.addresses).toEqual(given);
    expect(applied(asked.after, designOf(silent)).after.structures.get("web1")?.addresses).toEqual([]);
  });

  it("that others hold are refused with the place of who asks", () => {
    const others = withStructure(built, "web1", { managedBy: "person", name: "web9" });
    const design = edited("[{ block: loopback }]", "[{ block: loopback, address: 127.80.0.1 }]");
    const rows = new Map([...others.structures].map(([, row]) => [row.name, row]));
    expect(() => makePlan(design, { ...others, structures: rows }, [])).toThrowError(
      expect.objectContaining({ code: "address_taken", where: { file: "site.yaml", line: 32, column: 3 } }),
    );
  });
});

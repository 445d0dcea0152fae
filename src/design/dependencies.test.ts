import { describe, expect, it } from "vitest";
import { createResolver, type Snapshot } from "../inventory/index.ts";
import { emptyDesign } from "./ingest.ts";
import { applied, designOf, emptySnapshot, planOf, problemsOf, settled } from "./testing.ts";

/** Two hosts form a cluster, which offers the foundation of a web; the database waits for the port of a switch. */
const site = `design: cluster
sites:
  dc: { max_jobs: 10, variables: { domain: example.org } }
  hosts: { parent: dc, max_jobs: 2, variables: { tier: hosts } }
  guests: { parent: dc, variables: { tier: guests } }
blueprints:
  metal:
    builds: foundation
    interfaces: [eth0, eth1]
    hardware: { cpus: { count: 2 } }
    max_jobs: 4
    scripts: { create: foundation.create() }
  vm:
    builds: foundation
    foundation_types: [docker]
    scripts: { create: foundation.create() }
  host:
    builds: structure
    foundation_blueprints: [metal]
    scripts: { create: "pass", port_on: "pass", port_off: "pass" }
  web:
    builds: structure
    foundation_blueprints: [vm]
    variables: { "image:Container": small, image: large }
    scripts: { create: "pass" }
complexes:
  cluster:
    site: hosts
    type: docker
    members: [host1, host2]
    built_percentage: 50
    attributes: { image: debian, memory: 512 }
    capacity: { foundations: 4, memory: 2048 }
foundations:
  late: { site: hosts, type: local, blueprint: metal, system_uuid: 4C4C4544-0042-3510-8056-B4C04F4D3732 }
  vm1: { site: hosts, complex: cluster, blueprint: vm, attributes: { memory: 1024 } }
structures:
  host1:
    site: hosts
    blueprint: host
    foundation: { type: local, blueprint: metal, interfaces: { eth0: { link_name: sw1-1-7 } } }
  host2: { site: hosts, blueprint: host, foundation: { type: local, blueprint: metal } }
  web1: { site: guests, blueprint: web, foundation: vm1 }
dependencies:
  uplink: { foundation: late, structure: host1, link: hard, create_script: port_on, destroy_script: port_off }
  second: { foundation: vm1, dependency: uplink }
`;

function edited(from: string, to: string): string {
  expect(site).toContain(from);
  return site.replace(from, to);
}

const built = settled(applied(emptySnapshot(), designOf(site)).after);

describe("complexes and dependencies of a design", () => {
  it("become plain things, and a foundation has the type of its complex", () => {
    const { complexes, dependencies, foundations, interfaces, blueprints, sites } = designOf(site);
    expect(complexes.get("cluster")).toMatchObject({ members: ["host1", "host2"], builtPercentage: 50 });
    expect(dependencies.get("second")).toMatchObject({
      structure: null,
      dependency: "uplink",
      link: "soft",
      createScript: null,
    });
    expect(foundations.get("vm1")).toMatchObject({ type: "docker", complex: "cluster" });
    expect(foundations.get("late")?.systemUuid).toBe("4c4c4544-0042-3510-8056-b4c04f4d3732");
    expect(interfaces.get("host1/eth0")?.linkName).toBe("sw1-1-7");
    expect(blueprints.get("metal")).toMatchObject({
      interfaces: ["eth0", "eth1"],
      hardware: { cpus: { count: 2 } },
      maxJobs: 4,
    });
    expect(sites.get("hosts")?.maxJobs).toBe(2);
  });

  it("are made in the order of what stands on what", () => {
    expect(planOf(emptySnapshot(), designOf(site))).toMatchInlineSnapshot(`
      "  + site        dc          new
        + site        hosts       new
        + site        guests      new
        + blueprint   metal       new
        + blueprint   vm          new
        + blueprint   host        new
        + blueprint   web         new
        + complex     cluster     new
        + foundation  late        new: type local, blueprint metal
        + foundation  vm1         new: type docker, complex cluster, blueprint vm
        + foundation  host1       new: type local, blueprint metal
        + foundation  host2       new: type local, blueprint metal
        + structure   host1       new: blueprint host
        + structure   host2       new: blueprint host
        + structure   web1        new: blueprint web
        + dependency  uplink      new: structure host1, link hard
        + dependency  second      new: dependency uplink, link soft
        + interface   host1/eth0  new

      Plan: 18 to create.
      "
    `);
  });

  it("are as they should be when all is built", () => {
    expect(planOf(built, designOf(site))).toMatchInlineSnapshot(`
      "Plan: no changes; 18 unchanged.
      "
    `);
  });

  it("say what comes down with what is replaced, though the design asks nothing of it", () => {
    const placed = { ...built.foundations.get("vm1")!, placedOn: "host1" };
    const snapshot = { ...built, foundations: new Map(built.foundations).set("vm1", placed) };
    const text = edited(
      "foundation: { type: local, blueprint: metal, interfaces: { eth0: { link_name: sw1-1-7 } } }",
      "foundation: { type: docker, blueprint: metal, interfaces: { eth0: { link_name: sw1-1-7 } } }",
    );
    expect(planOf(snapshot, designOf(text))).toMatchInlineSnapshot(`
      "  ± foundation  host1  type changed
              type: "local" → "docker"
        ± structure   host1  its foundation is replaced; structure web1, foundation late and 3 more are taken down before, and built again

      Plan: 2 to replace; 16 unchanged.
      "
    `);
  });

  it("replace what has other attributes by its complex, and leave alone what says its own", () => {
    const text = edited("attributes: { image: debian, memory: 512 }", "attributes: { image: alpine, memory: 256 }");
    expect(planOf(built, designOf(text))).toMatchInlineSnapshot(`
      "  ~ complex     cluster  attributes.image and attributes.memory changed
              attributes.image: "debian" → "alpine"
              attributes.memory: 512 → 256
        ± foundation  vm1      attributes.image changed
              attributes.image: "debian" → "alpine"
        ± structure   web1     its foundation is replaced
              variables.image: "debian" → "alpine"

      Plan: 1 to change, 2 to replace; 15 unchanged.
      "
    `);
  });

  it("run a script again that is another one, and build anew what needs something else", () => {
    expect(planOf(built, designOf(edited('port_on: "pass"', 'port_on: "delay( seconds=1 )"')))).toMatchInlineSnapshot(`
      "  ~ blueprint   host    scripts.port_on changed
              scripts.port_on: other text
        ~ dependency  uplink  script port_on changed
              scripts.port_on: other text

      Plan: 2 to change; 16 unchanged.
      "
    `);
    expect(planOf(built, designOf(edited("structure: host1, link", "structure: host2, link")))).toMatchInlineSnapshot(`
      "  ± dependency  uplink  structure and script_structure changed; foundation late and dependency second are taken down before, and built again
              structure: "host1" → "host2"
              script_structure: "host1" → "host2"

      Plan: 1 to replace; 17 unchanged.
      "
    `);
    expect(planOf(built, designOf(edited("link: hard, ", "")))).toMatchInlineSnapshot(`
      "  ~ dependency  uplink  link changed
              link: "hard" → "soft"

      Plan: 1 to change; 17 unchanged.
      "
    `);
  });

  it("do not build a machine anew for what is only checked or counted", () => {
    const text = edited("hardware: { cpus: { count: 2 } }", "hardware: { cpus: { count: 4 } }")
      .replace("interfaces: [eth0, eth1]", "interfaces: [eth0]")
      .replace("max_jobs: 4", "max_jobs: 5");
    expect(planOf(built, designOf(text))).toMatchInlineSnapshot(`
      "  ~ blueprint  metal  interfaces, hardware and max_jobs changed
              interfaces: ["eth0","eth1"] → ["eth0"]
              hardware: {"cpus":{"count":2}} → {"cpus":{"count":4}}
              max_jobs: 4 → 5

      Plan: 1 to change; 17 unchanged.
      "
    `);
  });

  it("go with what they are about, and what was never built goes at once", () => {
    const text = edited("  second: { foundation: vm1, dependency: uplink }\n", "");
    expect(planOf(built, designOf(text))).toMatchInlineSnapshot(`
      "  - dependency  second  no longer in the design

      Plan: 1 to destroy; 17 unchanged.
      "
    `);
    const planned = applied(emptySnapshot(), designOf(site)).after;
    expect([...applied(planned, designOf(text)).after.dependencies.keys()]).toEqual(["uplink"]);
  });

  it("replace what is offered by another complex", () => {
    const text = edited("complex: cluster, blueprint: vm", "complex: other, blueprint: vm").replace(
      "complexes:\n",
      "complexes:\n  other: { site: hosts, type: docker, members: [host1], attributes: { image: debian } }\n",
    );
    expect(planOf(built, designOf(text))).toMatchInlineSnapshot(`
      "  + complex     other  new
        ± foundation  vm1    complex changed
              complex: "cluster" → "other"
        ± structure   web1   its foundation is replaced

      Plan: 1 to create, 2 to replace; 16 unchanged.
      "
    `);
  });

  it("of others keep what they name", () => {
    const theirs = { managedBy: "person" };
    const foreign: Snapshot = {
      ...built,
      complexes: new Map([["cluster", { ...built.complexes.get("cluster")!, ...theirs }]]),
      dependencies: new Map([["uplink", { ...built.dependencies.get("uplink")!, ...theirs }]]),
    };
    expect(planOf(foreign, emptyDesign("cluster"))).toMatchInlineSnapshot(`
      "  ? foundation  host1       structure host1, which stays, stands on it; it stays
        ? foundation  host2       structure host2, which stays, stands on it; it stays
        ? foundation  late        dependency uplink, which is not the design's, names it; it stays
        ? structure   host1       dependency uplink, which is not the design's, names it; it stays
        ? structure   host2       complex cluster, which is not the design's, names it; it stays
        - interface   host1/eth0  the design is taken down
        - structure   web1        the design is taken down
        - foundation  vm1         the design is taken down
        - blueprint   host        the design is taken down
        - blueprint   metal       the design is taken down
        - blueprint   vm          the design is taken down
        - blueprint   web         the design is taken down
        - site        dc          the design is taken down
        - site        guests      the design is taken down
        - site        hosts       the design is taken down

      Plan: 10 to destroy; 5 conflicts.
      "
    `);
  });

  it("are taken down in the reverse order", () => {
    const { text, after } = applied(built, { ...designOf(site), complexes: new Map(), dependencies: new Map() });
    expect(text).toMatchInlineSnapshot(`
      "  - dependency  second   no longer in the design
        - dependency  uplink   no longer in the design
        - complex     cluster  no longer in the design

      Plan: 3 to destroy; 15 unchanged.
      "
    `);
    expect(after.dependencies.get("uplink")).toMatchObject({ wanted: "absent", state: "built" });
    expect(after.complexes.get("cluster")).toMatchObject({ wanted: "absent" });
  });
});

describe("mistakes of complexes and dependencies", () => {
  it("are told with their places and the nearest names", () => {
    const text = edited("members: [host1, host2]", "members: [host1, hots2]")
      .replace("complex: cluster,", "complex: clutter,")
      .replace("structure: host1, link: hard, create_script: port_on", "structure: host1, link: hart")
      .replace("dependency: uplink }", "dependency: uplink, script_structure: hostl, create_script: port_op }");
    expect(problemsOf(text)).toMatchInlineSnapshot(`
      "site.yaml:30:22: there is no structure 'hots2'; did you mean 'host2'? (unknown_reference)
      site.yaml:36:32: there is no complex 'clutter'; did you mean 'cluster'? (unknown_reference)
      site.yaml:45:55: 'link' of dependency 'uplink' must be 'soft' or 'hard', but is the text 'hart' (wrong_type)
      site.yaml:46:68: there is no structure 'hostl'; did you mean 'host1'? (unknown_reference)"
    `);
  });

  it("are told of scripts, types, and what is needed", () => {
    const text = edited("create_script: port_on", "create_script: port_no")
      .replace("dependency: uplink }", "dependency: uplink, structure: host2 }")
      .replace("late: { site: hosts, type: local,", "late: { site: hosts,")
      .replace("vm1: { site: hosts, complex", "vm1: { site: hosts, type: local, complex")
      .replace("  web1: {", "  known: { site: guests }\n  web1: {")
      .replace(
        "blueprint: vm, attributes",
        "blueprint: vm, system_uuid: 4c4c4544-0042-3510-8056-B4C04F4D3732, attributes",
      )
      .replace(
        "dependencies:\n",
        "dependencies:\n  nothing: { foundation: vm1 }\n  told: { foundation: vm1, structure: known, create_script: port_on }\n",
      );
    expect(problemsOf(text)).toMatchInlineSnapshot(`
      "site.yaml:35:3: foundation 'late' needs the key 'type', or the key 'complex' of one that says it (missing_key)
      site.yaml:36:3: foundations 'late' and 'vm1' have one 'system_uuid', and a machine is one foundation (duplicate_name)
      site.yaml:36:3: foundation 'vm1' is of type local, but its complex 'cluster' offers docker (blueprint_mismatch)
      site.yaml:36:3: foundation 'vm1' is of type local, but its blueprint 'vm' is for docker (blueprint_mismatch)
      site.yaml:46:3: dependency 'nothing': exactly one of 'structure' and 'dependency' says what is needed (dependency_invalid)
      site.yaml:47:61: dependency 'told' runs the script 'port_on' on structure 'known', which has no blueprint and so no scripts (script_missing)
      site.yaml:48:76: blueprint 'host' of structure 'host1' has no script 'port_no'; did you mean 'port_on'? (script_missing)
      site.yaml:49:3: dependency 'second': exactly one of 'structure' and 'dependency' says what is needed (dependency_invalid)"
    `);
  });

  it("are told of values that cannot be", () => {
    const text = edited("built_percentage: 50", "built_percentage: 101")
      .replace("foundations: 4, memory: 2048", "foundations: -1")
      .replace(
        "type: local, blueprint: metal, system_uuid: 4C4C4544",
        "type: local, blueprint: metal, system_uuid: 4C4544",
      )
      .replace("max_jobs: 4", "max_jobs: 0")
      .replace("    foundation_blueprints: [vm]", "    foundation_blueprints: [vm]\n    hardware: { memory: 2 GiB }");
    expect(problemsOf(text)).toMatchInlineSnapshot(`
      "site.yaml:11:15: 'max_jobs' of blueprint 'metal' must be at least 1 (wrong_type)
      site.yaml:21:3: blueprint 'web' builds a structure: 'hardware' is for those that build foundations (blueprint_mismatch)
      site.yaml:32:23: 'built_percentage' of complex 'cluster' must be at most 100 (wrong_type)
      site.yaml:34:30: 'capacity.foundations' of complex 'cluster' must be at least 0 (wrong_type)
      site.yaml:36:68: 'system_uuid' of foundation 'late' must be a UUID: 4c4c4544-0042-3510-8056-b4c04f4d3732 (wrong_type)"
    `);
  });

  it("are told of attributes where they are written: in the foundation or in its complex", () => {
    const attributeProblems = (): { code: string; message: string; path: string[] }[] => [
      { code: "attribute_invalid", message: "memory is too much", path: ["memory"] },
      { code: "attribute_invalid", message: "there is no such image", path: ["image"] },
    ];
    const text = edited("  late: {", "  late: { attributes: { memory: 1 },");
    expect(problemsOf(text, {}, { attributeProblems })).toMatchInlineSnapshot(`
      "site.yaml:32:19: there is no such image (attribute_invalid)
      site.yaml:35:11: there is no such image (attribute_invalid)
      site.yaml:35:25: memory is too much (attribute_invalid)
      site.yaml:36:70: memory is too much (attribute_invalid)
      site.yaml:41:5: memory is too much (attribute_invalid)
      site.yaml:41:5: there is no such image (attribute_invalid)
      site.yaml:42:42: memory is too much (attribute_invalid)
      site.yaml:42:42: there is no such image (attribute_invalid)"
    `);
  });

  it("are told of a driver that is not there at the complex, once", () => {
    const text = edited("    foundation_types: [docker]\n", "");
    expect(problemsOf(text, {}, { foundationTypes: ["local", "dokcer"] })).toMatchInlineSnapshot(
      `"site.yaml:26:3: there is no driver for foundations of type 'docker'; did you mean 'dokcer'? (unknown_reference)"`,
    );
  });

  it("are told of circles: through dependencies, complexes and what structures depend on", () => {
    // The host of the cluster waits for what is offered by it.
    const hosted = edited("  late: {", "  own: { site: hosts, complex: cluster, blueprint: metal }\n  late: {").replace(
      "host2: { site: hosts, blueprint: host, foundation: { type: local, blueprint: metal } }",
      "host2: { site: hosts, blueprint: host, foundation: own }",
    );
    expect(problemsOf(hosted)).toMatchInlineSnapshot(
      `"site.yaml:27:3: what is built waits for itself in a circle: complex 'cluster' → structure 'host2' → foundation 'own' → complex 'cluster' (cycle)"`,
    );
    expect(problemsOf(edited("uplink: { foundation: late,", "uplink: { foundation: host1,"))).toMatchInlineSnapshot(
      `"site.yaml:45:3: what is built waits for itself in a circle: dependency 'uplink' → structure 'host1' → foundation 'host1' → dependency 'uplink' (cycle)"`,
    );
    const chained = edited(
      "uplink: { foundation: late, structure: host1",
      "uplink: { foundation: late, dependency: second",
    ).replace("create_script: port_on, destroy_script: port_off", "");
    expect(problemsOf(chained)).toMatchInlineSnapshot(
      `"site.yaml:45:3: what is built waits for itself in a circle: dependency 'uplink' → dependency 'second' → dependency 'uplink' (cycle)"`,
    );
    const waiting = edited("web1: { site: guests,", "web1: { site: guests, depends_on: [after],").replace(
      "dependencies:\n",
      "  after: { site: guests, blueprint: host, foundation: late }\ndependencies:\n  back: { foundation: late, structure: web1 }\n",
    );
    expect(problemsOf(waiting)).toMatchInlineSnapshot(
      `"site.yaml:46:3: what is built waits for itself in a circle: dependency 'back' → structure 'web1' → structure 'after' → foundation 'late' → dependency 'back' (cycle)"`,
    );
  });
});

describe("a structure and its foundation in different sites", () => {
  it("have each the variables of their own site, and of the site above both", () => {
    const { after } = applied(emptySnapshot(), designOf(site));
    const resolver = createResolver(after);
    expect(resolver.structure("web1").values).toMatchObject({ _site: "guests", tier: "guests", domain: "example.org" });
    expect(resolver.foundation("vm1").values).toMatchObject({ _site: "hosts", tier: "hosts", domain: "example.org" });
    expect(resolver.structure("web1").values).toMatchObject({ image: "debian", memory: 1024 });
    expect(resolver.structure("web1").explain["image"]?.from).toEqual([{ kind: "complex", name: "cluster" }]);
  });

  it("change each by their own", () => {
    const guests = designOf(edited("variables: { tier: guests }", "variables: { tier: customers }"));
    expect(planOf(built, guests)).toMatchInlineSnapshot(`
      "  ~ site       guests  variables.tier changed
              variables.tier: "guests" → "customers"
        ~ structure  web1    variable tier changed
              variables.tier: "guests" → "customers"

      Plan: 2 to change; 16 unchanged.
      "
    `);
    const hosts = designOf(edited("variables: { tier: hosts }", "variables: { tier: hypervisors }"));
    expect(planOf(built, hosts)).toMatchInlineSnapshot(`
      "  ~ site       hosts  variables.tier changed
              variables.tier: "hosts" → "hypervisors"
        ~ structure  host1  variable tier changed
              variables.tier: "hosts" → "hypervisors"
        ~ structure  host2  variable tier changed
              variables.tier: "hosts" → "hypervisors"

      Plan: 3 to change; 15 unchanged.
      "
    `);
  });
});

describe("keys with a class", () => {
  it("count for what stands on a foundation of it, whoever says the type", () => {
    const text = edited(
      'variables: { "image:Container": small, image: large }',
      'variables: { size: L, "size:Container": S }',
    )
      .replace("foundation_types: [docker]", "foundation_types: [docker, test]")
      .replace(
        "  web1: {",
        "  web2: { site: guests, blueprint: web, foundation: { type: test, blueprint: vm } }\n  web1: {",
      );
    const resolver = createResolver(applied(emptySnapshot(), designOf(text)).after);
    expect(["web1", "web2"].map((name) => resolver.structure(name).values["size"])).toEqual(["S", "L"]);
    const moved = text.replace("type: docker", "type: test");
    const replanned = createResolver(applied(emptySnapshot(), designOf(moved)).after);
    expect(replanned.structure("web1").values["size"]).toBe("L");
  });
});

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { ADMINISTRATOR } from "../access/testing.ts";
import {
  createInventoryService,
  createInventoryStore,
  inventoryMigrations,
  makeEdits,
  type Edit,
} from "../inventory/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError, problemText } from "../kernel/errors.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { migrate, openDatabase } from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import type { Catalogue } from "../tscript/index.ts";
import { createBlueprintImportService } from "./blueprint-import.ts";
import { readBlueprints } from "./blueprint-source.ts";
import type { ProfileTexts } from "./pxe-import.ts";
import { designMigrations } from "./store.ts";

const CATALOGUE: Catalogue = {
  foundation: {
    functions: { create: { parameters: {} }, power_on: { parameters: {} } },
    values: { name: "r", type: "r" },
  },
  config: { functions: {} },
};
const TYPES = ["docker", "ipmi", "manual", "test"];

async function openBench() {
  const clock = systemClock;
  const random = systemRandom;
  const database = await openDatabase(":memory:", { clock, log: silentLogger() });
  await migrate(database, [...eventMigrations, ...inventoryMigrations, ...designMigrations], clock);
  const bus = createInProcessBus(silentLogger());
  const inventory = createInventoryStore({ database, clock });
  const events = createEventStream({ database, bus, clock, random });
  const parts = { database, inventory, events, bus, clock, random };
  const { edit } = createInventoryService(parts);
  const known = () => ({ catalogue: CATALOGUE, foundationTypes: TYPES });
  const profiles = new Map<string, ProfileTexts>();
  const service = createBlueprintImportService({
    database,
    inventory,
    known,
    edit: (tx, principal, edits, options) => makeEdits(parts, tx, principal, edits, options),
    profiles: {
      list: () => Promise.resolve([...profiles.values()]),
      async save(_tx, _principal, saved) {
        for (const one of saved) profiles.set(one.name, one);
      },
      async remove(_tx, _principal, names) {
        for (const name of names) profiles.delete(name);
      },
    },
  });
  return {
    plan: (name: string, ...files: readonly SourceText[]) =>
      service.plan(ADMINISTRATOR, { name, bundle: bundleOf(files) }),
    apply: (name: string, ...files: readonly SourceText[]) =>
      service.apply(ADMINISTRATOR, { name, bundle: bundleOf(files) }),
    check: (...files: readonly SourceText[]) =>
      service.check(ADMINISTRATOR, files.length === 0 ? undefined : bundleOf(files)),
    edit: (...edits: readonly Edit[]) => edit(ADMINISTRATOR, edits),
    design: (...edits: readonly Edit[]) => edit(ADMINISTRATOR, edits, { managedBy: "design:shop" }),
    profiles,
    blueprints: async () => (await inventory.snapshot(ADMINISTRATOR.tenantId)).blueprints,
    async close() {
      await bus.close();
      await database.close();
    },
  };
}

type SourceText = readonly [path: string, text: string];

function bundleOf(files: readonly SourceText[]) {
  return { documents: files.map(([path, text]) => ({ path, text })), files: {} };
}

function linesOf({ text }: { readonly text: string }): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

async function problemsOf(promise: Promise<unknown>): Promise<readonly string[]> {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GantryError);
  return (error as GantryError).problems.map(problemText);
}

const BASE = `[structure.linux]
  description = 'Linux'
  scripts = { create = 'install', destroy = 'remove' }
[structure.linux.config_values]
  swap_size = 512
  'guest:Docker' = 'x'
  '>packages' = [ 'ssh' ]

[script.install]
  script = """# install
if ( foundation.type == 'Docker' ) then
  foundation.power_on()
elif ( 'VCenter' == foundation.type ) then
  vcenter.deploy()
elif ( foundation.type != "ManualComplex" ) then
  note = 'Docker'"""

[script.remove]
  script = 'foundation.power_on()'
`;
const DOCKER = `sflinks = [ [ 'linux', 'container' ], [ 'windows', 'container' ] ]
[foundation.container]
  foundation_types = [ 'Docker', 'Manual', 'ManualComplex', 'VCenter' ]
  scripts = { create = 'make' }
  template = {}
  physical_interface_names = [ 'eth0', 'eth1' ]
[script.make]
  script = '''
foundation.create()
'''
`;

let bench: Awaited<ReturnType<typeof openBench>>;

beforeEach(async () => {
  bench = await openBench();
});

afterEach(() => bench.close());

describe("an import of Contractor's files", () => {
  it("shows the plan, and what it writes otherwise, and changes nothing", async () => {
    const plan = await bench.plan("lab", ["base.toml", BASE], ["docker.toml", DOCKER]);
    expect(plan.notes.map(problemText)).toEqual([
      "base.toml:11:25: the foundation type 'Docker' is called 'docker' here: the comparison says so now (blueprint_rewritten)",
      "base.toml:15:27: the foundation type 'ManualComplex' is called 'manual' here: the comparison says so now (blueprint_rewritten)",
    ]);
    expect(linesOf(plan)).toEqual([
      "warning: base.toml:14:3: this needs a worker with the module vcenter: nobody here has it (module_elsewhere)",
      "warning: docker.toml:1:11: there is no blueprint 'windows': the link of 'windows' to 'container' is left out; import this again when it is there (blueprint_left_out)",
      "warning: docker.toml:2:1: blueprint 'container' is for foundations of type 'VCenter', for which there is no driver here: needs a worker that has one (module_elsewhere)",
      "  + blueprint  linux      new",
      "  + blueprint  container  new",
      "Plan: 2 to create.",
    ]);
    expect((await bench.blueprints()).size).toBe(0);
  });

  it("makes rows that belong to it, with the words of here", async () => {
    await bench.apply("lab", ["base.toml", BASE], ["docker.toml", DOCKER]);
    const blueprints = await bench.blueprints();
    expect(blueprints.get("linux")).toMatchObject({
      managedBy: "import:lab",
      builds: "structure",
      description: "Linux",
      variables: { swap_size: 512, "guest:Docker": "x", ">packages": ["ssh"] },
      foundationBlueprints: ["container"],
    });
    expect(blueprints.get("linux")?.scripts["create"]?.text).toBe(
      BASE.slice(BASE.indexOf("# install"), BASE.indexOf('"""\n\n[script.remove'))
        .replace("== 'Docker'", "== 'docker'")
        .replace('"ManualComplex"', '"manual"'),
    );
    expect(blueprints.get("container")).toMatchObject({
      builds: "foundation",
      foundationTypes: ["docker", "manual", "VCenter"],
      interfaces: ["eth0", "eth1"],
      hardware: null,
    });
    const again = await bench.apply("lab", ["base.toml", BASE], ["docker.toml", DOCKER]);
    expect([again.empty, linesOf(again).at(-1)]).toEqual([true, "Plan: no changes; 2 unchanged."]);
  });

  it("adds links to blueprints that came another way, and says what a design must add itself", async () => {
    await bench.apply("base", ["base.toml", BASE]);
    const plan = await bench.apply("docker", ["docker.toml", DOCKER]);
    expect(linesOf(plan).slice(-4)).toEqual([
      "  + blueprint  container  new",
      "  ~ blueprint  linux      stands on more foundation blueprints",
      "        foundationBlueprints: with container",
      "Plan: 1 to create, 1 to change.",
    ]);
    expect((await bench.blueprints()).get("linux")).toMatchObject({
      managedBy: "import:base",
      foundationBlueprints: ["container"],
    });
    for (const [name, text] of [
      ["base", BASE],
      ["docker", DOCKER],
    ] as const)
      expect((await bench.apply(name, [`${name}.toml`, text])).empty).toBe(true);
    await bench.design({ action: "create", kind: "blueprint", data: { name: "windows", builds: "structure" } });
    const other = await bench.apply("docker", ["docker.toml", DOCKER]);
    expect(linesOf(other).slice(-3)).toEqual([
      "  ? blueprint  windows  is managed by design shop; add to its foundation_blueprints there",
      "        foundationBlueprints: container stays away; the source has it",
      "Plan: no changes; 1 conflict; 1 unchanged.",
    ]);
    expect((await bench.blueprints()).get("windows")?.foundationBlueprints).toEqual([]);
  });

  it("changes, keeps and removes as every import does", async () => {
    await bench.apply("lab", ["base.toml", BASE], ["docker.toml", DOCKER]);
    await bench.edit({
      action: "merge",
      kind: "blueprint",
      name: "linux",
      version: null,
      patch: { description: "Ours" },
    });
    const plan = await bench.apply("lab", [
      "base.toml",
      BASE.replace("512", "1024").replace("'Linux'", "'GNU/Linux'").replace("  note =", "  text ="),
    ]);
    expect(linesOf(plan).filter((line) => !line.startsWith("warning"))).toEqual([
      expect.stringMatching(
        /^ {2}~ blueprint {2}linux {6}variables.swap_size, scripts.create and foundationBlueprints.container changed$/,
      ),
      "        variables.swap_size: 512 → 1024",
      expect.stringMatching(/^ {8}scripts.create: /),
      "        foundationBlueprints: without container",
      "  - blueprint  container  no longer in the source",
      "  ? blueprint  linux      changed by somebody else; it stays as it is",
      '        description: "Ours" stays; the source says "GNU/Linux"',
      "Plan: 1 to change, 1 to remove; 1 conflict.",
    ]);
  });

  it("makes boot profiles, and leaves those that somebody else made or changed", async () => {
    const file = (script: string, more = ""): SourceText => [
      "pxe.toml",
      `[pxe.normal]\nboot_script = 'sanboot'\n[pxe.wipe]\nboot_script = '${script}'\ntemplate = 't'\n${more}`,
    ];
    bench.profiles.set("normal", { name: "normal", script: "exit", template: "" });
    expect(linesOf(await bench.apply("lab", file("one")))).toEqual([
      "  + boot profile  wipe    new",
      "  ? boot profile  normal  is there already, with other texts; it stays as it is",
      "Plan: 1 to create; 1 conflict.",
    ]);
    expect(bench.profiles.get("wipe")).toEqual({ name: "wipe", script: "one", template: "t" });
    expect(linesOf(await bench.apply("lab", file("two"))).at(0)).toBe("  ~ boot profile  wipe    other texts");
    bench.profiles.set("wipe", { name: "wipe", script: "mine", template: "t" });
    expect((await bench.apply("lab", file("three"))).counts).toMatchObject({ change: 0, conflict: 2 });
    bench.profiles.set("wipe", { name: "wipe", script: "two", template: "t" });
    expect((await bench.apply("lab", file("three"))).counts).toMatchObject({ change: 1 });
    expect((await bench.apply("lab", ["pxe.toml", "[pxe.normal]\nboot_script = 'exit'\n"])).removes).toBe(true);
    expect([...bench.profiles.keys()]).toEqual(["normal"]);
    expect((await bench.apply("lab", ["pxe.toml", "[pxe.normal]\nboot_script = 'exit'\n"])).empty).toBe(true);
  });

  it("refuses all when a part is wrong, and says where each thing stands", async () => {
    const wrong = `[structur.x]
[structure.a]
  scripts = { create = 'instal' }
  parents = [ 'nobody' ]
[structure.b]
  descripton = 'x'
  config_values = { 'a b' = 1 }
[foundation.c]
  foundation_types = [ 'dokcer' ]
  template = { cpus = { coers = 4 } }
[script.install]
  script = """
foundation.create(
"""
`;
    expect(await problemsOf(bench.apply("lab", ["base.toml", BASE], ["wrong.toml", wrong]))).toEqual([
      "wrong.toml:1:1: 'structur' is not a part of a blueprint file; did you mean 'structure'? (unknown_key)",
      "wrong.toml:3:13: there is no script 'instal'; did you mean 'install'? (unknown_reference)",
      "wrong.toml:4:13: there is no blueprint 'nobody', in these files or in the inventory (unknown_reference)",
      "wrong.toml:6:3: 'descripton' is not a key of blueprint 'b'; did you mean 'description'? (unknown_key)",
      'wrong.toml:7:3: variable "a b" is not [OPERATOR]NAME[:CLASS]; "a_b" would be a name (variable_name_invalid)',
      "wrong.toml:8:1: blueprint 'c' is for foundations of type 'dokcer', for which there is no driver; did you mean 'docker'? (unknown_reference)",
      "wrong.toml:10:14: 'hardware.cpus.coers' of blueprint 'c' is not known here; did you mean 'cores'? (hardware_invalid)",
      "wrong.toml:11:1: there are two scripts 'install', first at base.toml:9:1 (duplicate_name)",
    ]);
    expect((await bench.blueprints()).size).toBe(0);
    expect(await problemsOf(bench.plan("lab", ["broken.toml", "a = 1\nb = = 2\n"]))).toEqual([
      expect.stringMatching(/^broken\.toml:2:\d+: .* \(toml_syntax\)$/),
    ]);
  });
});

const NATIVE = `design: shop
sites: { lab: {} }
blueprints:
  base:
    builds: structure
    scripts:
      create: |
        foundation.power_on()
  web:
    builds: structure
    parents: [base]
`;

describe("an import of native files", () => {
  it("takes the blueprints alone, which may build upon what is there", async () => {
    const plan = await bench.apply("native", ["site.yaml", NATIVE]);
    expect(linesOf(plan)).toEqual([
      "warning: site.yaml:2:1: 'sites' is left out: only blueprints are imported; `gantry up` applies the rest (blueprint_left_out)",
      "  + blueprint  base  new",
      "  + blueprint  web   new",
      "Plan: 2 to create.",
    ]);
    const child = "blueprints:\n  shop: { builds: structure, parents: [web] }\n";
    expect(linesOf(await bench.apply("more", ["more.yaml", child])).at(-1)).toBe("Plan: 1 to create.");
    expect(await problemsOf(bench.plan("more", ["more.yaml", child.replace("[web]", "[weeb]")]))).toEqual([
      "more.yaml:2:40: there is no blueprint 'weeb'; did you mean 'web'? (unknown_reference)",
    ]);
    const circle = NATIVE.replace("  base:\n", "  base:\n    parents: [web]\n");
    expect(await problemsOf(bench.plan("native", ["site.yaml", circle]))).toEqual([
      "site.yaml:4:3: blueprints build upon each other in a circle: base → web → base (cycle)",
    ]);
  });
});

describe("a file that would keep the server busy", () => {
  const wrong = (text: string): readonly string[] =>
    readBlueprints({ documents: [{ path: "a.toml", text }], files: {} }, { blueprints: new Map() }).problems.map(
      problemText,
    );

  it.each([
    ["a few", 70, "a.toml: keys are nested more than 60 levels deep (toml_syntax)"],
    ["many", 100_000, "a.toml:1:1: the line has more than 1000 dots (toml_syntax)"],
  ])("by keys of too many parts is refused: %s", (_, parts, said) => {
    expect(wrong(`a${".a".repeat(parts)} = 1`)).toEqual([said]);
    expect(wrong(`b = { a${".a".repeat(parts)} = 1 }`)).toEqual([said]);
  });

  it("by the places of many scripts is read", () => {
    const one = (name: string): string => `[script.${name}]\nscript = """\n# x\n"""\n`;
    expect(wrong(Array.from({ length: 3000 }, (__, index) => one(`s${index}`)).join(""))).toEqual([]);
  });
});

describe("a check", () => {
  it("tells every problem where it stands, and warns of what a worker may bring", async () => {
    const text = `blueprints:
  machine:
    builds: foundation
    foundation_types: [ipmmi, vcenter]
    hardware: { memory: 64 gigs }
    scripts:
      create: |
        foundation.pwr_on()
        fondation.power_on()
        vyos.apply()
        x = (1 +
`;
    const { problems, warnings } = await bench.check(["machine.yaml", text]);
    expect(problems.map(problemText)).toEqual([
      "machine.yaml:2:3: blueprint 'machine' is for foundations of type 'ipmmi', for which there is no driver; did you mean 'ipmi'? (unknown_reference)",
      "machine.yaml:5:25: 'hardware.memory' of blueprint 'machine' must be a size, like 64 GiB or 480 GB (hardware_invalid)",
      'machine.yaml:8:9: there is no function "foundation.pwr_on" (tscript_unknown_function)',
      'machine.yaml:9:9: there is no module "fondation" (tscript_unknown_module)',
      'machine.yaml:11:9: the name "x" is too short (tscript_syntax)',
    ]);
    expect(warnings.map(problemText)).toEqual([
      "machine.yaml:2:3: blueprint 'machine' is for foundations of type 'vcenter', for which there is no driver here: needs a worker that has one (module_elsewhere)",
      "machine.yaml:10:9: this needs a worker with the module vyos: nobody here has it (module_elsewhere)",
    ]);
    expect((await bench.blueprints()).size).toBe(0);
  });

  it("looks at what is in the inventory, too", async () => {
    await bench.apply(
      "lab",
      ["base.toml", BASE],
      ["docker.toml", DOCKER.replace("foundation.create()", "foundation.creat()")],
    );
    const { problems, warnings } = await bench.check();
    expect(problems.map(problemText)).toEqual([
      expect.stringMatching(/^docker\.toml:9:\d+: .*creat.* \(tscript_unknown_function\)$/),
    ]);
    expect(warnings.map(problemText)).toEqual([
      expect.stringMatching(/^base\.toml:14:3: this needs a worker with the module vcenter/),
      expect.stringMatching(/^container: blueprint 'container' is for foundations of type 'VCenter'/),
    ]);
  });
});

interface Vector {
  readonly name: string;
  readonly structure_blueprints: readonly string[];
  readonly foundation_blueprints: readonly string[];
  readonly pxes: readonly string[];
  readonly scripts: readonly { readonly name: string; readonly sha256: string }[];
}

const root = join(import.meta.dirname, "../..");
const folder = resolve(root, process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance", "tscript/blueprints");
const present = existsSync(folder);
if (!present) process.stderr.write(`skipped: no blueprints at ${folder}\n`);
const vectors = present ? (JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as Vector[]) : [];

describe.skipIf(!present)("Contractor's own blueprints", () => {
  const files = vectors.map(({ name }): SourceText => [name, readFileSync(join(folder, name), "utf8")]);

  it("are all imported, and a second time nothing changes", async () => {
    const plan = await bench.apply("contractor", ...files);
    const names = vectors.flatMap((one) => [...one.structure_blueprints, ...one.foundation_blueprints]);
    expect([...(await bench.blueprints()).keys()].sort()).toEqual(names.toSorted());
    const pxes = vectors.flatMap((one) => one.pxes);
    expect(plan.counts).toEqual({ create: names.length + pxes.length, change: 0, remove: 0, conflict: 0 });
    expect([...bench.profiles.keys()].sort()).toEqual(pxes.toSorted());
    expect((await bench.apply("contractor", ...files)).empty).toBe(true);
  });

  test.each(vectors)("$name comes alone, after what it builds upon", async ({ name }) => {
    await bench.apply("base", ...files.filter(([path]) => path === "core-base_os.toml"));
    if (name === "core-base_os.toml") return;
    await bench.apply(name.replace(/\..*/, ""), ...files.filter(([path]) => path === name));
    expect((await bench.apply(name.replace(/\..*/, ""), ...files.filter(([path]) => path === name))).empty).toBe(true);
  });

  it("keep their scripts letter by letter, but for types of foundations, and their boot scripts", () => {
    const read = readBlueprints(bundleOf(files), { blueprints: new Map() });
    expect(read.problems).toEqual([]);
    const taken = [...read.blueprints.values()].flatMap((one) => Object.values(one.scripts).map(({ text }) => text));
    const theirs = taken.map((text) => text.replaceAll("== 'docker'", "== 'Docker'"));
    const hashes = new Set(theirs.map((text) => createHash("sha256").update(text).digest("hex")));
    for (const { scripts } of vectors) for (const { sha256 } of scripts) expect(hashes).toContain(sha256);
    expect(read.pxes.map(({ name }) => name)).toEqual(vectors.flatMap(({ pxes }) => pxes));
    expect(read.notes.map(({ where }) => `${where?.file}:${where?.line}`)).toEqual([
      "core-base_os.toml:28",
      "core-base_os.toml:61",
    ]);
  });
});

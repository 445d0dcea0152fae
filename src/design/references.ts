import { findCycles } from "../blueprints/index.ts";
import { problem, type Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Parts } from "./build.ts";
import { CYCLE, UNKNOWN_REFERENCE } from "./errors.ts";
import { placeKey, type TargetKind } from "./model.ts";
import { SECTION_NAMES, type InterfaceEntry, type Section } from "./schema.ts";
import { kindTitle, TARGET_OF, type Sections, type Written } from "./sections.ts";

/** Every name that refers to nothing, with the nearest name that exists. */
export function checkReferences(sections: Sections, parts: Parts, problems: Problem[]): void {
  const { entries } = sections;
  // A foundation written inside a structure is defined too.
  const defined = new Map<Section, ReadonlySet<string>>(
    SECTION_NAMES.map((section) => [section, new Set(sections.defined[section].keys())]),
  );
  defined.set("blueprints", new Set([...sections.defined.blueprints.keys(), ...parts.blueprints.keys()]));
  defined.set("foundations", new Set([...sections.defined.foundations.keys(), ...parts.foundations.keys()]));

  function refer(
    written: Written<Section>,
    inside: readonly (string | number)[],
    section: Section,
    name: string | null | undefined,
  ): void {
    const known = defined.get(section);
    if (name === null || name === undefined || known === undefined || known.has(name)) return;
    const kind = kindTitle(TARGET_OF[section]);
    const near = nearest(name, known);
    const advice = near === undefined ? "" : `; did you mean '${near}'?`;
    const place = written.document.placeOf([...written.path, ...inside]);
    problems.push(problem(UNKNOWN_REFERENCE, `there is no ${kind} '${name.slice(0, 80)}'${advice}`, place));
  }
  function referEach(written: Written<Section>, key: string, section: Section, names: readonly string[]): void {
    for (const [index, name] of names.entries()) refer(written, [key, index], section, name);
  }
  function referInterfaces(
    written: Written<Section>,
    inside: readonly string[],
    interfaces: Readonly<Record<string, InterfaceEntry>>,
  ): void {
    for (const [device, { network, link }] of Object.entries(interfaces)) {
      refer(written, [...inside, "interfaces", device, "network"], "networks", network);
      refer(written, [...inside, "interfaces", device, "link"], "links", link);
    }
  }

  for (const written of entries.zones.values()) refer(written, ["parent"], "zones", written.value.parent);
  for (const written of entries.sites.values()) {
    refer(written, ["parent"], "sites", written.value.parent);
    refer(written, ["zone"], "zones", written.value.zone);
  }
  for (const written of entries.networks.values()) refer(written, ["site"], "sites", written.value.site);
  for (const written of entries.links.values()) {
    refer(written, ["site"], "sites", written.value.site);
    referEach(written, "networks", "networks", written.value.networks);
    refer(written, ["trunking", "native"], "networks", written.value.trunking.native);
  }
  for (const written of entries.address_blocks.values()) {
    refer(written, ["site"], "sites", written.value.site);
    refer(written, ["network"], "networks", written.value.network);
  }
  for (const written of entries.groups.values()) {
    refer(written, ["parent"], "groups", written.value.parent);
    referEach(written, "includes", "groups", written.value.includes);
  }
  for (const written of entries.blueprints.values()) {
    referEach(written, "parents", "blueprints", written.value.parents);
    referEach(written, "foundation_blueprints", "blueprints", written.value.foundation_blueprints);
  }
  for (const written of entries.foundations.values()) {
    refer(written, ["site"], "sites", written.value.site);
    refer(written, ["blueprint"], "blueprints", written.value.blueprint);
    refer(written, ["complex"], "complexes", written.value.complex);
    referInterfaces(written, [], written.value.interfaces);
  }
  for (const written of entries.complexes.values()) {
    refer(written, ["site"], "sites", written.value.site);
    referEach(written, "members", "structures", written.value.members);
  }
  for (const written of entries.dependencies.values()) {
    refer(written, ["foundation"], "foundations", written.value.foundation);
    refer(written, ["structure"], "structures", written.value.structure);
    refer(written, ["dependency"], "dependencies", written.value.dependency);
    refer(written, ["script_structure"], "structures", written.value.script_structure);
  }
  for (const written of entries.structures.values()) {
    const { value } = written;
    refer(written, ["site"], "sites", value.site);
    refer(written, ["blueprint"], "blueprints", value.blueprint);
    if (typeof value.foundation === "string") refer(written, ["foundation"], "foundations", value.foundation);
    else if (value.foundation !== null && value.foundation !== undefined) {
      refer(written, ["foundation", "blueprint"], "blueprints", value.foundation.blueprint);
      refer(written, ["foundation", "complex"], "complexes", value.foundation.complex);
      referInterfaces(written, ["foundation"], value.foundation.interfaces);
    }
    for (const [index, { block }] of value.addresses.entries())
      refer(written, ["addresses", index, "block"], "address_blocks", block);
    referEach(written, "depends_on", "structures", value.depends_on);
    refer(written, ["parent"], "structures", value.parent);
    referEach(written, "groups", "groups", value.groups);
    refer(written, ["zone"], "zones", value.zone);
    referInterfaces(written, [], value.interfaces);
  }
}

/** Cycles of sites, zones, groups, blueprints, hosts and dependencies, each named as the path that closes. */
export function checkCycles(parts: Parts, problems: Problem[]): void {
  const includers = new Map<string, string[]>();
  for (const { name, includes } of parts.groups.values())
    for (const included of includes) includers.set(included, [...(includers.get(included) ?? []), name]);
  const trees: readonly Tree[] = [
    { target: "site", what: "sites lie within each other", things: parts.sites, next: (name) => up(parts.sites, name) },
    { target: "zone", what: "zones lie within each other", things: parts.zones, next: (name) => up(parts.zones, name) },
    {
      target: "group",
      what: "groups lie within each other",
      things: parts.groups,
      next: (name) => [...up(parts.groups, name), ...(includers.get(name) ?? [])],
    },
    {
      target: "blueprint",
      what: "blueprints build upon each other",
      things: parts.blueprints,
      next: (name) => parts.blueprints.get(name)?.parents ?? [],
    },
    {
      target: "structure",
      what: "structures host each other",
      things: parts.structures,
      next: (name) => up(parts.structures, name),
    },
    {
      target: "structure",
      what: "structures depend on each other",
      things: parts.structures,
      next: (name) => parts.structures.get(name)?.dependsOn ?? [],
    },
  ];
  for (const { target, what, things, next } of trees) {
    for (const cycle of findCycles(things.keys(), next)) {
      const place = parts.places.get(placeKey(target, cycle[0] ?? ""));
      problems.push(problem(CYCLE, `${what} in a circle: ${cycle.join(" → ")}`, place));
    }
  }
}

interface Tree {
  readonly target: TargetKind;
  readonly what: string;
  readonly things: ReadonlyMap<string, unknown>;
  /** What something lies in or waits for. */
  readonly next: (name: string) => readonly string[];
}

function up(things: ReadonlyMap<string, { readonly parent: string | null }>, name: string): readonly string[] {
  const parent = things.get(name)?.parent;
  return typeof parent === "string" ? [parent] : [];
}

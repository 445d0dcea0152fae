import { findCycles } from "../blueprints/index.ts";
import { problem, type Place, type Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Parts } from "./build.ts";
import { CYCLE, UNKNOWN_REFERENCE } from "./errors.ts";
import { placeKey } from "./model.ts";
import type { Section } from "./schema.ts";
import { kindTitle, TARGET_OF, type Sections, type Written } from "./sections.ts";

/** Every name that refers to nothing, with the nearest name that exists. */
export function checkReferences(sections: Sections, parts: Parts, problems: Problem[]): void {
  const { entries } = sections;
  // A foundation written inside a structure is defined too.
  const defined: Readonly<Record<Section, ReadonlySet<string>>> = {
    sites: new Set(sections.defined.sites.keys()),
    address_blocks: new Set(sections.defined.address_blocks.keys()),
    blueprints: new Set(sections.defined.blueprints.keys()),
    foundations: new Set([...sections.defined.foundations.keys(), ...parts.foundations.keys()]),
    structures: new Set(sections.defined.structures.keys()),
  };

  function refer(
    written: Written<Section>,
    inside: readonly (string | number)[],
    section: Section,
    name: string | null | undefined,
  ): void {
    if (name === null || name === undefined || defined[section].has(name)) return;
    const kind = kindTitle(TARGET_OF[section]);
    const near = nearest(name, defined[section].keys());
    const advice = near === undefined ? "" : `; did you mean '${near}'?`;
    const place = written.document.placeOf([...written.path, ...inside]);
    problems.push(problem(UNKNOWN_REFERENCE, `there is no ${kind} '${name.slice(0, 80)}'${advice}`, place));
  }

  for (const written of entries.sites.values()) refer(written, ["parent"], "sites", written.value.parent);
  for (const written of entries.address_blocks.values()) refer(written, ["site"], "sites", written.value.site);
  for (const written of entries.blueprints.values()) {
    for (const [index, parent] of written.value.parents.entries())
      refer(written, ["parents", index], "blueprints", parent);
    for (const [index, name] of written.value.foundation_blueprints.entries()) {
      refer(written, ["foundation_blueprints", index], "blueprints", name);
    }
  }
  for (const written of entries.foundations.values()) {
    refer(written, ["site"], "sites", written.value.site);
    refer(written, ["blueprint"], "blueprints", written.value.blueprint);
  }
  for (const written of entries.structures.values()) {
    const { value } = written;
    refer(written, ["site"], "sites", value.site);
    refer(written, ["blueprint"], "blueprints", value.blueprint);
    if (typeof value.foundation === "string") refer(written, ["foundation"], "foundations", value.foundation);
    else refer(written, ["foundation", "blueprint"], "blueprints", value.foundation.blueprint);
    for (const [index, { block }] of value.addresses.entries())
      refer(written, ["addresses", index, "block"], "address_blocks", block);
    for (const [index, name] of value.depends_on.entries()) refer(written, ["depends_on", index], "structures", name);
  }
}

/** Cycles of sites, blueprints and dependencies, each named as the path that closes. */
export function checkCycles(parts: Parts, problems: Problem[]): void {
  function report(
    cycles: readonly (readonly string[])[],
    what: string,
    placeOf: (name: string) => Place | undefined,
  ): void {
    for (const cycle of cycles) {
      problems.push(problem(CYCLE, `${what} in a circle: ${cycle.join(" → ")}`, placeOf(cycle[0] ?? "")));
    }
  }
  const parentOf = (name: string): readonly string[] => {
    const parent = parts.sites.get(name)?.parent;
    return typeof parent === "string" ? [parent] : [];
  };
  report(findCycles(parts.sites.keys(), parentOf), "sites lie within each other", (name) =>
    parts.places.get(placeKey("site", name)),
  );
  report(
    findCycles(parts.blueprints.keys(), (name) => parts.blueprints.get(name)?.parents ?? []),
    "blueprints build upon each other",
    (name) => parts.places.get(placeKey("blueprint", name)),
  );
  report(
    findCycles(parts.structures.keys(), (name) => parts.structures.get(name)?.dependsOn ?? []),
    "structures depend on each other",
    (name) => parts.places.get(placeKey("structure", name)),
  );
}

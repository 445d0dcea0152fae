import { lineage, placeInOrigin, type Blueprint, type SourceText } from "../blueprints/index.ts";
import { problem, type Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { checkTemplate } from "../templates/index.ts";
import { parse } from "../tscript/index.ts";
import type { Parts } from "./build.ts";
import { UNKNOWN_REFERENCE } from "./errors.ts";
import type { Sections } from "./sections.ts";

/** The syntax of every template, at its place in the document or file it is written in. */
export function checkTemplates(parts: Parts, problems: Problem[]): void {
  for (const { text, origin } of eachOnce(
    [...parts.blueprints.values()].flatMap((one) => Object.values(one.templates)),
  )) {
    const found = checkTemplate(text);
    if (found !== undefined)
      problems.push({ ...found, where: placeInOrigin(origin, found.where?.line ?? 1, found.where?.column) });
  }
}

/** Scripts that name a template, as a plain text, which the blueprint they are run for does not have. */
export function checkTemplateNames(sections: Sections, parts: Parts, problems: Problem[]): void {
  const { blueprints } = parts;
  const parents = new Set([...blueprints.values()].flatMap((one) => one.parents));
  const built = new Set([...parts.foundations.values(), ...parts.structures.values()].map((one) => one.blueprint));
  const named = new Map<SourceText, readonly NamedTemplate[]>();
  function templatesOf(script: SourceText): readonly NamedTemplate[] {
    const known = named.get(script) ?? namedTemplates(script);
    named.set(script, known);
    return known;
  }
  for (const blueprint of blueprints.values()) {
    // What others only build upon may leave a template to them.
    if (parents.has(blueprint.name) && !built.has(blueprint.name)) continue;
    const line = lineage(blueprints, blueprint.name);
    if (line.some((one) => one.parents.some((parent) => !blueprints.has(parent)))) continue;
    // As written: a template whose file is missing is said to be missing there.
    const there = line.flatMap((one) => Object.keys(sections.entries.blueprints.get(one.name)?.value.templates ?? {}));
    for (const script of scriptsOf(line)) {
      for (const { name, at } of templatesOf(script)) {
        if (there.includes(name)) continue;
        const near = nearest(name, there);
        const message = `the blueprint '${blueprint.name}' has no template '${name.slice(0, 80)}'${near === undefined ? "" : `; did you mean '${near}'?`}`;
        problems.push(problem(UNKNOWN_REFERENCE, message, placeInOrigin(script.origin, at.line, at.column)));
      }
    }
  }
}

interface NamedTemplate {
  readonly name: string;
  readonly at: { readonly line: number; readonly column: number };
}

/** The scripts a blueprint has: of those of one name, the nearest. */
function scriptsOf(line: readonly Blueprint[]): Iterable<SourceText> {
  return new Map(line.flatMap((one) => Object.entries(one.scripts))).values();
}

function namedTemplates({ text, origin }: SourceText): readonly NamedTemplate[] {
  if (!text.includes("template")) return [];
  const { partial, places } = parse(text, { file: origin.file });
  const found: NamedTemplate[] = [];
  // The tree is plain data of bounded depth: calls are found wherever they stand.
  function visit(node: unknown): void {
    if (typeof node !== "object" || node === null) return;
    const { type, module, args } = node as {
      type?: unknown;
      module?: unknown;
      args?: Readonly<Record<string, Literal>>;
    };
    const template = type === "call" && module === "agent" ? args?.["template"] : undefined;
    if (template?.type === "string" && typeof template.value === "string")
      found.push({ name: template.value, at: places.of(template) });
    for (const inner of Object.values(node)) visit(inner);
  }
  visit(partial);
  return found;
}

interface Literal {
  readonly type: string;
  readonly value?: unknown;
}

/** A file that several blueprints name is looked at once. */
function eachOnce(texts: readonly SourceText[]): Iterable<SourceText> {
  return new Map(texts.map((one) => [`${one.origin.file}\n${one.origin.line}\n${one.origin.column}`, one])).values();
}

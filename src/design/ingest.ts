import type { Blueprint } from "../blueprints/index.ts";
import { GantryError, problemText, type Problem } from "../kernel/errors.ts";
import { formatAddress, parseAddress, blockText, parseBlock } from "../network/index.ts";
import type { Catalogue } from "../tscript/index.ts";
import { checkAddresses } from "./addresses.ts";
import { type AttributeCheck, checkAttributes } from "./attributes.ts";
import { buildParts, type Parts, type RefusedFile } from "./build.ts";
import { readDocuments, sizeProblem, type ReadDocuments } from "./documents.ts";
import { checkFieldSchemas } from "./custom-fields.ts";
import { checkDependencies, checkWaiting } from "./dependencies.ts";
import { checkFitting } from "./fitting.ts";
import { DESIGN_INVALID } from "./errors.ts";
import type { Design, Ingested } from "./model.ts";
import { checkInterfaces } from "./interfaces.ts";
import { checkCycles, checkReferences } from "./references.ts";
import type { Bundle } from "./schema.ts";
import { checkScripts } from "./scripts.ts";
import { checkTemplateNames, checkTemplates } from "./templates.ts";
import { collectSections } from "./sections.ts";
import { checkResolution, checkVariableKeys } from "./variables.ts";
import { checkZones } from "./zones.ts";

export interface IngestOptions {
  /** Modules scripts may call. Absent: not known, so only the language is checked. */
  readonly catalogue?: Catalogue;
  /** The drivers there are. Absent: not known. */
  readonly foundationTypes?: readonly string[];
  /** What a driver would say of the attributes of a foundation of its type. Absent: not known. */
  readonly attributeProblems?: AttributeCheck;
  /** Blueprints that came another way (an import, a person, another design), which the design of this name may build upon and use. */
  readonly blueprintsBeside?: (design: string | undefined) => ReadonlyMap<string, Blueprint>;
  /** Why files are not in the bundle, by path. */
  readonly refused?: ReadonlyMap<string, RefusedFile>;
  /** The documents of the bundle, when they were read already. */
  readonly read?: ReadDocuments;
}

const NO_BLUEPRINTS: ReadonlyMap<string, Blueprint> = new Map();

/**
 * Makes a design of documents. Finds all that is wrong with them at once, each with its place; gives a design only when nothing is.
 * Pure: the same bundle gives the same design, anywhere.
 */
export function ingest(bundle: Bundle, options: IngestOptions = {}): Ingested {
  const tooLarge = sizeProblem([...bundle.documents.map(({ text }) => text), ...Object.values(bundle.files)]);
  if (tooLarge !== undefined) return { design: null, problems: [tooLarge], warnings: [] };
  const { documents, complete, problems: unreadable } = options.read ?? readDocuments(bundle.documents);
  const problems: Problem[] = [...unreadable];
  const warnings: Problem[] = [];

  const sections = collectSections(documents, problems);
  const parts = buildParts(
    sections,
    { files: bundle.files, ...(options.refused && { refused: options.refused }) },
    problems,
  );
  const beside = options.blueprintsBeside?.(sections.design) ?? NO_BLUEPRINTS;
  const all: Parts = beside.size === 0 ? parts : { ...parts, blueprints: new Map([...beside, ...parts.blueprints]) };
  // What a document that cannot be read defines is not known: nothing can be said about references then.
  if (complete) {
    checkReferences(sections, all, problems);
    checkTemplateNames(sections, parts, problems);
  }
  checkCycles(parts, problems);
  checkWaiting(parts, problems);
  checkDependencies(sections, all, problems);
  checkVariableKeys(sections, problems);
  checkInterfaces(sections, parts, problems);
  checkZones(parts, problems);
  checkFieldSchemas(parts, problems);
  checkAddresses(sections, parts, problems);
  checkAttributes(sections, parts, options.attributeProblems, problems);
  checkFitting(parts, all.blueprints, options, problems, warnings);
  checkScripts(parts, options.catalogue, problems);
  checkTemplates(parts, problems);
  // Layers are put together only when they are sound: else the same would be said again of everything built on them.
  if (problems.length === 0) checkResolution(all, problems);

  const order = new Map(bundle.documents.map(({ path }, index) => [path, index]));
  const sorted = sortProblems(problems, order);
  const design = sorted.length === 0 && sections.design !== undefined ? makeDesign(sections.design, parts) : null;
  return { design, problems: sorted, warnings: sortProblems(warnings, order) };
}

/** The design of what was read. Throws `design_invalid` with every problem when it has none. */
export function designOf(ingested: Ingested): Design {
  const { design, problems } = ingested;
  if (design !== null) return design;
  const [first] = problems;
  const message =
    problems.length === 1 && first !== undefined ? problemText(first) : `${problems.length} problems in the documents`;
  throw new GantryError(DESIGN_INVALID, message, { problems });
}

/** The design of this name that asks for nothing: its plan takes everything down. */
export function emptyDesign(name: string): Design {
  return {
    name,
    tenant: null,
    fieldSchemas: new Map(),
    zones: new Map(),
    sites: new Map(),
    networks: new Map(),
    links: new Map(),
    addressBlocks: new Map(),
    groups: new Map(),
    blueprints: new Map(),
    complexes: new Map(),
    foundations: new Map(),
    structures: new Map(),
    dependencies: new Map(),
    interfaces: new Map(),
    places: new Map(),
  };
}

/** Addresses and subnets in their one canonical form, so that they can be compared as texts. */
function makeDesign(name: string, parts: Parts): Design {
  const address = (text: string): string => formatAddress(parseAddress(text));
  return {
    name,
    ...parts,
    addressBlocks: new Map(
      [...parts.addressBlocks].map(([key, block]) => [
        key,
        {
          ...block,
          subnet: blockText(parseBlock(block.subnet)),
          gateway: block.gateway === null ? null : address(block.gateway),
        },
      ]),
    ),
    structures: new Map(
      [...parts.structures].map(([key, structure]) => [
        key,
        {
          ...structure,
          addresses: structure.addresses.map((one) => ({
            ...one,
            address: one.address === null ? null : address(one.address),
          })),
        },
      ]),
    ),
  };
}

/** In the order of the documents, other files behind them by name, and within a file by line and column. The same is said once. */
export function sortProblems(problems: readonly Problem[], order: ReadonlyMap<string, number>): readonly Problem[] {
  const seen = new Set<string>();
  const unique = problems.filter((one) => {
    const key = JSON.stringify([one.where?.file, one.where?.line, one.where?.column, one.code, one.message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return unique.sort((a, b) => {
    const [left, right] = [a.where?.file ?? "", b.where?.file ?? ""];
    if (left !== right) {
      const [first, second] = [order.get(left) ?? order.size, order.get(right) ?? order.size];
      return first === second ? (left < right ? -1 : 1) : first - second;
    }
    return (a.where?.line ?? 0) - (b.where?.line ?? 0) || (a.where?.column ?? 0) - (b.where?.column ?? 0);
  });
}

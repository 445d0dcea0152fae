import {
  builtIn,
  classesOf,
  complexOf,
  foundationOf,
  textOf,
  type FoundationData,
  type StructureData,
  type World,
} from "../inventory/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Layer } from "../variables/index.ts";
import { holdsFile } from "./ansible-files.ts";
import { isPlain } from "./ansible-values.ts";

/** What a host says itself, above all that it shares with others. Pure. */
export interface OwnSayings {
  /** First applied first. Taken apart at every call, so that those of many hosts are not held at once. */
  layers(structure: StructureData): readonly Layer[];
  glance(structure: StructureData): Glance;
  classes(structure: StructureData): readonly string[];
}

/** What is seen without taking it apart. Either may be said too often, and never too seldom. */
export interface Glance {
  /** Operators or classes may be among the names. */
  readonly special: boolean;
  /** A file may be among the values. */
  readonly files: boolean;
}

export function createOwnSayings(world: World, options: { readonly builtIn: boolean }): OwnSayings {
  return {
    layers(structure) {
      const foundation = foundationOf(world, structure);
      const layers: Layer[] = [];
      const complex = complexOf(world, foundation);
      if (complex !== undefined)
        layers.push({ source: { kind: "complex", name: complex.name }, values: complex.attributes });
      if (foundation !== undefined)
        layers.push({ source: { kind: "foundation", name: foundation.name }, values: foundation.attributes });
      layers.push({ source: { kind: "structure", name: structure.name }, values: variablesOf(structure) });
      if (options.builtIn)
        layers.push({ source: { kind: "built_in", name: "structure" }, values: builtIn(world, structure) });
      return layers;
    },
    glance(structure) {
      const foundation = foundationOf(world, structure);
      const own = glanceAt(textOf(structure, "variables"), () => structure.variables);
      if (foundation === undefined) return own;
      const below = glanceAt(textOf(foundation, "attributes"), () => foundation.attributes);
      const complex = complexOf(world, foundation);
      const offered = complex === undefined ? below : glanceAt(textOf(complex, "attributes"), () => complex.attributes);
      return {
        special: own.special || below.special || offered.special,
        files: own.files || below.files || offered.files,
      };
    },
    classes: (structure) => classesOf(foundationOf<FoundationData>(world, structure)?.type),
  };
}

/** Rows that were read keep their text: it is parsed for this alone. */
function variablesOf(structure: StructureData): JsonObject {
  const text = textOf(structure, "variables");
  return text === undefined ? structure.variables : (JSON.parse(text) as JsonObject);
}

/** As JSON has it, a name that begins with an operator or ends with a class. */
const SPECIAL_NAME = /"[<>~-]|:[A-Za-z0-9]+"\s*:/;

function glanceAt(text: string | undefined, values: () => JsonObject): Glance {
  if (text !== undefined) return { special: SPECIAL_NAME.test(text), files: text.includes('"$file"') };
  return { special: !isPlain(values()), files: holdsFile(values()) };
}

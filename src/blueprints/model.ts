import type { Place } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";

export type Builds = "foundation" | "structure";

/**
 * Where a text stands: its first line is `line` of `file`, and its column 1 is `column` there, on every line. When `exact` is false
 * (a folded or escaped YAML scalar) only the beginning is known.
 */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly exact: boolean;
}

/** A script or a template. */
export interface SourceText {
  readonly text: string;
  readonly origin: Origin;
}

/** How a foundation or a structure is made. Names are unique in a tenant. */
export interface Blueprint {
  readonly name: string;
  readonly builds: Builds;
  readonly description: string;
  /** Names of the blueprints this one builds upon; of two, the later one wins. */
  readonly parents: readonly string[];
  readonly variables: JsonObject;
  readonly scripts: Readonly<Record<string, SourceText>>;
  readonly templates: Readonly<Record<string, SourceText>>;
  /** For foundations: the types (drivers) it fits. Empty: as its parents say, or any. */
  readonly foundationTypes: readonly string[];
  /** For structures: the foundation blueprints it may stand on. Empty: as its parents say, or any. */
  readonly foundationBlueprints: readonly string[];
  /** For foundations: the devices of the physical interfaces it has. Empty: as its parents say. */
  readonly interfaces: readonly string[];
  /** For foundations: what the machine must have (`hardware.ts`). Null: as its parents say. */
  readonly hardware: JsonObject | null;
  /** Jobs of the foreman at one time for what is made by it or by what builds upon it. Null: as many as elsewhere. */
  readonly maxJobs: number | null;
}

export type Blueprints = ReadonlyMap<string, Blueprint>;

/** The script every blueprint needs, itself or through a parent. */
export const CREATE = "create";

/** The script that brings what is built up to date. Without one, `create` does. */
export const UPDATE = "update";

/** The script that takes down. Without one, nothing needs to be done. */
export const DESTROY = "destroy";

/** Where line and column of a text (both from 1) stand in the file the user wrote. */
export function placeInOrigin(origin: Origin, line: number, column?: number): Place {
  if (!origin.exact) return { file: origin.file, line: origin.line, column: origin.column };
  const place = { file: origin.file, line: origin.line + line - 1 };
  return column === undefined ? place : { ...place, column: origin.column + column - 1 };
}

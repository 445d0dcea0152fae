import type { GroupData, World } from "../inventory/index.ts";
import { GantryError, type Place } from "../kernel/errors.ts";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import { applyOverlay, parseKey } from "../variables/index.ts";
import type { ConfigurationRecord } from "./ansible-render.ts";
import { CONFIGURATION_FILE_INVALID } from "./errors.ts";
import type { GitFiles, GitReader } from "./git.ts";
import { parseYamlText } from "./import-yaml.ts";

/** A world whose groups have the configuration that was elsewhere. */
export interface Configured<W extends World> {
  readonly world: W;
  readonly records: readonly ConfigurationRecord[];
}

/**
 * Fetches the configuration of groups and puts it under their own variables.
 *
 * Errors: as `GitReader.read`, with the group's name.
 */
export async function configured<W extends World>(
  world: W,
  groups: Iterable<string>,
  git: GitReader,
): Promise<Configured<W>> {
  const changed = new Map<string, GroupData>();
  const records: ConfigurationRecord[] = [];
  for (const name of groups) {
    const group = world.groups.get(name);
    if (group === undefined || group.configuration === null) continue;
    try {
      const found = await git.read(group.configuration);
      changed.set(name, { ...group, variables: underlaid(group.variables, variablesOf(found)) });
      records.push({ group: name, ...group.configuration, commit: found.commit });
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      throw new GantryError(error.kind, `group ${name}: ${error.message}`, { cause: error, ...placeOf(error) });
    }
  }
  if (changed.size === 0) return { world, records };
  return { world: { ...world, groups: new Map([...world.groups, ...changed]) }, records };
}

/** The variables of files, the later name over the earlier one. Errors: `configuration_file_invalid`. */
export function variablesOf({ files }: GitFiles): JsonObject {
  const variables: Record<string, JsonObject[string]> = {};
  for (const { path, text } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const value = parsed(path, text);
    if (value === null) continue;
    if (!isJsonObject(value)) throw new GantryError(CONFIGURATION_FILE_INVALID, `${path} is no map of variables`);
    for (const [name, said] of Object.entries(value)) {
      const key = parseKey(name);
      if (key === undefined || key.operator !== "set" || key.class !== undefined)
        throw new GantryError(
          CONFIGURATION_FILE_INVALID,
          `${path}: '${name.slice(0, 80)}' is no name of a variable (letters, digits, _ and -)`,
        );
      variables[name] = said;
    }
  }
  return variables;
}

function parsed(path: string, text: string): ReturnType<typeof parseYamlText>["value"] {
  try {
    return parseYamlText(text, path).value;
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    throw new GantryError(CONFIGURATION_FILE_INVALID, `${path}: ${error.message}`, { cause: error, ...placeOf(error) });
  }
}

function placeOf({ where }: GantryError): { readonly where?: Place } {
  return where === undefined ? {} : { where };
}

/**
 * A group's own variables over those of its configuration, as one set: it resolves as two layers would. What an operator makes of a
 * configured value is worked out here, as nothing below the group can change it any more.
 */
export function underlaid(own: JsonObject, configuration: JsonObject): JsonObject {
  const values: Record<string, JsonObject[string]> = { ...configuration };
  for (const [text, value] of Object.entries(own)) {
    const key = parseKey(text);
    // For one class only: it stays as it is said, and comes after the value without one.
    if (key === undefined || key.class !== undefined || !Object.hasOwn(configuration, key.name)) values[text] = value;
  }
  for (const name of Object.keys(configuration)) {
    const said = Object.entries(own).filter(([text]) => {
      const key = parseKey(text);
      return key?.name === name && key.class === undefined;
    });
    if (said.length === 0) continue;
    const after = applyOverlay({ [name]: configuration[name]! }, Object.fromEntries(said));
    delete values[name];
    if (Object.hasOwn(after, name)) values[name] = after[name]!;
    else values[`~${name}`] = null;
  }
  return values;
}

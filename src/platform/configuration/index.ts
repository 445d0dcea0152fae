import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { z } from "zod";
import { GantryError, messageOf, problem, problemText, type Place, type Problem } from "../../kernel/errors.ts";
import { nearest } from "../../kernel/nearest.ts";
import { CONFIGURATION_INVALID } from "./errors.ts";
import { SETTING_NAMES } from "./names.ts";

export { CONFIGURATION_INVALID, SETTING_NAMES };

/** The file of this machine: for the server, the agent and the worker that run on it. */
export const MACHINE_FILE = "/etc/gantry/config.yaml";

/** Files with settings, the strongest first: the one that the environment names, alone; else those of `own`, and the machine's. */
export function configurationFiles(environment: NodeJS.ProcessEnv, own: readonly string[] = []): readonly string[] {
  const named = environment["GANTRY_CONFIG"];
  return named === undefined || named === "" ? [...own, MACHINE_FILE] : [named];
}

/** One setting: its name in the file (`log_level`), its form, and its default. Its environment variable is `GANTRY_LOG_LEVEL`. */
export interface Setting<Value> {
  /** Takes what a flag or the environment gives (text, or several texts), and what the file gives. */
  readonly schema: z.ZodType<Value>;
  readonly fallback: Value;
  /** One line, for the documentation. */
  readonly summary: string;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

export type Configuration<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer Value> ? Value : never;
};

export type Source = "flag" | "environment" | "file" | "default";

export interface Resolved<S extends Settings> {
  readonly values: Configuration<S>;
  /** Where each value came from. */
  readonly sources: Readonly<Record<keyof S, Source>>;
}

/**
 * Settles every setting: flag before environment before file before default; of two files the first that has it. All that is wrong is reported
 * at once. The machine's file is passed over where it may not be read: it is root's then, and not for this user.
 *
 * Errors: `configuration_invalid` with each problem and its place.
 */
export async function resolveConfiguration<S extends Settings>(
  settings: S,
  given: {
    readonly flags: Readonly<Record<string, unknown>>;
    readonly environment: NodeJS.ProcessEnv;
    /** The strongest first. Those that are not there say nothing. */
    readonly files?: readonly string[];
  },
): Promise<Resolved<S>> {
  const problems: Problem[] = [];
  const file = new Map<string, Entry>();
  for (const path of given.files ?? [])
    for (const [name, entry] of await readSettings(path, settings, problems))
      if (!file.has(name)) file.set(name, entry);
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const variable = environmentName(name);
    const inEnvironment = given.environment[variable];
    const inFile = file.get(name);
    if (given.flags[name] !== undefined) {
      sources[name] = "flag";
      values[name] = settle(setting, given.flags[name], `--${name.replaceAll("_", "-")}`, undefined, problems);
    } else if (inEnvironment !== undefined && inEnvironment !== "") {
      sources[name] = "environment";
      values[name] = settle(setting, inEnvironment, variable, undefined, problems);
    } else if (inFile !== undefined) {
      sources[name] = "file";
      values[name] = settle(setting, inFile.value, name, inFile.place, problems);
    } else {
      sources[name] = "default";
      values[name] = setting.fallback;
    }
  }
  if (problems.length > 0) {
    throw new GantryError(CONFIGURATION_INVALID, problems.map(problemText).join("; "), { problems });
  }
  return { values: values as Configuration<S>, sources: sources as Record<keyof S, Source> };
}

export function environmentName(setting: string): string {
  return `GANTRY_${setting.toUpperCase()}`;
}

interface Entry {
  readonly value: unknown;
  readonly place: Place;
}

function settle(
  setting: Setting<unknown>,
  value: unknown,
  name: string,
  place: Place | undefined,
  problems: Problem[],
): unknown {
  const parsed = setting.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  problems.push(
    problem(CONFIGURATION_INVALID, `${name}: ${parsed.error.issues.map((issue) => issue.message).join(", ")}`, place),
  );
  return setting.fallback;
}

async function textOf(path: string): Promise<string | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (path === MACHINE_FILE && code === "EACCES") return undefined;
    throw new GantryError(CONFIGURATION_INVALID, `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
      where: { file: path },
    });
  }
}

async function readSettings(path: string, settings: Settings, problems: Problem[]): Promise<Map<string, Entry>> {
  const text = await textOf(path);
  if (text === undefined) return new Map();
  // Most agents have no such file: they are spared the parser.
  const { isMap, isScalar, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 0 } as never);
  function place(offset: number | undefined): Place {
    if (offset === undefined) return { file: path };
    const { line, col } = lines.linePos(offset);
    return { file: path, line, column: col };
  }
  const entries = new Map<string, Entry>();
  for (const error of document.errors)
    problems.push(problem(CONFIGURATION_INVALID, error.message.split("\n")[0]!, place(error.pos[0])));
  if (document.contents === null) return entries;
  if (!isMap(document.contents)) {
    problems.push(problem(CONFIGURATION_INVALID, "a configuration file holds `name: value` lines", place(0)));
    return entries;
  }
  for (const pair of document.contents.items) {
    const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const where = place(isScalar(pair.key) ? pair.key.range?.[0] : undefined);
    if (!Object.hasOwn(settings, name)) {
      // One file serves all that runs on a machine.
      if (SETTING_NAMES.includes(name)) continue;
      const near = nearest(name, SETTING_NAMES);
      problems.push(
        problem(
          CONFIGURATION_INVALID,
          `there is no setting '${name}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
          where,
        ),
      );
      continue;
    }
    entries.set(name, { value: document.toJS()[name] as unknown, place: where });
  }
  return entries;
}

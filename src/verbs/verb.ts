import { z } from "zod";
import { type Json, type JsonObject, jsonText } from "../kernel/json.ts";
import type { FunctionContext } from "../link/index.ts";
import { commonOf, withGiven } from "./common.ts";
import {
  type Barrier,
  type CommonParameters,
  commonParameters,
  type ParsedVerb,
  type VerbPlan,
  type VerbResult,
} from "./model.ts";
import { COMMON_OPTIONS, type OptionKind, type ParsedOptions, parseOptions, present, wrong } from "./options.ts";
import type { Said } from "./said.ts";
import type { Surroundings } from "./surroundings.ts";
import type { NodeUser } from "./users.ts";

/** What a verb is. Each stands in a folder of its own and in the table of `verbs.ts`. */

/** What a verb may use while it is planned or done. */
export interface VerbContext extends FunctionContext {
  readonly surroundings: Surroundings;
  /** What `{{ }}` sees: job's values, entry's values, the node's arguments, inventory variables, facts. */
  values(): Promise<Readonly<Record<string, Json>>>;
  /** Arguments of the node, or variables of its environment; while a list is planned, as they would be by now. */
  known<Kind extends keyof Known>(kind: Kind): Promise<Known[Kind]>;
  /** Absolute. Where relative paths count from, and what it starts runs. */
  readonly cwd: string;
  /** Absolute path on the node of one that may be relative. */
  path(path: string): string;
  /** Whom it is done as; undefined: as the agent. */
  readonly user: NodeUser | undefined;
  /** Variables for what it starts: those set by ENV, and its own. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it has written to its output so far: of each stream, the end. */
  readonly said: Said;
}

/** What a node remembers by name. */
export interface Known {
  readonly arguments: Readonly<Record<string, Json>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** A verb as its author writes it. `parameters` are its own: the framework adds those all verbs have. */
export interface VerbDefinition<Schema extends z.ZodObject> {
  /** In capitals; the first one is its name, the others do the same. */
  readonly names: readonly [string, ...string[]];
  /** Its function in the module `agent`; other names become functions as well. */
  readonly function: string;
  readonly summary: string;
  readonly parameters: Schema;
  readonly safeToRepeat: boolean;
  /** It may cut off its own agent, and goes on when that is back: a reboot. */
  readonly survivesRestart?: boolean;
  /** Only reads: may be asked directly over the link. */
  readonly observes?: boolean;
  /** Options of its text form beside those of all verbs. */
  readonly options?: Readonly<Record<string, OptionKind>>;
  /** Parameters that are templates: texts, or lists and maps of texts. */
  readonly texts?: readonly (keyof z.output<Schema> & string)[];
  /** An earlier good result of the same call may stand in for it. */
  readonly cacheable?: boolean;
  /** Hashes of what it depends on beside its parameters, for that. */
  content?(parameters: z.output<Schema> & CommonParameters, context: VerbContext): Promise<readonly string[]>;
  /** It tries again by itself: `retry` and `retry_wait` are left to it. */
  readonly retries?: boolean;
  /** Its own parameters from its text form. `verb` is the name that was typed. Throws `verb_text_wrong` (`wrong`). */
  read(options: ParsedOptions, verb: string): ReadVerb;
  /** What is wrong with a combination of parameters; undefined when nothing is. */
  problem?(parameters: z.output<Schema> & CommonParameters): string | undefined;
  /** What would change. Reads, changes nothing. */
  plan(parameters: z.output<Schema> & CommonParameters, context: VerbContext): Promise<VerbPlan>;
  /** Does it. Ends soon after its signal is aborted, with all it started. */
  apply(parameters: z.output<Schema> & CommonParameters, context: VerbContext): Promise<VerbResult>;
}

export interface ReadVerb {
  readonly parameters: Readonly<Record<string, Json | undefined>>;
  readonly sources?: readonly string[];
  readonly barrier?: Barrier;
}

/** A verb with the types of its parameters forgotten. */
export interface Verb extends Omit<
  VerbDefinition<z.ZodObject>,
  "read" | "plan" | "apply" | "content" | "texts" | "problem"
> {
  readonly options: Readonly<Record<string, OptionKind>>;
  /** Its own and those of all verbs. */
  readonly parameters: z.ZodObject;
  /** The same, and nothing else. */
  readonly strict: z.ZodObject;
  readonly texts: readonly string[];
  /**
   * Reads its text form. `given`: a job's `vars` in an orchestration, of which some are options (`stdout_arg`, `skip_cache` …).
   * Throws `verb_text_wrong`.
   */
  parse(text: string, given?: JsonObject, name?: string): ParsedVerb;
  problem(parameters: CommonParameters): string | undefined;
  content(parameters: CommonParameters, context: VerbContext): Promise<readonly string[]>;
  plan(parameters: CommonParameters, context: VerbContext): Promise<VerbPlan>;
  apply(parameters: CommonParameters, context: VerbContext): Promise<VerbResult>;
}

export function defineVerb<Schema extends z.ZodObject>(definition: VerbDefinition<Schema>): Verb {
  type Parameters = z.output<Schema> & CommonParameters;
  const options = definition.options ?? {};
  const parameters = z.object({ ...definition.parameters.shape, ...commonParameters.shape });
  const strict = parameters.strict();
  // A verb's own functions see what this very schema has let through.
  function own(given: CommonParameters): Parameters {
    return given as Parameters;
  }

  function problem(given: CommonParameters): string | undefined {
    if (given.sensitive === true && (given.stdout_arg ?? given.stderr_arg) !== undefined)
      return "what is sensitive keeps no output: leave out stdout_arg and stderr_arg";
    return definition.problem?.(own(given));
  }

  return {
    ...definition,
    options,
    parameters,
    strict,
    texts: definition.texts ?? [],
    parse(text, given = {}, name = definition.names[0]) {
      const parsed = withGiven(name, parseOptions(name, text, options), given);
      const { parameters: read, sources, barrier } = definition.read(parsed, name);
      const all = { ...present<Json>(read), ...commonOf(name, parsed) };
      const checked = strict.safeParse(all);
      const issue = checked.error?.issues[0];
      if (issue !== undefined) throw wrong(name, issueText(issue, all, Object.keys({ ...options, ...COMMON_OPTIONS })));
      const combination = problem(checked.data as CommonParameters);
      if (combination !== undefined) throw wrong(name, combination);
      return {
        module: "agent",
        function: definition.function,
        parameters: all,
        runOnce: parsed.flags.has("run-once"),
        ...(sources === undefined ? {} : { sources }),
        ...(barrier === undefined ? {} : { barrier }),
      };
    },
    problem,
    content: async (given, context) => (await definition.content?.(own(given), context)) ?? [],
    plan: (given, context) => definition.plan(own(given), context),
    apply: (given, context) => definition.apply(own(given), context),
  };
}

/** `--stdout-arg 1x is not a name …`: by the option it was typed as, where there is one. */
function issueText(issue: z.core.$ZodIssue, given: Readonly<Record<string, Json>>, options: readonly string[]): string {
  const [name = "", ...deeper] = issue.path.map(String);
  const option = name === "environment" ? "env" : name.replaceAll("_", "-");
  if (!options.includes(option)) return `${[name, ...deeper].join(".")}: ${issue.message}`;
  const value = deeper.length === 0 && given[name] !== undefined ? jsonText(given[name]) : deeper.join(".");
  return `--${option} ${value}: ${issue.message}`;
}

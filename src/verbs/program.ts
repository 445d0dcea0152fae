import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { GantryError } from "../kernel/errors.ts";
import type { OutputStream } from "../link/index.ts";
import { type CommandEnd, runCommand } from "./command.ts";
import { USER_REFUSED } from "./errors.ts";
import { childEnvironment, type Surroundings, TASK_MARKER, taskMarker } from "./surroundings.ts";
import type { NodeUser } from "./users.ts";
import type { VerbContext } from "./verb.ts";

/** How verbs start programs: as the user, in the folder and with the environment that were asked for, marked as the task's. */

export interface ProgramOptions {
  readonly program: string;
  readonly arguments?: readonly string[];
  /** Absolute; left out: the verb's. */
  readonly cwd?: string;
  /** More variables than the verb's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Left out: the verb's; null: as the agent, whatever was asked for. */
  readonly user?: NodeUser | null;
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: Uint8Array;
  readonly signal?: AbortSignal;
  /** Takes its output instead of the job's log. */
  output?(stream: OutputStream, chunk: Uint8Array): void;
}

/** Runs a program to its end, whatever its exit code is. Throws `command_not_started`, and the reason of its signal when that ended it. */
export async function runProgram(context: VerbContext, options: ProgramOptions): Promise<CommandEnd> {
  const user = options.user === undefined ? context.user : (options.user ?? undefined);
  const environment = environmentOf(context, user, options.environment);
  const own = options.arguments ?? [];
  const [before, ...between] = user === undefined ? [] : await switching(user, environment["PATH"]);
  return runCommand({
    program: before ?? options.program,
    arguments: before === undefined ? own : [...between, options.program, ...own],
    folder: options.cwd ?? context.cwd,
    environment,
    launchers: context.surroundings.launchers,
    signal: options.signal ?? context.signal,
    clock: context.clock,
    ...(options.input === undefined ? {} : { input: options.input }),
    output(stream, chunk) {
      if (options.output === undefined) {
        context.output(stream, chunk);
        return context.room?.();
      }
      options.output(stream, chunk);
      return undefined;
    },
  });
}

interface Made {
  readonly surroundings: Surroundings;
  readonly marker: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** By the variables of the verbs they were made for: the commands of a list have the same, unless one has some of its own. */
const made = new WeakMap<VerbContext["environment"], Made>();

function environmentOf(
  context: VerbContext,
  user: NodeUser | undefined,
  more: ProgramOptions["environment"],
): NodeJS.ProcessEnv {
  const { surroundings } = context;
  const marker = taskMarker(context.key);
  const before = made.get(context.environment);
  const isPlain = user === undefined && more === undefined;
  if (isPlain && before?.surroundings === surroundings && before.marker === marker) return before.environment;
  const environment = childEnvironment(surroundings, {
    ...userVariables(user),
    ...context.environment,
    ...more,
    [TASK_MARKER]: marker,
  });
  if (isPlain) made.set(context.environment, { surroundings, marker, environment });
  return environment;
}

/** What a login would set for the user that something is done as. */
export function userVariables(user: NodeUser | undefined): Readonly<Record<string, string>> {
  return user === undefined ? {} : { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell };
}

/** The words in front of a program that make it another user's. Root starts it; the groups are the user's. Throws `user_refused`. */
export async function switching(user: NodeUser | undefined, path: string | undefined): Promise<readonly string[]> {
  if (user === undefined) return [];
  const setpriv = await findProgram("setpriv", path);
  if (setpriv !== undefined) {
    return [setpriv, `--reuid=${user.uid}`, `--regid=${user.gid}`, `--groups=${user.groups.join(",")}`, "--"];
  }
  const su = await findProgram("su", path);
  if (su !== undefined) return [su, "-s", "/bin/sh", user.name, "-c", 'exec "$@"', "sh"];
  throw new GantryError(USER_REFUSED, `this node has neither setpriv nor su to do something as ${user.name}`);
}

/** Absolute path of a program; undefined when the node has none of that name. */
export async function findProgram(name: string, path = process.env["PATH"] ?? ""): Promise<string | undefined> {
  const folders = [
    ...path.split(delimiter),
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
  ];
  for (const folder of new Set(folders.filter((one) => one.startsWith("/")))) {
    const candidate = join(folder, name);
    if (await isProgram(candidate)) return candidate;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

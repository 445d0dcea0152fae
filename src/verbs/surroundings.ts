import { delimiter, resolve } from "node:path";
import { endProcesses, type Launchers, type OwnServer, processesMarked } from "../executor/index.ts";
import type { ResultCache } from "./cache.ts";
import type { VerbCache } from "./custom/index.ts";
import type { Services } from "./service/index.ts";
import type { Remembered } from "./store.ts";

/** What the verbs use of the agent they run in. */
export interface Surroundings {
  /** Absolute. Relative paths count from here, and commands run here. */
  readonly home: string;
  /** Absolute. The agent's own folder. */
  readonly state: string;
  /** The agent's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the agent's own Node is: first in the PATH of what it starts. */
  readonly nodeFolder: string;
  /** What `{{ }}` is filled from. */
  readonly arguments: Remembered;
  /** Variables of the environment set by ENV. */
  readonly variables: Remembered<string>;
  readonly cache: ResultCache;
  readonly services: Services;
  /** Start commands cheaply. */
  readonly launchers: Launchers;
  /** Verbs of one's own that were fetched. */
  readonly verbs: VerbCache;
  /** The server it belongs to; undefined: to none. */
  server(): Promise<OwnServer | undefined>;
  /** The facts of the node were looked at: the server is told what is new. */
  noticed(): void;
}

/** Marks what a task started, for whoever cleans up after a crash. */
export const TASK_MARKER = "GANTRY_TASK";

/** The marker's value: all items of a batch have that of their task. */
export function taskMarker(key: string): string {
  const end = key.indexOf("/");
  return end < 0 ? key : key.slice(0, end);
}

/** Ends what tasks with this key left running when the agent died under them. */
export function endTask(key: string): Promise<void> {
  return endProcesses(() => processesMarked(TASK_MARKER, taskMarker(key)), { patience: PATIENCE });
}

/** Milliseconds between SIGTERM and SIGKILL. */
const PATIENCE = 2000;

export function onNode(surroundings: Pick<Surroundings, "home">, path: string): string {
  return resolve(surroundings.home, path);
}

/** The environment of a program the agent starts. */
export function childEnvironment(
  surroundings: Pick<Surroundings, "environment" | "nodeFolder">,
  more: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  const path = more["PATH"] ?? surroundings.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  return { ...surroundings.environment, ...more, PATH: `${surroundings.nodeFolder}${delimiter}${path}` };
}

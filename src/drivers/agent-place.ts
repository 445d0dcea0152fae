/** Where an agent is in a container, of whatever vendor, and what it runs on. */

/** What an agent in a container runs on. */
export interface AgentRuntime {
  /** Path of the Node program, for the architecture of the containers' machine. */
  readonly node: string;
  /** The agent as one file of JavaScript (ESM), run as `node agent.mjs agent --state DIR --home DIR`. */
  readonly bundle: Uint8Array;
  /** Names both: at least 16 characters that may stand in a name. */
  readonly hash: string;
}

/** Where the runtime is in every container, read-only. */
const RUNTIME_FOLDER = "/opt/gantry";
export const RUNTIME = {
  folder: RUNTIME_FOLDER,
  programs: `${RUNTIME_FOLDER}/bin`,
  node: `${RUNTIME_FOLDER}/bin/node`,
  bundle: `${RUNTIME_FOLDER}/agent.mjs`,
  /** Unpacked last: when it is there, all is. */
  complete: `${RUNTIME_FOLDER}/complete`,
} as const;

/** Where Node finds what it compiled of the agent before; a third of an agent's start is compiling. */
export const COMPILE_CACHE = `NODE_COMPILE_CACHE=${RUNTIME_FOLDER}/compiled`;

/** The agent's own folder in a container. */
const STATE_FOLDER = "/var/lib/gantry-agent";
export const STATE = {
  folder: STATE_FOLDER,
  join: `${STATE_FOLDER}/join.json`,
  identity: `${STATE_FOLDER}/identity.json`,
} as const;

/** Nobody mounts anything over these. */
export const HELD_FOLDERS: readonly string[] = [RUNTIME.folder, STATE.folder];

/** Home of the agent, where nothing else is said. */
export const AGENT_HOME = "/srv";

/** The agent's arguments, behind `RUNTIME.node`. */
export function agentArguments(home = AGENT_HOME): readonly string[] {
  return [RUNTIME.bundle, "agent", "--state", STATE.folder, "--home", home];
}

/** The PATH in a container: its own programs are found first, then `node` of the runtime. */
export function agentPath(own = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"): string {
  return `${own}:${RUNTIME.programs}`;
}

/** The container of a foundation. The end of the id keeps two Gantrys on one machine apart. */
export function containerName(name: string, id: string): string {
  return `gantry-${name}-${id.replaceAll("-", "").slice(-6)}`;
}

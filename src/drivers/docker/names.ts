/** Names that the driver gives: labels, paths inside containers, names of what it makes in the engine. */

/** Labels. */
export const LABEL = {
  /** Id of the foundation a container is. */
  foundation: "gantry.foundation",
  name: "gantry.name",
  /** `true` or `false`: whether its main process is the agent. */
  agent: "gantry.agent",
  /** Hash of what the container was made of. */
  configuration: "gantry.configuration",
  /** On a network that Gantry made. */
  network: "gantry.network",
  /** On a volume that holds the agent's runtime. */
  runtime: "gantry.runtime",
  /** On a container that fills such a volume: who made it. */
  helper: "gantry.helper",
} as const;

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

/** The agent's own folder in a container. */
const STATE_FOLDER = "/var/lib/gantry-agent";
export const STATE = {
  folder: STATE_FOLDER,
  join: `${STATE_FOLDER}/join.json`,
  identity: `${STATE_FOLDER}/identity.json`,
} as const;

/** Nobody mounts anything over these. */
export const HELD_FOLDERS: readonly string[] = [RUNTIME.folder, STATE.folder];

/** Networks that every engine has. */
export const SPECIAL_NETWORKS: ReadonlySet<string> = new Set(["host", "none", "bridge"]);

/** The container of a foundation. The end of the id keeps two Gantrys with one engine apart. */
export function containerName(name: string, id: string): string {
  return `gantry-${name}-${id.replaceAll("-", "").slice(-6)}`;
}

/** The volume with the runtime of this hash, and the container that fills it. */
export function runtimeName(hash: string): string {
  return `gantry-runtime-${hash.slice(0, 16)}`;
}

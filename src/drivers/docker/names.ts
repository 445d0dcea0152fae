/** Names that the driver gives: labels, names of what it makes in the engine. */

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

/** Networks that every engine has. */
export const SPECIAL_NETWORKS: ReadonlySet<string> = new Set(["host", "none", "bridge"]);

/** The volume with the runtime of this hash, and the container that fills it. */
export function runtimeName(hash: string): string {
  return `gantry-runtime-${hash.slice(0, 16)}`;
}

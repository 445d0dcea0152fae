import type { Module } from "../link/index.ts";
import { createDockerModule } from "../drivers/docker/index.ts";
import { createLocalModule } from "../drivers/local/index.ts";
import type { Reach } from "./reach.ts";
import { agentRuntime } from "./runtime.ts";

/** The drivers of the worker inside the server. */
export function embeddedModules(options: {
  /** False: none, where those who write foundations are not to run programs as the server's user. */
  readonly thisMachine: boolean;
  readonly dataFolder: string;
  readonly agentCommand: readonly string[];
  /** `DOCKER_HOST` and its like name the engine. */
  readonly environment: NodeJS.ProcessEnv;
  readonly reach: Reach;
}): readonly Module[] {
  if (!options.thisMachine) return [];
  return [
    createLocalModule({ dataFolder: options.dataFolder, agentCommand: options.agentCommand }),
    createDockerModule({
      environment: options.environment,
      runtime: agentRuntime,
      serverUrls: (gateway) => options.reach.through(gateway),
    }),
  ];
}

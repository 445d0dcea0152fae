import { dirname, join } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import type { Module } from "../link/index.ts";
import { ensurePrivateFolder } from "../platform/files/index.ts";
import { openArguments } from "./arg/index.ts";
import { agentFunctions } from "./functions.ts";
import { openResultCache } from "./run/index.ts";
import { createServices, serviceFiles } from "./service/index.ts";
import { childEnvironment, onNode, type Surroundings } from "./surroundings.ts";

export interface AgentModuleOptions {
  /** Absolute. Where relative paths count from, and commands run. */
  readonly home: string;
  /** Absolute. The agent's own folder. */
  readonly state: string;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Tasks at the same time. */
  readonly limit: number;
  warn(fields: object, text: string): void;
}

/** The module `agent`: the verbs as functions, and what can be asked of a node. Takes over the services of an agent before. */
export async function createAgentModule(options: AgentModuleOptions): Promise<Module> {
  await ensurePrivateFolder(options.state);
  const base = { home: options.home, environment: options.environment, nodeFolder: dirname(process.execPath) };
  const services = createServices({
    files: serviceFiles(join(options.state, "services")),
    clock: options.clock,
    onNode: (path) => onNode(base, path),
    environment: (more) => childEnvironment(base, more),
    markerPrefix: options.state,
    warn: options.warn,
  });
  const surroundings: Surroundings = {
    ...base,
    arguments: openArguments(join(options.state, "arguments.json")),
    cache: openResultCache(join(options.state, "results")),
    services,
  };
  await services.recover();
  return {
    name: "agent",
    limit: options.limit,
    functions: agentFunctions(surroundings),
    async close() {
      services.close();
    },
  };
}

import { dirname, join } from "node:path";
import { createLaunchers, ownServer } from "../executor/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Module } from "../link/index.ts";
import { ensurePrivateFolder } from "../platform/files/index.ts";
import { openResultCache } from "./cache.ts";
import { openVerbCache } from "./custom/index.ts";
import { agentFunctions } from "./functions.ts";
import { sweepParts } from "./incoming.ts";
import { createServices, serviceFiles } from "./service/index.ts";
import { userVariables } from "./program.ts";
import { openRemembered } from "./store.ts";
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
  /** Somebody looked at the facts of the node: they may have changed. */
  noticed(): void;
}

/** The module `agent`: the verbs as functions, and what can be asked of a node. Takes over the services of an agent before. */
export async function createAgentModule(options: AgentModuleOptions): Promise<Module> {
  await ensurePrivateFolder(options.state);
  // A copy: every look at the process's own goes through the system, and each command takes all of it.
  const base = { home: options.home, environment: { ...options.environment }, nodeFolder: dirname(process.execPath) };
  const variables = openRemembered<string>(join(options.state, "environment.json"));
  const services = createServices({
    files: serviceFiles(join(options.state, "services")),
    clock: options.clock,
    onNode: (path) => onNode(base, path),
    environment: async (user, more) =>
      childEnvironment(base, { ...userVariables(user), ...(await variables.all()), ...more }),
    markerPrefix: options.state,
    warn: options.warn,
  });
  const launchers = createLaunchers(join(options.state, "commands"));
  const surroundings: Surroundings = {
    ...base,
    arguments: openRemembered(join(options.state, "arguments.json")),
    variables,
    cache: openResultCache(join(options.state, "results")),
    services,
    launchers,
    state: options.state,
    verbs: openVerbCache(join(options.state, "verbs")),
    server: () => ownServer(options.state),
    noticed: options.noticed,
  };
  await sweepParts(options.state, options.clock.now());
  await services.recover();
  return {
    name: "agent",
    limit: options.limit,
    functions: agentFunctions(surroundings),
    async close() {
      services.close();
      launchers.close();
    },
  };
}

import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { type JoinFile, type LinkedExecutor, runUntil, startLinkedExecutor } from "../executor/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import type { SessionLog, Transport } from "../link/index.ts";
import { collectFacts, createAgentModule, endTask } from "../verbs/index.ts";

export interface AgentOptions {
  /** Its own folder: identity, journal, services. Made for the owner alone. */
  readonly state: string;
  /** Where relative paths of verbs begin and commands run. */
  readonly home: string;
  /** To join with, on the first start; left out: `join.json` in the state folder, or the identity it has. */
  readonly join?: JoinFile;
  /** The shared key, and where to join with it. Left out: by `join`. */
  readonly shared?: { readonly urls: readonly string[]; readonly key: string };
  /** Default: the host's name. */
  readonly name?: string;
  readonly transport?: Transport;
  /** Milliseconds between heartbeats, where that is less than the server says. */
  readonly heartbeat?: number;
  /** Of this program. */
  readonly version: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly log: SessionLog;
  /** Stops the agent: what runs is reported as interrupted, services go on running. */
  readonly signal: AbortSignal;
}

/** Tasks at the same time on one node. */
const LIMIT = 16;

/**
 * Runs an agent until the signal. What an earlier agent of the same state folder left is taken over: services, results not told yet.
 *
 * Errors: `executor_not_joined`, `join_refused`, `lock_held` and the others of `startLinkedExecutor`.
 */
export function runAgent(options: AgentOptions): Promise<void> {
  return runUntil(options.signal, () => startAgent(options));
}

async function startAgent(options: AgentOptions): Promise<LinkedExecutor> {
  const environment = options.environment ?? process.env;
  const state = resolve(options.state);
  const home = resolve(options.home);
  await mkdir(home, { recursive: true });
  return startLinkedExecutor({
    kind: "agent",
    state,
    ...(options.join === undefined ? {} : { join: options.join }),
    ...(options.shared === undefined ? {} : { shared: options.shared }),
    ...(options.heartbeat === undefined ? {} : { heartbeat: options.heartbeat }),
    name: options.name ?? hostname(),
    transport: options.transport ?? "auto",
    environment,
    signal: options.signal,
    version: options.version,
    clock: systemClock,
    random: systemRandom,
    log: options.log,
    modules: async () => [
      await createAgentModule({
        home,
        state,
        clock: systemClock,
        environment,
        limit: LIMIT,
        warn: (fields, text) => options.log.warn(fields, text),
      }),
    ],
    facts: collectFacts,
    cleanUp: endTask,
  });
}

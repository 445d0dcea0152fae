import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import {
  type AgentFolder,
  confirmRelease,
  failedRelease,
  type JoinFile,
  type LinkedExecutor,
  ownFolder,
  RESTART_CODE,
  runUntil,
  startLinkedExecutor,
} from "../executor/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { systemRandom } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { SessionLog, Transport } from "../link/index.ts";
import { collectFacts, createAgentModule, endTask } from "../verbs/index.ts";
import { withUpgrade } from "./upgrade.ts";

export interface AgentOptions {
  /** Its own folder: identity, journal, services. Made for the owner alone. */
  readonly state: string;
  /** Where relative paths of verbs begin and commands run. */
  readonly home: string;
  /** To join with, on the first start; left out: `join.json` in the state folder, or the identity it has. */
  readonly join?: JoinFile;
  /** The same for who has neither an identity nor a token in its folder yet. */
  readonly joinOnce?: JoinFile;
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
 * @returns the exit code: `RESTART_CODE` when it is to be started anew, as another release
 * Errors: `executor_not_joined`, `join_refused`, `lock_held` and the others of `startLinkedExecutor`.
 */
export async function runAgent(options: AgentOptions): Promise<number> {
  const again = new AbortController();
  const folder = await ownFolder(options.environment ?? process.env, process.argv[1] ?? "");
  const signal = AbortSignal.any([options.signal, again.signal]);
  const restart = (): void => again.abort(new Error("to be started anew"));
  await runUntil(signal, () => startAgent({ ...options, signal }, folder, restart));
  return again.signal.aborted && !options.signal.aborted ? RESTART_CODE : 0;
}

async function startAgent(
  options: AgentOptions,
  folder: AgentFolder | undefined,
  restart: () => void,
): Promise<LinkedExecutor> {
  const environment = options.environment ?? process.env;
  const state = resolve(options.state);
  const home = resolve(options.home);
  await mkdir(home, { recursive: true });
  return startLinkedExecutor({
    kind: "agent",
    state,
    ...(options.join === undefined ? {} : { join: options.join }),
    ...(options.joinOnce === undefined ? {} : { joinOnce: options.joinOnce }),
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
    modules: async (noticed) => [
      withUpgrade(
        await createAgentModule({
          home,
          state,
          clock: systemClock,
          environment,
          limit: LIMIT,
          warn: (fields, text) => options.log.warn(fields, text),
          noticed,
        }),
        { folder, restart },
      ),
    ],
    facts: async () => ({ ...(await collectFacts()), agent: await ownFacts(folder) }),
    connected() {
      if (folder === undefined) return;
      confirmRelease(folder).catch((error: unknown) =>
        options.log.warn({ error: messageOf(error) }, "cannot confirm the release"),
      );
    },
    cleanUp: endTask,
  });
}

/** What it tells of its own program. */
async function ownFacts(folder: AgentFolder | undefined): Promise<JsonObject> {
  const memory = process.memoryUsage.rss();
  if (folder === undefined) return { upgradable: false, memory };
  const failed = await failedRelease(folder);
  return {
    upgradable: true,
    folder: folder.path,
    release: folder.release,
    failed: failed === undefined ? null : { ...failed },
    memory,
  };
}

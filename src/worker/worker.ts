import { hostname } from "node:os";
import { resolve } from "node:path";
import { type JoinFile, type LinkedExecutor, runUntil, startLinkedExecutor } from "../executor/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import type { Module, SessionLog, Transport } from "../link/index.ts";
import { collectFacts } from "../verbs/index.ts";

export interface WorkerOptions {
  /** Its own folder: identity and journal. */
  readonly state: string;
  /** What it offers. */
  readonly modules: readonly Module[];
  /** Tasks at the same time, by module, where that differs from the module's own limit. */
  readonly limits?: Readonly<Record<string, number>>;
  /** To join with, on the first start. */
  readonly join?: JoinFile;
  /** The same for who has neither an identity nor a token in its folder yet. */
  readonly joinOnce?: JoinFile;
  readonly name?: string;
  /** The site it works for, with those below it: the token's, or one below. Left out: the token's. */
  readonly site?: string;
  readonly transport?: Transport;
  /** Milliseconds between heartbeats, where that is less than the server says. */
  readonly heartbeat?: number;
  readonly version: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly log: SessionLog;
  readonly signal: AbortSignal;
}

/** Runs a worker until the signal; what runs then is reported as interrupted. Errors: see `startLinkedExecutor`. */
export function runWorker(options: WorkerOptions): Promise<void> {
  return runUntil(options.signal, () => startWorker(options));
}

/** The same, without waiting for its end. */
export function startWorker(options: WorkerOptions): Promise<LinkedExecutor> {
  return startLinkedExecutor({
    kind: "worker",
    state: resolve(options.state),
    ...(options.join === undefined ? {} : { join: options.join }),
    ...(options.heartbeat === undefined ? {} : { heartbeat: options.heartbeat }),
    ...(options.joinOnce === undefined ? {} : { joinOnce: options.joinOnce }),
    name: options.name ?? hostname(),
    ...(options.site === undefined ? {} : { site: options.site }),
    transport: options.transport ?? "auto",
    environment: options.environment ?? process.env,
    signal: options.signal,
    version: options.version,
    clock: systemClock,
    random: systemRandom,
    log: options.log,
    modules: async () =>
      options.modules.map((module) => ({ ...module, limit: options.limits?.[module.name] ?? module.limit })),
    facts: collectFacts,
  });
}

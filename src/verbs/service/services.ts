import type { ChildProcess } from "node:child_process";
import type { CancelTimer, Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { isRunning } from "../../executor/index.ts";
import { SERVICE_FAILED, SERVICE_UNKNOWN } from "../errors.ts";
import type { VerbPlan, VerbResult } from "../model.ts";
import {
  decideService,
  definitionAfter,
  LONG_ENOUGH,
  restartDelay,
  type ServiceDefinition,
  type ServiceParameters,
  type ServiceRecord,
  type ServiceState,
  stateOf,
} from "./model.ts";
import { actingUser, type NodeUser } from "../users.ts";
import { endService, findMarked, startProcess } from "./process.ts";
import { hashFiles, type ServiceFiles } from "./records.ts";

export interface ServiceStatus {
  readonly name: string;
  readonly state: ServiceState;
  readonly pid: number | null;
  /** Times the agent started it again by itself. */
  readonly restarts: number;
}

export interface Services {
  apply(parameters: ServiceParameters): Promise<VerbResult>;
  /** What `apply` would do. */
  plan(parameters: ServiceParameters): Promise<VerbPlan>;
  list(): Promise<ServiceStatus[]>;
  /** Looks after services from before: finds their processes, and starts those again that failed and shall be. */
  recover(): Promise<void>;
  /** Looks after nothing any more; what runs goes on running. */
  close(): void;
}

export interface ServicesOptions {
  readonly files: ServiceFiles;
  readonly clock: Clock;
  /** Where the paths of a definition are on this node. */
  onNode(path: string): string;
  /** What a service is started with: what ENV set before that, and stronger than it `more`. */
  environment(user: NodeUser | undefined, more: Readonly<Record<string, string>>): Promise<NodeJS.ProcessEnv>;
  /** What this agent's services are marked with, before their name. */
  readonly markerPrefix: string;
  warn(fields: object, text: string): void;
}

/** Milliseconds a new process has to show that it does not end at once. */
const SETTLE = 150;
/** Milliseconds between two looks at a process that is not our child: it was started by an agent before us. */
const LOOK = 1000;

export function createServices(options: ServicesOptions): Services {
  const { files, clock } = options;
  /** What is done to one service is done in turn. */
  const turns = new Map<string, Promise<unknown>>();
  const timers = new Map<string, CancelTimer>();
  let closed = false;

  function inTurn<Result>(name: string, act: () => Promise<Result>): Promise<Result> {
    const mine = (turns.get(name) ?? Promise.resolve()).then(act, act);
    turns.set(name, mine);
    return mine;
  }

  function markerOf(name: string): string {
    return `${options.markerPrefix}/${name}`;
  }

  function runs(record: ServiceRecord | undefined): boolean {
    return record?.process !== null && record?.process !== undefined && isRunning(record.process);
  }

  /** The record, with the process the agent had no time to write down. */
  async function current(name: string): Promise<ServiceRecord | undefined> {
    const record = await files.read(name);
    if (record === undefined || runs(record)) return record;
    const found = findMarked(markerOf(name));
    return found === undefined ? record : { ...record, process: found };
  }

  /** What is, what shall be, and the steps from one to the other. Throws `service_unknown`. */
  async function decided(parameters: ServiceParameters) {
    const { name, state } = parameters;
    const old = await current(name);
    const definition = definitionAfter(parameters, old?.definition);
    if (definition === undefined && state !== "absent") {
      throw new GantryError(SERVICE_UNKNOWN, `there is no service ${name} on this node, and no command to make it`);
    }
    const watched = await watchedHash(definition);
    const now =
      old === undefined ? undefined : { definition: old.definition, watched: old.watched, running: runs(old) };
    const next = definition === undefined ? undefined : { definition, watched };
    return { old, definition, ...decideService(state, now, next) };
  }

  async function plan(parameters: ServiceParameters): Promise<VerbPlan> {
    const { steps, reason } = await decided(parameters);
    const doing = steps.filter((step) => step !== "keep");
    const diff = doing.length === 0 ? "" : `~ service ${parameters.name}: ${doing.join(", ")} (it ${reason})`;
    return { changed: doing.length > 0, diff };
  }

  async function apply(parameters: ServiceParameters): Promise<VerbResult> {
    const { name, state } = parameters;
    const { old, definition, steps, reason } = await decided(parameters);
    let record = old;
    for (const step of steps) {
      if (step === "stop") await stop(name, record);
      else if (step === "remove") await files.remove(name);
      else if (step === "start") record = await start(name, definition as ServiceDefinition, 0);
      else
        record = await keep(name, definition as ServiceDefinition, record, state === "stopped" ? "stopped" : "started");
    }
    const changed = steps.some((step) => step !== "keep");
    return {
      name,
      state: state === "absent" ? "absent" : state === "stopped" ? "stopped" : "running",
      changed,
      reason,
      pid: record?.process?.pid ?? null,
    };
  }

  async function watchedHash(definition: ServiceDefinition | undefined): Promise<string> {
    return hashFiles((definition?.watch ?? []).map((path) => options.onNode(path)));
  }

  /** Writes down what is wanted before anything happens, and the process as soon as there is one. Throws `service_failed`. */
  async function start(name: string, definition: ServiceDefinition, restarts: number): Promise<ServiceRecord> {
    const intent: ServiceRecord = {
      definition,
      watched: await watchedHash(definition),
      wanted: "started",
      process: null,
      startedAt: clock.now(),
      exit: null,
      restarts,
    };
    await files.write(name, intent);
    const user = await actingUser(definition.user);
    const { child, process } = await startProcess(definition, {
      folder: options.onNode(definition.folder),
      environment: await options.environment(user, definition.environment),
      user,
      log: await files.log(name),
      marker: markerOf(name),
    });
    const ended = exitOf(child);
    const record = { ...intent, process: process ?? null };
    await files.write(name, record);
    const early = await Promise.race([
      ended,
      new Promise<undefined>((resolve) => clock.after(SETTLE, () => resolve(undefined))),
    ]);
    if (early !== undefined) {
      await files.write(name, { ...record, exit: early });
      const how = early.code === null ? `by ${early.signal}` : `with exit code ${early.code}`;
      const said = await files.lastLines(name);
      if (definition.restart === "on-failure") startAgainLater(name, restarts);
      throw new GantryError(
        SERVICE_FAILED,
        `service ${name} ended ${how} as soon as it was started${said === "" ? "" : `:\n${said}`}`,
        {
          details: { exit_code: early.code },
        },
      );
    }
    void ended.then((exit) => inBackground(name, () => processEnded(name, record, exit)));
    return record;
  }

  async function stop(name: string, record: ServiceRecord | undefined): Promise<void> {
    timers.get(name)?.();
    timers.delete(name);
    if (record === undefined) return;
    // First what is wanted: an agent that dies now does not start it again.
    await files.write(name, { ...record, wanted: "stopped" });
    await endService(record.process, markerOf(name), record.definition.stopSeconds * 1000);
    await files.write(name, { ...record, wanted: "stopped", process: null });
  }

  async function keep(
    name: string,
    definition: ServiceDefinition,
    record: ServiceRecord | undefined,
    wanted: ServiceRecord["wanted"],
  ): Promise<ServiceRecord> {
    if (wanted === "stopped") {
      timers.get(name)?.();
      timers.delete(name);
    }
    const watched = wanted === "started" && record !== undefined ? record.watched : await watchedHash(definition);
    const kept: ServiceRecord = {
      startedAt: null,
      exit: null,
      ...record,
      definition,
      watched,
      wanted,
      process: wanted === "stopped" ? null : (record?.process ?? null),
      restarts: 0,
    };
    await files.write(name, kept);
    if (wanted === "started") watchOver(name, kept);
    return kept;
  }

  /** Its process ended, and nobody had asked for that unless a later record says so. */
  async function processEnded(name: string, was: ServiceRecord, exit: ServiceRecord["exit"]): Promise<void> {
    if (closed) return;
    const record = await files.read(name).catch(() => undefined);
    if (record === undefined || record.wanted !== "started" || record.process?.pid !== was.process?.pid || runs(record))
      return;
    await files.write(name, { ...record, exit });
    options.warn({ service: name, ...exit }, "a service ended");
    if (record.definition.restart !== "on-failure" || exit?.code === 0) return;
    const ranLong = record.startedAt !== null && clock.now() - record.startedAt >= LONG_ENOUGH;
    startAgainLater(name, ranLong ? 0 : record.restarts);
  }

  /** Nobody waits for it: what goes wrong, a full disk for one, is told and does not end the agent. */
  function inBackground(name: string, action: () => Promise<void>): void {
    inTurn(name, action).catch((error: unknown) =>
      options.warn({ service: name, error: messageOf(error) }, "looking after a service failed"),
    );
  }

  function startAgainLater(name: string, restarts: number): void {
    if (closed) return;
    const delay = restartDelay(restarts);
    timers.get(name)?.();
    timers.set(
      name,
      clock.after(delay, () => {
        timers.delete(name);
        inBackground(name, () => startAgain(name, restarts));
      }),
    );
  }

  async function startAgain(name: string, restarts: number): Promise<void> {
    const record = await current(name).catch(() => undefined);
    if (closed || record === undefined || record.wanted !== "started" || runs(record)) return;
    options.warn({ service: name, restarts: restarts + 1 }, "starting a service again");
    try {
      await start(name, record.definition, restarts + 1);
    } catch (error) {
      // A start that fails at once has planned the next one itself; one that cannot even begin has not.
      if (!(error instanceof GantryError) || error.kind !== SERVICE_FAILED) startAgainLater(name, restarts + 1);
    }
  }

  /** For a process an agent before us started: we are not its parent, and only see that it is gone. */
  function watchOver(name: string, record: ServiceRecord): void {
    if (closed || record.definition.restart !== "on-failure" || timers.has(name)) return;
    timers.set(
      name,
      clock.after(LOOK, () => {
        timers.delete(name);
        if (runs(record)) watchOver(name, record);
        else inBackground(name, () => processEnded(name, record, { code: null, signal: null }));
      }),
    );
  }

  return {
    apply: (parameters) => inTurn(parameters.name, () => apply(parameters)),
    plan: (parameters) => inTurn(parameters.name, () => plan(parameters)),
    async list() {
      const statuses = await Promise.all(
        (await files.names()).map(async (name): Promise<ServiceStatus | undefined> => {
          const record = await current(name);
          if (record === undefined) return undefined;
          const running = runs(record);
          return {
            name,
            state: stateOf(record, running),
            pid: running ? (record.process?.pid ?? null) : null,
            restarts: record.restarts,
          };
        }),
      );
      return statuses.filter((status) => status !== undefined);
    },
    async recover() {
      for (const name of await files.names()) {
        await inTurn(name, async () => {
          const record = await current(name).catch((error: unknown) => {
            options.warn({ service: name, error: String(error) }, "the record of a service cannot be read");
            return undefined;
          });
          if (record === undefined) return;
          if (runs(record)) {
            // A stop that a crash cut off is finished; anything else is taken over as it is.
            if (record.wanted === "stopped") return stop(name, record);
            await files.write(name, record);
            return watchOver(name, record);
          }
          if (record.wanted === "started" && record.definition.restart === "on-failure" && record.exit?.code !== 0) {
            startAgainLater(name, record.restarts);
          }
        });
      }
    },
    close() {
      closed = true;
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}

function exitOf(child: ChildProcess): Promise<NonNullable<ServiceRecord["exit"]>> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null)
      resolve({ code: child.exitCode, signal: child.signalCode });
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

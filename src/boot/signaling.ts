import type { ServerModule, ServerModuleCall } from "../foreman/index.ts";
import type { OutsideTask, OutsideTasks, Prepared } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { ModuleDescription } from "../tscript/index.ts";
import { BOOT_INTERFACE_UNKNOWN } from "./errors.ts";
import { refused, type BootKeys } from "./keys.ts";
import type { BootKey, BootSignal } from "./model.ts";
import { closeKey, saveSignal, selectKey, selectKeys, selectSignals } from "./store.ts";

const MODULE = "signaling";

export const SIGNALING_DESCRIPTION: ModuleDescription = {
  functions: {
    reset: { parameters: { pxe_name: { required: false } } },
    wait_for_completion: { parameters: {} },
  },
  values: {},
};

/** Milliseconds between looks at what waits: the message that something came may be lost. */
const LOOK = 10_000;
const PAGE = 200;

export interface SignalingParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly log: Logger;
  readonly keys: BootKeys;
  readonly outside: OutsideTasks;
}

/** What a machine says of its boot. */
export interface Said {
  readonly outcome: "done" | "failed";
  readonly message: string;
}

/**
 * The module `signaling` of scripts, and what machines say. `reset` forgets what was said and ends the keys of earlier boots, so that these
 * say nothing any more; `wait_for_completion` waits until the machine has said that it is done.
 *
 * A wait is always a task: what the machine has said is looked at when that task is committed, when a machine says something, and at the
 * start, so that neither order nor a crash loses it.
 */
export interface Signaling {
  readonly module: ServerModule;
  /** The holder of a key says that it is done; again, nothing happens. Errors: `unauthenticated`. */
  said(key: BootKey, said: Said): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export function createSignaling(parts: SignalingParts): Signaling {
  const { database, events, clock, log, keys, outside } = parts;
  let stopped = true;
  let cancelLook = (): void => {};
  let stopListening = (): void => {};
  let settling: Promise<void> = Promise.resolve();
  /** A pass will begin that sees all there is now. */
  let isDue = false;

  async function reset({ job, foundation, parameters }: ServerModuleCall): Promise<Prepared> {
    const { tenantId } = job;
    const { id: foundationId } = here(foundation);
    const name = String(parameters["pxe_name"] ?? "");
    const draft = await keys.draft(tenantId);
    return {
      kind: "value",
      value: null,
      async write(tx) {
        const silent = { outcome: null, message: "", signalledAt: null };
        await saveSignal(tx, { tenantId, foundationId, name, resetAt: clock.now(), ...silent });
        const [before] = await selectKeys(tx, foundationId);
        // What booted before does not have the new one; what boots next is told it.
        if (before !== undefined) {
          const { structureId } = before;
          await keys.mint(tx, draft, { tenantId, foundationId, structureId, jobId: job.id });
        }
      },
    };
  }

  function wait({ foundation }: ServerModuleCall): Prepared {
    const { id, name } = here(foundation);
    return {
      kind: "task",
      task: {
        module: MODULE,
        function: "wait_for_completion",
        parameters: { foundation: id, name },
        route: { outside: "machine" },
        timeout: null,
        safeToRepeat: true,
      },
    };
  }

  /** Answers every wait of a machine that has said something. */
  async function settle(): Promise<void> {
    for (let after: Id | undefined; ;) {
      const tasks = await outside.list({
        outside: "machine",
        module: MODULE,
        limit: PAGE,
        ...(after !== undefined && { after }),
      });
      const signals = await selectSignals(database.kysely, [...new Set(tasks.map(foundationOf))]);
      for (const task of tasks) {
        const signal = signals.get(foundationOf(task));
        if (signal !== undefined && signal.outcome !== null) await answer(task, signal);
      }
      after = tasks.at(-1)?.taskId;
      if (tasks.length < PAGE) return;
    }
  }

  async function answer({ taskId }: OutsideTask, signal: BootSignal): Promise<void> {
    const { foundationId, outcome, message, signalledAt } = signal;
    if (outcome === null) return;
    try {
      await database.transaction(async (tx) => {
        const now = (await selectSignals(tx, [foundationId])).get(foundationId);
        // It was reset meanwhile: what was said is of an earlier boot.
        if (now === undefined || now.signalledAt !== signalledAt || now.resetAt !== signal.resetAt) return;
        await outside.answer(tx, { taskId, outcome, value: null, ...(message !== "" && { message }) });
        // A retry asks the machine anew.
        if (outcome === "failed") await saveSignal(tx, { ...now, outcome: null, message: "", signalledAt: null });
      });
    } catch (error) {
      // Its job was cancelled, or another server was faster.
      if (!(error instanceof GantryError)) throw error;
      log.debug({ task: taskId, error: error.message }, "a wait for a machine needs no answer");
    }
  }

  function look(): void {
    // A thousand machines that speak while one pass is under way are one pass more.
    if (stopped || isDue) return;
    isDue = true;
    cancelLook();
    // One after the other, so that each sees what the one before it answered.
    settling = settling.then(settleOnce);
  }

  async function settleOnce(): Promise<void> {
    isDue = false;
    if (stopped) return;
    try {
      await settle();
    } catch (error) {
      log.error({ error: messageOf(error) }, "answering waits for machines failed");
    }
    cancelLook();
    if (!stopped) cancelLook = clock.after(LOOK, look);
  }

  return {
    module: {
      name: MODULE,
      description: SIGNALING_DESCRIPTION,
      prepare: async (asked) => (asked.call.function === "reset" ? reset(asked) : wait(asked)),
    },
    async said(key, { outcome, message }) {
      const { tenantId, foundationId, id } = key;
      const signalledAt = clock.now();
      await database.transaction(async (tx) => {
        const now = await selectKey(tx, key.hash);
        if (now === undefined) throw refused();
        if (now.closed) return;
        await closeKey(tx, id);
        const before = (await selectSignals(tx, [foundationId])).get(foundationId);
        const reset = { name: before?.name ?? "", resetAt: before?.resetAt ?? signalledAt };
        await saveSignal(tx, { tenantId, foundationId, ...reset, outcome, message, signalledAt });
        const data = { name: reset.name, outcome, ...(message !== "" && { message }) };
        const subject = { kind: "foundation", id: foundationId };
        await events.append(tx, [{ tenantId, type: "boot.signalled", subject, data }]);
      });
      look();
    },
    start() {
      stopped = false;
      stopListening = outside.onReady((who) => {
        if (who === "machine") look();
      });
      look();
    },
    async stop() {
      stopped = true;
      stopListening();
      cancelLook();
      await settling;
    },
  };
}

function here(foundation: ServerModuleCall["foundation"]): NonNullable<ServerModuleCall["foundation"]> {
  if (foundation !== undefined) return foundation;
  throw new GantryError(BOOT_INTERFACE_UNKNOWN, "there is no foundation whose machine could say something");
}

function foundationOf({ parameters }: OutsideTask): Id {
  const id = isJsonObject(parameters) ? parameters["foundation"] : undefined;
  return typeof id === "string" ? id : "";
}

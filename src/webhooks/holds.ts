import type { Principal } from "../access/index.ts";
import type { ServerModule, ServerModuleCall } from "../foreman/index.ts";
import type { JobTarget, OutsideTask, OutsideTasks, Prepared, TargetPlaces } from "../jobs/index.ts";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import type { Event, EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { ModuleDescription } from "../tscript/index.ts";
import { HOLD_ANSWERED, HOLD_INVALID, HOLD_UNKNOWN } from "./errors.ts";
import type { WebhookKeys } from "./keys.ts";
import type { Reply, Webhook } from "./model.ts";
import { insertHold, selectHolds, selectWebhooks, type Hold } from "./store.ts";

const MODULE = "events";

export const EVENTS_DESCRIPTION: ModuleDescription = {
  functions: {
    hold: {
      parameters: {
        event: { required: true },
        timeout: { required: true },
        data: { required: false },
        on_timeout: { required: false },
      },
    },
  },
  values: {},
};

/** What somebody answers. */
export interface Answer {
  readonly outcome: "done" | "refused";
  readonly note: string;
}

/** What waits, for who may see it. */
export interface ShownHold {
  readonly id: Id;
  readonly event: string;
  readonly jobId: Id;
  readonly target: JobTarget;
  readonly since: number;
  readonly expiresAt: number;
  readonly onTimeout: Hold["onTimeout"];
}

/**
 * The module `events` of scripts. `hold` tells of something by an event and waits until a receiver answers, or its time is over.
 *
 * Takes no input: what waits stands in the table of tasks, what was told of and until when beside it. It looks when a task is committed, when
 * one runs out, and at the start, so that a crash between any two steps loses nothing.
 */
export interface Holds {
  readonly module: ServerModule;
  /** How an event that waits for an answer is answered by the receiver of a webhook; undefined: it waits for none. */
  replyTo(webhook: Webhook, event: Event): Promise<Reply | undefined>;
  /** By the receiver of a webhook. Errors: `hold_unknown`, `hold_answered`. */
  reply(token: string, answer: Answer): Promise<void>;
  /** Those whose jobs may be seen. */
  list(principal: Principal): Promise<readonly ShownHold[]>;
  /** By a person, in the place of the receiver. Errors: `hold_unknown`, `hold_answered`, `forbidden`. */
  answer(principal: Principal, id: Id, answer: Answer): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export interface HoldsParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly log: Logger;
  readonly keys: WebhookKeys;
  readonly outside: OutsideTasks;
  readonly places: TargetPlaces;
  /** Where receivers reach this server. */
  url(): string;
}

const MOST_SECONDS = 30 * 24 * 60 * 60;
const TYPE = /^[a-z][a-z_]*\.[a-z][a-z_]*$/;
/** What the server's own events begin with: receivers take these for its word. */
export const TOLD_HERE: readonly string[] = [
  "backend",
  "boot",
  "boot_profile",
  "dependency",
  "design",
  "dns",
  "dns_target",
  "foundation",
  "inventory",
  "job",
  "machine",
  "members",
  "node",
  "structure",
  "webhook",
];
const LOOK = 10_000;
const PAGE = 200;

interface HoldParameters {
  readonly event: string;
  readonly data: JsonObject;
  /** Seconds. */
  readonly timeout: number;
  readonly onTimeout: Hold["onTimeout"];
}

export function createHolds(parts: HoldsParts): Holds {
  const { database, events, clock, log, keys, outside } = parts;
  let stopped = true;
  let cancelLook: CancelTimer = () => {};
  let stopListening = (): void => {};
  let settling: Promise<void> = Promise.resolve();
  /** A pass will begin that sees all there is now. */
  let isDue = false;

  function prepare({ call, parameters }: ServerModuleCall): Promise<Prepared> {
    const task = {
      module: MODULE,
      function: call.function,
      parameters: parametersOf(parameters) as unknown as Json,
      route: { outside: "receiver" } as const,
      // Its time is looked at here, as it may be to go on then.
      timeout: null,
      safeToRepeat: true,
    };
    return Promise.resolve({ kind: "task", task });
  }

  /** Every task that waits for a receiver, of one tenant or all. */
  async function* waiting(tenantId?: Id): AsyncGenerator<OutsideTask> {
    for (let after: Id | undefined; ;) {
      const filter = { ...(tenantId !== undefined && { tenantId }), ...(after !== undefined && { after }) };
      const tasks = await outside.list({ outside: "receiver", module: MODULE, limit: PAGE, ...filter });
      yield* tasks;
      after = tasks.at(-1)?.taskId;
      if (tasks.length < PAGE) return;
    }
  }

  /** Tells of what was not told of yet, ends what has run out. Returns when the next one does. */
  async function settle(): Promise<number> {
    let next = clock.now() + LOOK;
    for await (const task of waiting()) {
      const found = (await selectHolds(database.kysely, [task.taskId])).get(task.taskId) ?? (await tellOf(task));
      if (found.expiresAt <= clock.now()) await runOut(task, found);
      else next = Math.min(next, found.expiresAt);
    }
    return next;
  }

  async function tellOf(task: OutsideTask): Promise<Hold> {
    const { event, data, timeout, onTimeout } = task.parameters as unknown as HoldParameters;
    const { taskId, tenantId, jobId, target, createdAt } = task;
    const subjectId = target.id ?? jobId;
    const times = { createdAt, expiresAt: createdAt + timeout * 1000 };
    const hold: Hold = { taskId, tenantId, jobId, type: event, subjectId, onTimeout, ...times };
    await database.transaction(async (tx) => {
      if (!(await insertHold(tx, hold))) return;
      const subject = target.id === null ? { kind: "job", id: jobId } : { kind: target.kind, id: target.id };
      const told = { name: target.name, job: jobId, hold: taskId, expiresAt: hold.expiresAt, details: data };
      await events.append(tx, [{ tenantId, type: event, subject, data: told }]);
    });
    return hold;
  }

  async function runOut({ taskId }: OutsideTask, { type, onTimeout }: Hold): Promise<void> {
    const message = `no receiver has answered '${type}' in time`;
    const goesOn = onTimeout === "go_on";
    const value = goesOn ? { outcome: "time_out", note: "", by: null } : null;
    await database
      .transaction((tx) => outside.answer(tx, { taskId, outcome: goesOn ? "done" : "failed", value, message }))
      .catch((error: unknown) => {
        // It was answered in the same moment.
        if (!(error instanceof GantryError)) throw error;
      });
  }

  async function answered(taskId: Id, who: string, { outcome, note }: Answer, by?: Principal): Promise<void> {
    const message = `${who} ${outcome === "done" ? "is done" : "refused"}${note === "" ? "" : `: ${note}`}`;
    const value = { outcome, note, by: who };
    const said = { taskId, outcome: outcome === "done" ? ("done" as const) : ("failed" as const), value, message };
    await database
      .transaction((tx) => outside.answer(tx, said, by))
      .catch((error: unknown) => {
        if (error instanceof GantryError && error.code === "task_not_waiting")
          throw new GantryError(HOLD_ANSWERED, "this was answered already, its time is over, or its job has ended");
        throw error;
      });
  }

  function look(): void {
    // A thousand that come while one pass is under way are one pass more.
    if (stopped || isDue) return;
    isDue = true;
    cancelLook();
    settling = settling.then(settleOnce);
  }

  async function settleOnce(): Promise<void> {
    isDue = false;
    if (stopped) return;
    let next = clock.now() + LOOK;
    try {
      next = await settle();
    } catch (error) {
      log.error({ error: messageOf(error) }, "telling of what waits for receivers failed");
    }
    cancelLook();
    if (!stopped) cancelLook = clock.after(Math.max(0, next - clock.now()), look);
  }

  return {
    module: { name: MODULE, description: EVENTS_DESCRIPTION, prepare },
    async replyTo({ id, tenantId }, { type, subject, data }) {
      const holdId = isJsonObject(data) ? data["hold"] : undefined;
      if (typeof holdId !== "string") return undefined;
      const hold = (await selectHolds(database.kysely, [holdId])).get(holdId);
      const isIts =
        hold !== undefined &&
        hold.tenantId === tenantId &&
        hold.type === type &&
        (hold.subjectId === subject.id || hold.jobId === subject.id);
      if (!isIts || hold.expiresAt <= clock.now()) return undefined;
      const token = await keys.replyToken(tenantId, holdId, id);
      return { url: `${parts.url()}/v1/webhooks/replies`, token, expiresAt: hold.expiresAt };
    },
    async reply(token, answer) {
      const of = keys.replyOf(token);
      const hold = of === undefined ? undefined : (await selectHolds(database.kysely, [of.holdId])).get(of.holdId);
      if (of === undefined || hold === undefined || !(await keys.isReply(hold.tenantId, token))) throw unknown();
      const all = await selectWebhooks(database.kysely, hold.tenantId);
      const webhook = all.find(({ id }) => id === of.webhookId);
      // One that was removed, or is to send nothing, has nothing to say any more.
      if (webhook === undefined || !webhook.active) throw unknown();
      await answered(hold.taskId, `webhook ${webhook.name}`, answer);
    },
    async list({ tenantId, rights }) {
      const shown: ShownHold[] = [];
      for await (const task of waiting(tenantId)) {
        const hold = (await selectHolds(database.kysely, [task.taskId])).get(task.taskId);
        const [place] = await parts.places.of(tenantId, [task.target]);
        if (hold === undefined || place === undefined || !rights.at("job.read", place)) continue;
        const { type: event, jobId, createdAt: since, expiresAt, onTimeout } = hold;
        shown.push({ id: task.taskId, event, jobId, target: task.target, since, expiresAt, onTimeout });
      }
      return shown;
    },
    async answer(principal, id, answer) {
      const { tenantId, rights, name } = principal;
      for await (const task of waiting(tenantId)) {
        if (task.taskId !== id) continue;
        const [place] = await parts.places.of(tenantId, [task.target]);
        if (place === undefined || !rights.at("job.control", place)) throw unknown();
        return answered(id, name, answer, principal);
      }
      throw unknown();
    },
    start() {
      stopped = false;
      stopListening = outside.onReady((who) => {
        if (who === "receiver") look();
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

  function unknown(): GantryError {
    return new GantryError(HOLD_UNKNOWN, "nothing is held by this");
  }
}

/** Errors: `hold_invalid`. */
function parametersOf(parameters: JsonObject): HoldParameters {
  const { event, data = {}, timeout, on_timeout: onTimeout = "fail" } = parameters;
  if (typeof event !== "string" || !TYPE.test(event) || event.length > 100)
    throw new GantryError(HOLD_INVALID, "'event' must be a name as 'hardware.disk_removal'");
  const [first = ""] = event.split(".");
  if (TOLD_HERE.includes(first))
    throw new GantryError(HOLD_INVALID, `'event' must not begin with '${first}.': such events are told by the server`);
  if (typeof timeout !== "number" || !(timeout > 0) || timeout > MOST_SECONDS)
    throw new GantryError(HOLD_INVALID, "'timeout' must be a time of more than 0 s and at most 30 days");
  if (!isJsonObject(data)) throw new GantryError(HOLD_INVALID, "'data' must be a map");
  if (onTimeout !== "fail" && onTimeout !== "go_on")
    throw new GantryError(HOLD_INVALID, "'on_timeout' must be 'fail' or 'go_on'");
  return { event, data, timeout, onTimeout };
}

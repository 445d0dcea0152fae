import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { Assignment, Executor, Seat, TaskRef, TaskService } from "../jobs/index.ts";
import {
  type CloseReason,
  type Connection,
  encodeMessage,
  type ExecutorMessage,
  FUNCTION_NOT_UNDOABLE,
  inPieces,
  LINK_MESSAGE_MALFORMED,
  LINK_SILENT,
  LINK_STOPPING,
  type ModuleAdvert,
  type ServerMessage,
  type TaskMessage,
  watchSilence,
} from "../link/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { inboundRoom } from "./content-inbound.ts";
import type { ToldAuthority } from "./authorities.ts";
import { ANSWER_FAILED, LISTS_UNKNOWN, NO_ANSWER, NOT_CONNECTED } from "./errors.ts";
import type { Admitted, SessionEnd } from "./handshake.ts";
import {
  agentIdOf,
  contentNames,
  type ExecutorIdentity,
  freeSlots,
  joinPlaceholders,
  type Route,
  type Served,
  serves,
} from "./model.ts";
import { createReceiver, type LineCount } from "./receiver.ts";

/** The server's end of one executor's connection, from the proof to its end. */

/** A task that the executor has. */
type Out = Pick<Assignment, "task" | "attempt" | "module"> & Partial<Pick<Assignment, "safeToRepeat">>;

export interface SessionParts {
  readonly tasks: TaskService;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Milliseconds between heartbeats. */
  readonly heartbeat: number;
  /** Makes what stands for a join token in parameters real. */
  joinFor(tenantId: Id, foundationId: Id, parameters: JsonObject): Promise<Json>;
  /** The authority executors are to trust. */
  authority(): ToldAuthority;
  /** Lets it fetch content that a task names. */
  grant(names: readonly string[], jobId: Id): Promise<readonly string[]>;
  /** Lets it bring so many bytes of content for a task. */
  allowInbound(taskId: Id, room: number, jobId: Id): Promise<void>;
  /** Of a worker: the sites it serves now, of which there may be more than when it connected, and whether it is to get nothing new. */
  look(): Promise<{ readonly siteIds: readonly Id[] | "all"; readonly draining: boolean }>;
  /** It is there, or still there. `facts` when it told new ones. `pin`: of the authority it trusts, base64url. */
  seen(news: { readonly facts?: JsonObject; readonly pin?: string }): void;
  ended(session: FleetSession, reason: CloseReason): void;
  /** Log lines have no name of their own: which of this start of the executor were taken in, on this connection and those before. */
  readonly lines: LineCount;
}

export interface FleetSession {
  readonly record: ExecutorIdentity;
  /** Whose tasks it is given; null: every tenant's. */
  readonly tenantId: Id | null;
  readonly modules: Readonly<Record<string, ModuleAdvert>>;
  /** Of its program. */
  readonly version: string;
  /** Of the authority it trusts, base64url. */
  pin(): string;
  /** When its last heartbeat came, or it connected: epoch milliseconds. */
  heardAt(): number;
  /** Tasks and questions that are out. */
  load(): number;
  /** Tasks that are out, by module. */
  readonly holding: ReadonlyMap<string, number>;
  /** It has said what it holds, that is over, and it is being given nothing. */
  idle(): boolean;
  /** Gives it nothing new, or something again. What it has goes on. */
  drain(on: boolean): void;
  serves(route: Route, module: string, tenantId?: Id): boolean;
  /** There may be work: asks for it as soon as there is room. */
  wake(): void;
  /** Where it may be given tasks at once; undefined: older ones may wait for it, or it is not ready. */
  seat(): Seat | undefined;
  cancel(ref: TaskRef): void;
  /** Errors: `executor_no_answer`, `executor_answer_failed`, `executor_not_connected`. */
  ask(module: string, name: string, parameters: Json, milliseconds: number): Promise<Json>;
  close(reason: CloseReason): void;
}

/** Bytes waiting to leave, at which no more tasks are given out… */
const SLOW = 4 * 1024 * 1024;
/** …and at which the connection is given up. */
const STUCK = 32 * 1024 * 1024;
/** Milliseconds until a slow connection is looked at again. */
const LOOK_AGAIN = 100;
/** Milliseconds until work is asked for again after the database failed. */
const AFTER_FAILURE = 1000;

export function openSession(
  connection: Connection,
  { record, tenantId, siteIds: firstSites, advert, version, pin: proven, writer }: Admitted,
  parts: SessionParts,
): FleetSession & SessionEnd {
  const { tasks, clock, random } = parts;
  const { log } = parts;
  const who = { executor: record.id, name: record.name };
  const sessionId = random.id();
  const agentId = agentIdOf(record);
  /** Tasks given out and not ended, by id. */
  const out = new Map<Id, { readonly module: string; readonly attempt: number; readonly safeToRepeat: boolean }>();
  const outByModule = new Map<string, number>();
  const questions = new Map<string, { resolve(value: Json): void; reject(error: Error): void; cancel: CancelTimer }>();
  const granted = new Set<string>();
  let siteIds = firstSites;
  let draining = record.drainAt !== null;
  /** How often it was told to drain, or to go on. */
  let drains = 0;
  let ready = false;
  let claiming = false;
  let wanted = false;
  /** There may be tasks for it that found no free slot. */
  let more = true;
  let over = false;
  let heardAt = clock.now();
  /** Of the authority it trusts, and of the one it was told to. */
  let pin = proven;
  let told: string | undefined;
  const { modules } = advert;
  const silence = watchSilence(clock, parts.heartbeat, () =>
    close({ code: LINK_SILENT.code, text: "no sign of life for three heartbeats" }),
  );

  function served(): Served {
    return { tenantId, agentId, siteIds, modules: advert.names };
  }

  function executor(): Executor {
    const base = {
      id: record.id,
      session: sessionId,
      tenantId,
      modules: freeSlots(modules, outByModule),
      siteIds,
    };
    return agentId === undefined ? base : { ...base, agentId };
  }

  function write(message: ServerMessage): void {
    send(encodeMessage(message));
  }

  function send(text: string): void {
    if (over) return;
    writer.writeText(text);
    if (connection.buffered() > STUCK) close({ code: LINK_SILENT.code, text: "it does not read what it is sent" });
  }

  const receiver = createReceiver({
    tasks,
    clock,
    lines: parts.lines,
    executor: record,
    write,
    isSafeToRepeat: (task) => out.get(task)?.safeToRepeat === true,
    pause: connection.pause,
    resume() {
      connection.resume();
      silence.heard();
    },
    ended(ref) {
      settle(ref);
      // Who was given all that waited for it is told when there is something new.
      if (more) wake();
    },
    async held(tasksHeld) {
      const { forget } = await tasks.reconcile(executor(), tasksHeld);
      const forgotten = new Set(forget.map(({ task, attempt }) => `${task}/${attempt}`));
      for (const { task, attempt, phase, module } of tasksHeld) {
        if (phase !== "finished" && !forgotten.has(`${task}/${attempt}`)) given({ task, attempt, module });
      }
      for (const some of inPieces(forget)) write({ type: "forget", tasks: some });
      ready = true;
      wake();
    },
    failed(error) {
      log.error({ ...who, err: error }, "cannot take in what an executor sent");
      close({ code: LINK_STOPPING.code, text: "the server cannot take in what was sent; try again" });
    },
  });

  /** Told once on a connection; one that did not take it is told again on the next. */
  function newAuthority(): { authority?: string } {
    const { pin: now, certificate } = parts.authority();
    if (now === pin || now === told) return {};
    told = now;
    return { authority: certificate };
  }

  /** `safeToRepeat`: left out of what it brings back, where nobody remembers. */
  function given({ task, attempt, module, safeToRepeat = false }: Out): void {
    const before = out.get(task);
    if (before !== undefined) settle({ task, attempt: before.attempt });
    out.set(task, { module, attempt, safeToRepeat });
    outByModule.set(module, (outByModule.get(module) ?? 0) + 1);
  }

  function settle(ref: TaskRef): void {
    const one = out.get(ref.task);
    if (one?.attempt !== ref.attempt) return;
    out.delete(ref.task);
    outByModule.set(one.module, (outByModule.get(one.module) ?? 1) - 1);
  }

  function wake(): void {
    wanted = true;
    if (!claiming && ready && !over && !draining) void claimAll();
  }

  async function claimAll(): Promise<void> {
    claiming = true;
    try {
      while (wanted && !over && !draining) {
        wanted = false;
        if (connection.buffered() > SLOW) {
          clock.after(LOOK_AGAIN, wake);
          break;
        }
        const asking = executor();
        if (Object.keys(asking.modules).length === 0) {
          more = true;
          break;
        }
        const assignments = await tasks.claim(asking);
        const askAgain = takesAll(asking.modules, assignments);
        // Of a module without a free slot nobody knows what waits for it.
        more = askAgain || Object.keys(modules).some((module) => asking.modules[module] === undefined);
        await giveAll(assignments);
        if (askAgain) wanted = true;
      }
    } catch (error) {
      cannotGive(error);
    } finally {
      claiming = false;
    }
  }

  function cannotGive(error: unknown): void {
    log.error({ ...who, err: error }, "cannot give out tasks");
    clock.after(AFTER_FAILURE, wake);
  }

  /** Sites come and go below the one it serves, and another replica may have been told to drain it. */
  async function look(): Promise<void> {
    const before = drains;
    try {
      const now = await parts.look();
      siteIds = now.siteIds;
      // What was said meanwhile is newer.
      if (drains === before) draining = now.draining;
      wake();
    } catch (error) {
      log.error({ ...who, err: error }, "cannot look at what a worker serves");
    }
  }

  async function giveAll(assignments: readonly Assignment[]): Promise<void> {
    // Who is back on another connection was asked what it holds, perhaps before these were its own.
    if (over) return tasks.giveBack(assignments);
    assignments.forEach(given);
    await Promise.all(assignments.map(give));
  }

  async function give(assignment: Assignment): Promise<void> {
    let text: string;
    try {
      refuseUndo(assignment);
      refuseList(assignment);
      const message = await taskMessage(assignment, parts);
      text = encodeMessage(message);
      const names = contentNames(message.batch?.map(({ parameters }) => parameters) ?? message.parameters);
      await grant(names, assignment.jobId);
      const room = inboundRoom(message);
      if (room > 0) await parts.allowInbound(message.task, room, assignment.jobId);
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      const failure = { message: error.message, code: error.code };
      const { task, attempt } = assignment;
      await tasks.report(record, { results: [{ task, attempt, outcome: "failed", error: failure, began: false }] });
      return settle(assignment);
    }
    return send(text);
  }

  /** Who does not know how to take back would do it once more. */
  function refuseUndo({ undo, module, function: name }: Assignment): void {
    if (undo === undefined || modules[module]?.functions[name]?.undoable === true) return;
    throw new GantryError(FUNCTION_NOT_UNDOABLE, `${record.name} cannot take back what ${module}.${name} did`);
  }

  /** Who does not know lists would do each item by the function of the task, and without what they share. */
  function refuseList({ module, batch, shared }: Assignment): void {
    const known = shared === undefined && batch?.every((one) => one.function === undefined) !== false;
    if (known || modules[module]?.lists === true) return;
    throw new GantryError(LISTS_UNKNOWN, `${record.name} has gantry ${version}, which does not know lists of verbs`);
  }

  /** Before the task is sent: it may fetch at once what the task names. */
  async function grant(names: readonly string[], jobId: Id): Promise<void> {
    const more = names.filter((name) => !granted.has(name));
    if (more.length === 0) return;
    for (const name of await parts.grant(more, jobId)) granted.add(name);
  }

  function close(reason: CloseReason): void {
    if (over) return;
    write({ type: "goodbye", code: reason.code, reason: reason.text.slice(0, 1000) });
    writer.flush();
    connection.close(reason);
    finish(reason);
  }

  function finish(reason: CloseReason): void {
    if (over) return;
    over = true;
    silence.stop();
    receiver.stop();
    for (const question of questions.values()) {
      question.cancel();
      question.reject(new GantryError(NOT_CONNECTED, `${record.name} went away before it answered`));
    }
    questions.clear();
    log.info({ ...who, code: reason.code, reason: reason.text }, "executor disconnected");
    void tasks
      .sessionEnded(executor())
      .catch((error: unknown) => log.error({ ...who, err: error }, "cannot end a session"));
    parts.ended(session, reason);
  }

  function handle(message: ExecutorMessage): void {
    switch (message.type) {
      case "heartbeat":
        pin = message.pin ?? pin;
        heardAt = clock.now();
        write({ type: "heartbeat", ...newAuthority() });
        parts.seen({
          ...(message.facts === undefined ? {} : { facts: message.facts }),
          ...(message.pin === undefined ? {} : { pin }),
        });
        if (agentId === undefined) void look();
        void tasks
          .renew(executor())
          .catch((error: unknown) => log.error({ ...who, err: error }, "cannot renew leases"));
        return;
      case "reply": {
        const question = questions.get(message.query);
        questions.delete(message.query);
        question?.cancel();
        if (message.error === undefined) question?.resolve(message.value ?? null);
        else
          question?.reject(
            new GantryError(ANSWER_FAILED, `${record.name}: ${message.error.message}`, {
              details: { code: message.error.code },
            }),
          );
        return;
      }
      case "goodbye":
        return close({ code: message.code, text: message.reason });
      case "identify":
      case "proof":
        return close({ code: LINK_MESSAGE_MALFORMED.code, text: `${message.type} a second time` });
      default:
        return undefined;
    }
  }

  const session: FleetSession & SessionEnd = {
    record,
    tenantId,
    modules,
    version,
    heardAt: () => heardAt,
    pin: () => pin,
    load: () => out.size + questions.size,
    holding: outByModule,
    idle: () => ready && !claiming && out.size === 0,
    drain(on) {
      drains += 1;
      draining = on;
      if (!on) wake();
    },
    seat() {
      if (!ready || over || draining || claiming || wanted || more || connection.buffered() > SLOW) return undefined;
      return { executor: executor(), give: (assignments) => void giveAll(assignments).catch(cannotGive) };
    },
    serves: (route, module, about) => !draining && serves(served(), route, module, about),
    wake,
    cancel: (ref) => write({ type: "cancel", task: ref.task, attempt: ref.attempt }),
    ask(module, name, parameters, milliseconds) {
      return new Promise((resolve, reject) => {
        const query = random.id();
        const cancel = clock.after(milliseconds, () => {
          questions.delete(query);
          reject(
            new GantryError(NO_ANSWER, `${record.name} did not answer ${module}.${name} within ${milliseconds} ms`),
          );
        });
        questions.set(query, { resolve, reject, cancel });
        try {
          write({ type: "query", query, module, function: name, parameters, timeout: milliseconds });
        } catch (error) {
          cancel();
          questions.delete(query);
          reject(error as Error);
        }
      });
    },
    close,
    messages(messages, bytes) {
      if (over) return;
      silence.heard();
      // First: what is said in one breath with a goodbye is heard.
      receiver.take(messages, bytes);
      for (const message of messages) handle(message);
    },
    closed: finish,
  };

  writer.write({ type: "welcome", session: sessionId, heartbeat: parts.heartbeat, ...newAuthority() });
  log.info({ ...who, version }, "executor connected");
  return session;
}

/** Whether a module got as many tasks as it has free slots: then there may be more. */
function takesAll(free: Executor["modules"], assignments: readonly Assignment[]): boolean {
  const given = Map.groupBy(assignments, ({ module }) => module);
  return Object.entries(free).some(([module, slots]) => (given.get(module)?.length ?? 0) >= slots);
}

async function taskMessage(assignment: Assignment, parts: SessionParts): Promise<TaskMessage> {
  let { parameters } = assignment;
  for (const { member, foundationId } of joinPlaceholders(parameters)) {
    const before = parameters as JsonObject;
    parameters = { ...before, [member]: await parts.joinFor(assignment.tenantId, foundationId, before) };
  }
  return {
    type: "task",
    task: assignment.task,
    attempt: assignment.attempt,
    key: assignment.key,
    module: assignment.module,
    function: assignment.function,
    parameters,
    batch: assignment.batch === undefined ? null : [...assignment.batch],
    ...(assignment.shared === undefined ? {} : { shared: assignment.shared }),
    ...(assignment.hide === undefined ? {} : { hide: [...assignment.hide] }),
    keepGoing: assignment.keepGoing,
    timeout: assignment.timeout,
    safeToRepeat: assignment.safeToRepeat,
    ...(assignment.undo === undefined ? {} : { undo: assignment.undo }),
  };
}

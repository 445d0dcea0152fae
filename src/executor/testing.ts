import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { z } from "zod";
import type { JsonObject } from "../kernel/json.ts";
import { type ManualClock, manualClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import {
  type ExecutorMessage,
  type FunctionContext,
  type LinkSession,
  type Module,
  moduleFunction,
  type ReliableMessage,
  type SessionHandlers,
  type TaskMessage,
} from "../link/index.ts";
import { EXECUTOR_BUSY } from "./errors.ts";
import { type Executor, startExecutor } from "./executor.ts";
import { type Journal, openJournal } from "./journal.ts";

/** An executor in the process of the test, whose server is the test. */

let folder: string;
/** Of executors that "crashed": nobody else closes them. */
const journals: Journal[] = [];

/** Each test has a folder of its own: what an executor starts with is what the one before left there. */
export function useFolder(): { readonly journal: () => string } {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gantry-executor-"));
  });
  afterEach(async () => {
    await Promise.allSettled(journals.splice(0).map((journal) => journal.close()));
    rmSync(folder, { recursive: true });
  });
  return { journal: () => join(folder, "journal") };
}

/** The journal of the executor that was started last. */
export function lastJournal(): Journal {
  return journals.at(-1)!;
}

/** A session that goes nowhere: the test is the server. */
export interface FakeServer {
  readonly handlers: SessionHandlers;
  readonly sent: (ReliableMessage | ExecutorMessage)[];
  /** The next message of a type that was not taken yet. */
  next<Type extends ExecutorMessage["type"]>(type: Type): Promise<Extract<ExecutorMessage, { type: Type }>>;
  acknowledge(message: ExecutorMessage): void;
}

export interface Rig {
  readonly executor: Executor;
  readonly server: FakeServer;
  readonly clock: ManualClock;
  /** What the functions were called with, in order. */
  readonly ran: string[];
  readonly contexts: FunctionContext[];
  /** Lets the oldest call of `slow` that waits go on. */
  release(): void;
  /** Resolves when `slow` was called so often. */
  called(count: number): Promise<void>;
}

const name = z.object({ name: z.string() });

export interface RigOptions {
  readonly limit?: number;
  readonly cleanUp?: string[];
  /** Bytes of output that the server has not acknowledged. */
  unacknowledged?(): number;
}

export async function start(options: RigOptions = {}): Promise<Rig> {
  const clock = manualClock();
  const ran: string[] = [];
  const contexts: FunctionContext[] = [];
  const waiting: (() => void)[] = [];
  const watchers: { count: number; resolve: () => void }[] = [];
  const handled: { handlers?: SessionHandlers } = {};
  const sent: ExecutorMessage[] = [];
  const takers: { type: string; resolve: (message: ExecutorMessage) => void }[] = [];
  const untaken: ExecutorMessage[] = [];
  let sequence = 0;

  function deliver(message: ExecutorMessage): void {
    sent.push(message);
    const index = takers.findIndex(({ type }) => type === message.type);
    if (index >= 0) takers.splice(index, 1)[0]!.resolve(message);
    else untaken.push(message);
  }

  const session: LinkSession = {
    connected: true,
    send: (draft) => deliver({ ...draft, sequence: (sequence += 1) } as ExecutorMessage),
    reply: deliver,
    unacknowledgedOutput: options.unacknowledged ?? (() => 0),
    beat: () => undefined,
    close: () => undefined,
  };
  function wait(called: string, context: FunctionContext): Promise<string> {
    ran.push(called);
    contexts.push(context);
    for (const watcher of watchers) if (ran.length >= watcher.count) watcher.resolve();
    return new Promise((resolve, reject) => {
      waiting.push(() => resolve("released"));
      context.signal.addEventListener("abort", () => reject(new Error("stopped")));
    });
  }

  const module: Module = {
    name: "test",
    limit: options.limit ?? 2,
    functions: {
      quick: moduleFunction({
        summary: "Notes that it ran",
        parameters: name,
        safeToRepeat: true,
        observes: true,
        async run(parameters, context) {
          ran.push(parameters.name);
          contexts.push(context);
          context.output("stdout", Buffer.from(`ran ${parameters.name}`));
          if (parameters.name.startsWith("bad"))
            throw new GantryError(EXECUTOR_BUSY, "no", { details: { exit_code: 3 } });
          return { name: parameters.name };
        },
      }),
      made: moduleFunction({
        summary: "Makes something, which can be taken back",
        parameters: name,
        safeToRepeat: true,
        async run(parameters) {
          ran.push(`make ${parameters.name}`);
          return { made: parameters.name };
        },
        async undo(parameters, value, { key }) {
          ran.push(`undo ${parameters.name} ${JSON.stringify(value) ?? "unknown"} as ${key}`);
          if (parameters.name === "hang") await new Promise(() => undefined);
          return null;
        },
      }),
      slow: moduleFunction({
        summary: "Waits until it is let go, or stopped",
        parameters: name,
        safeToRepeat: false,
        run: (parameters, context) => wait(parameters.name, context),
      }),
      away: moduleFunction({
        summary: "As `slow`, and outlives its executor",
        parameters: name,
        safeToRepeat: true,
        survivesRestart: true,
        run: (parameters, context) => wait(parameters.name, context),
      }),
      deaf: moduleFunction({
        summary: "Never ends",
        parameters: z.object({}),
        safeToRepeat: true,
        run: () => new Promise(() => undefined),
      }),
      large: moduleFunction({
        summary: "Returns too much",
        parameters: z.object({}),
        safeToRepeat: true,
        run: async () => "x".repeat(1_000_000),
      }),
    },
  };
  const journal = await openJournal(join(folder, "journal"));
  journals.push(journal);
  const executor = await startExecutor({
    modules: [module],
    journal,
    clock,
    log: { info: () => undefined, warn: () => undefined },
    content: () => {
      throw new Error("no content here");
    },
    startSession(handlers) {
      handled.handlers = handlers;
      return session;
    },
    ...(options.cleanUp === undefined ? {} : { cleanUp: async (key) => void options.cleanUp?.push(key) }),
  });
  /** Stopping waits for acknowledgements the test does not send: time moves until it gives up. */
  async function stop(): Promise<void> {
    let over = false;
    const stopped = executor.stop().finally(() => {
      over = true;
    });
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1000);
    }
    await stopped;
  }

  return {
    executor: { ...executor, stop },
    clock,
    ran,
    contexts,
    release: () => waiting.shift()?.(),
    called: (count) => new Promise((resolve) => (ran.length >= count ? resolve() : watchers.push({ count, resolve }))),
    server: {
      handlers: handled.handlers!,
      sent,
      next: (type) =>
        new Promise((resolve) => {
          const index = untaken.findIndex((message) => message.type === type);
          const take = resolve as (message: ExecutorMessage) => void;
          if (index >= 0) take(untaken.splice(index, 1)[0]!);
          else takers.push({ type, resolve: take });
        }),
      acknowledge: (message) => handled.handlers!.acknowledged(message as ReliableMessage),
    },
  };
}

export function task(id: string, more: Partial<TaskMessage> = {}): TaskMessage {
  return {
    type: "task",
    task: id,
    attempt: 1,
    key: id,
    module: "test",
    function: "quick",
    parameters: { name: id },
    batch: null,
    keepGoing: false,
    timeout: null,
    safeToRepeat: true,
    ...more,
  };
}

export function slow(id: string, more: Partial<TaskMessage> = {}): TaskMessage {
  return task(id, { function: "slow", safeToRepeat: false, ...more });
}

export function ref(id: string, attempt = 1) {
  return { task: id, attempt };
}

/** Leaves the first executor as kill -9 does: nothing of it goes on, nothing is written any more. */
export async function crashIn(message: TaskMessage, calls: number): Promise<void> {
  const rig = await start();
  rig.server.handlers.task(message);
  rig.server.handlers.granted([ref(message.task)]);
  for (let call = 1; call < calls; call += 1) {
    await rig.called(call);
    rig.release();
  }
  await rig.called(calls);
}

/** All output among the messages, joined: what may be the beginning of some secret that the process knows comes in a piece of its own. */
export function outputOf(messages: readonly { readonly type: string }[]): string {
  const pieces = messages.filter((message) => message.type === "output") as { type: "output"; data: string }[];
  return Buffer.concat(pieces.map(({ data }) => Buffer.from(data, "base64"))).toString();
}

/** A schema of zod's as JSON Schema in one go. */
export function asOne(schema: z.ZodType): JsonObject {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return JSON.parse(JSON.stringify(described)) as JsonObject;
}

/** With each definition in the places of its name: how many names there are for the same makes no difference. */
export function unnamed({ $defs = {}, ...schema }: JsonObject): unknown {
  const texts = Object.entries($defs as JsonObject).map(
    ([name, definition]) => [`"#/$defs/${name}"`, JSON.stringify(definition)] as const,
  );
  const own = new Map<string, string>(
    texts.map(([name, text]) => [name, JSON.stringify(text.replaceAll(name, '"itself"'))]),
  );
  return JSON.parse(
    JSON.stringify(schema).replaceAll(/"#\/\$defs\/[^"]+"/g, (name) => own.get(name) ?? name),
  ) as unknown;
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
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

let folder: string;
/** Of executors that "crashed": nobody else closes them. */
const journals: Journal[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-executor-"));
});
afterEach(async () => {
  await Promise.allSettled(journals.splice(0).map((journal) => journal.close()));
  rmSync(folder, { recursive: true });
});

/** A session that goes nowhere: the test is the server. */
interface FakeServer {
  readonly handlers: SessionHandlers;
  readonly sent: (ReliableMessage | ExecutorMessage)[];
  /** The next message of a type that was not taken yet. */
  next<Type extends ExecutorMessage["type"]>(type: Type): Promise<Extract<ExecutorMessage, { type: Type }>>;
  acknowledge(message: ExecutorMessage): void;
}

interface Rig {
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

async function start(options: { limit?: number; cleanUp?: string[] } = {}): Promise<Rig> {
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
    unacknowledgedOutput: () => 0,
    close: () => undefined,
  };
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
        run(parameters, context) {
          ran.push(parameters.name);
          contexts.push(context);
          for (const watcher of watchers) if (ran.length >= watcher.count) watcher.resolve();
          return new Promise((resolve, reject) => {
            waiting.push(() => resolve("released"));
            context.signal.addEventListener("abort", () => reject(new Error("stopped")));
          });
        },
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

function task(id: string, more: Partial<TaskMessage> = {}): TaskMessage {
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

function slow(id: string, more: Partial<TaskMessage> = {}): TaskMessage {
  return task(id, { function: "slow", safeToRepeat: false, ...more });
}

function ref(id: string, attempt = 1) {
  return { task: id, attempt };
}

describe("an executor", () => {
  it("runs a task, sends its output, and holds its result until it is acknowledged", async () => {
    const { server, executor } = await start();
    server.handlers.task(task("a"));
    expect(await server.next("started")).toMatchObject({ tasks: [ref("a")] });
    const result = await server.next("result");
    expect(result).toMatchObject({ task: "a", attempt: 1, outcome: "done", value: { name: "a" } });
    const output = await server.next("output");
    expect(Buffer.from(output.data, "base64").toString()).toBe("ran a");
    expect(executor.held()).toEqual([{ ...ref("a"), phase: "finished", module: "" }]);
    server.acknowledge(result);
    expect(executor.held()).toEqual([]);
    await executor.stop();
  });

  it("takes the secrets a task was given out of all it says, and writes none of them", async () => {
    const { server, executor } = await start();
    const hide = [{ name: "db", value: Buffer.from("bad canary").toString("base64") }];
    server.handlers.task(task("quiet", { parameters: { name: "a bad canary" }, hide }));
    expect(await server.next("result")).toMatchObject({ value: { name: "a [secret db]" } });
    const output = await server.next("output");
    expect(Buffer.from(output.data, "base64").toString()).toBe("ran a [secret db]");
    server.handlers.task(task("batch", { batch: [{ item: 0, parameters: { name: "bad canary" } }], hide }));
    expect(await server.next("items")).toMatchObject({ items: [{ item: 0, outcome: "failed" }] });
    await executor.stop();
    expect(readFileSync(join(folder, "journal"), "utf8")).not.toContain("bad canary");
  });

  it("takes back what a function did, with what it answered then", async () => {
    const { server, executor, ran } = await start();
    const parameters = { name: "a" };
    server.handlers.task(task("one", { function: "made", parameters, undo: { value: { made: "a" } } }));
    expect(await server.next("result")).toMatchObject({ task: "one", outcome: "done", value: null });
    server.handlers.task(task("two", { function: "made", parameters, undo: {} }));
    await server.next("result");
    expect(ran).toEqual(['undo a {"made":"a"} as one', "undo a unknown as two"]);
    server.handlers.task(task("three", { function: "quick", undo: {} }));
    expect(await server.next("result")).toMatchObject({
      outcome: "failed",
      error: { code: "function_not_undoable", message: "test.quick cannot take back what it did" },
    });
    expect(ran).toHaveLength(2);
    await executor.stop();
  });

  it("keeps the code and the details of an error", async () => {
    const { server, executor } = await start();
    server.handlers.task(task("bad"));
    expect(await server.next("result")).toMatchObject({
      outcome: "failed",
      error: { code: "executor_busy", message: "no", details: { exit_code: 3 } },
    });
    await executor.stop();
  });

  it.each([
    ["a module it does not have", { module: "tost" }, "module_unknown", /did you mean test/],
    ["a function it does not have", { function: "quik" }, "function_unknown", /did you mean quick/],
    [
      "a parameter it does not take",
      { parameters: { name: "a", nam: 1 } },
      "parameters_wrong",
      /nam; did you mean name/,
    ],
    ["a parameter of the wrong type", { parameters: { name: 1 } }, "parameters_wrong", /^name: /],
    ["a property every object has", { function: "toString" }, "function_unknown", /toString/],
  ])("refuses %s", async (_what, more, code, message) => {
    const { server, ran, executor } = await start();
    server.handlers.task(task("a", more));
    expect(await server.next("result")).toMatchObject({
      outcome: "failed",
      error: { code, message: expect.stringMatching(message) },
    });
    expect(ran).toEqual([]);
    await executor.stop();
  });

  it("runs as many at once as the module's limit says, the others in their order", async () => {
    const { server, ran, release, called, executor } = await start({ limit: 2 });
    for (const id of ["a", "b", "c"]) server.handlers.task(slow(id, { safeToRepeat: true }));
    await called(2);
    expect(executor.held().map(({ phase }) => phase)).toEqual(["started", "started", "queued"]);
    release();
    await called(3);
    expect(ran).toEqual(["a", "b", "c"]);
    release();
    release();
    await executor.stop();
  });

  it("does not begin what is not safe to repeat before the server grants it", async () => {
    const { server, ran, called, release, executor } = await start();
    server.handlers.task(slow("a"));
    await server.next("started");
    server.handlers.task(task("b"));
    await server.next("result");
    expect(ran).toEqual(["b"]);
    server.handlers.granted([ref("a")]);
    await called(2);
    release();
    expect(await server.next("result")).toMatchObject({ task: "a", outcome: "done" });
    await executor.stop();
  });

  it("drops what the server does not grant, without a result", async () => {
    const { server, ran, executor } = await start();
    server.handlers.task(slow("a"));
    await server.next("started");
    server.handlers.forget([ref("a")]);
    server.handlers.task(task("b"));
    await server.next("result");
    expect(ran).toEqual(["b"]);
    expect(executor.held().map((held) => held.task)).toEqual(["b"]);
    await executor.stop();
  });

  it("runs a task once, however often it is delivered, and a new attempt after the old one is over", async () => {
    const { server, ran, called, executor } = await start();
    server.handlers.task(slow("a", { safeToRepeat: true }));
    server.handlers.task(slow("a", { safeToRepeat: true }));
    await called(1);
    server.handlers.task(slow("a", { safeToRepeat: true }));
    server.handlers.task(task("a", { attempt: 2, parameters: { name: "again" } }));
    const result = await server.next("result");
    expect(result).toMatchObject({ attempt: 2, outcome: "done" });
    server.handlers.task(task("a", { attempt: 2 }));
    expect(ran).toEqual(["a", "again"]);
    await executor.stop();
  });

  it("stops a task that is cancelled, queued or running", async () => {
    const { server, called, executor } = await start({ limit: 1 });
    server.handlers.task(slow("a", { safeToRepeat: true }));
    server.handlers.task(slow("b", { safeToRepeat: true }));
    await called(1);
    server.handlers.cancel(ref("b"));
    server.handlers.cancel(ref("a"));
    const results = [await server.next("result"), await server.next("result")];
    expect(results).toMatchObject([
      { task: "a", outcome: "cancelled", error: { code: "function_cancelled" } },
      { task: "b", outcome: "cancelled" },
    ]);
    await executor.stop();
  });

  it("ends what takes longer than its time-out, even what does not listen", async () => {
    const { server, clock, called, executor } = await start();
    server.handlers.task(slow("a", { safeToRepeat: true, timeout: 1000 }));
    await called(1);
    server.handlers.task(task("deaf", { function: "deaf", parameters: {}, timeout: 500 }));
    await server.next("started");
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(999);
    clock.advance(1);
    expect(await server.next("result")).toMatchObject({
      task: "a",
      outcome: "failed",
      error: { code: "function_timed_out" },
    });
    clock.advance(60_000);
    expect(await server.next("result")).toMatchObject({
      task: "deaf",
      outcome: "failed",
      error: { code: "function_timed_out" },
    });
    await executor.stop();
  });

  it("refuses a result that fits no message", async () => {
    const { server, executor } = await start();
    server.handlers.task(task("a", { function: "large", parameters: {} }));
    expect(await server.next("result")).toMatchObject({ outcome: "failed", error: { code: "result_too_large" } });
    await executor.stop();
  });

  it("reports what runs as interrupted when it is stopped", async () => {
    const { server, called, executor } = await start();
    server.handlers.task(slow("a"));
    server.handlers.granted([ref("a")]);
    await called(1);
    const stopped = executor.stop();
    const result = await server.next("result");
    expect(result).toMatchObject({ task: "a", outcome: "interrupted" });
    server.acknowledge(result);
    await stopped;
  });
});

describe("a batch", () => {
  const batch = ["one", "two", "three"].map((text, item) => ({ item, parameters: { name: text } }));

  it("runs its items in order, each with its own result and key", async () => {
    const { server, ran, contexts, executor } = await start();
    server.handlers.task(task("a", { batch }));
    const items = await server.next("items");
    expect(items.items).toMatchObject([0, 1, 2].map((item) => ({ item, outcome: "done" })));
    expect(await server.next("result")).toMatchObject({ outcome: "done", value: { items: 3 } });
    expect(ran).toEqual(["one", "two", "three"]);
    expect(contexts.map(({ key }) => key)).toEqual(["a/0", "a/1", "a/2"]);
    await executor.stop();
  });

  const bad = [{ item: 0, parameters: { name: "bad" } }, ...batch.slice(1)];

  it("stops at the first item that fails", async () => {
    const { server, ran, executor } = await start();
    server.handlers.task(task("a", { batch: bad }));
    expect(await server.next("result")).toMatchObject({
      outcome: "failed",
      error: { code: "executor_busy", details: { item: 0, exit_code: 3 } },
    });
    expect(ran).toEqual(["bad"]);
    await executor.stop();
  });

  it("goes on behind it when it shall", async () => {
    const { server, ran, executor } = await start();
    server.handlers.task(task("a", { batch: bad, keepGoing: true }));
    expect((await server.next("items")).items.map(({ outcome }) => outcome)).toEqual(["failed", "done", "done"]);
    expect(await server.next("result")).toMatchObject({ outcome: "failed" });
    expect(ran).toEqual(["bad", "two", "three"]);
    await executor.stop();
  });
});

describe("after a crash", () => {
  /** Leaves the first executor as kill -9 does: nothing of it goes on, nothing is written any more. */
  async function crashIn(message: TaskMessage, calls: number): Promise<void> {
    const rig = await start();
    rig.server.handlers.task(message);
    rig.server.handlers.granted([ref(message.task)]);
    for (let call = 1; call < calls; call += 1) {
      await rig.called(call);
      rig.release();
    }
    await rig.called(calls);
  }

  it("a task that had begun is cleaned up after and reported as interrupted, not run again", async () => {
    await crashIn(slow("a"), 1);
    const cleaned: string[] = [];
    const { server, ran, executor } = await start({ cleanUp: cleaned });
    expect(executor.held()).toEqual([{ ...ref("a"), phase: "finished", module: "" }]);
    expect(await server.next("result")).toMatchObject({
      task: "a",
      outcome: "interrupted",
      error: { code: "function_interrupted" },
    });
    expect([cleaned, ran]).toEqual([["a"], []]);
    await executor.stop();
  });

  it("what was being taken back is given back, to be taken back again", async () => {
    const rig = await start();
    rig.server.handlers.task(task("a", { function: "made", parameters: { name: "hang" }, undo: {} }));
    await rig.server.next("started");
    await expect.poll(() => rig.ran).toHaveLength(1);
    await journals.at(-1)!.sync();
    const { server, executor, ran } = await start();
    // The server, not told of it any more, gives it out as a new attempt.
    expect(executor.held()).toEqual([]);
    server.handlers.task(task("a", { function: "made", parameters: { name: "a" }, undo: {}, attempt: 2 }));
    expect(await server.next("result")).toMatchObject({ attempt: 2, outcome: "done" });
    expect(ran).toEqual(["undo a unknown as a"]);
    await executor.stop();
  });

  it("a result that was not acknowledged is sent again", async () => {
    const before = await start();
    before.server.handlers.task(task("a"));
    await before.server.next("result");
    const { server, ran, executor } = await start();
    const result = await server.next("result");
    expect(result).toMatchObject({ task: "a", outcome: "done", value: { name: "a" } });
    expect(ran).toEqual([]);
    server.acknowledge(result);
    await executor.stop();
    const third = await start();
    expect(third.executor.held()).toEqual([]);
    await third.executor.stop();
  });

  const batch = ["one", "two", "three"].map((text, item) => ({ item, parameters: { name: text } }));

  it("a batch goes on behind its last finished item; the one under way is interrupted", async () => {
    await crashIn(slow("a", { batch, keepGoing: true }), 2);
    const { server, ran, called, release, executor } = await start();
    expect(executor.held()).toEqual([{ ...ref("a"), phase: "started", module: "test" }]);
    expect(await server.next("started")).toMatchObject({ tasks: [ref("a")] });
    expect(ran).toEqual([]);
    // The server may have given up the rest meanwhile: only its word lets it go on.
    server.handlers.granted([ref("a")]);
    await called(1);
    release();
    expect((await server.next("items")).items.map(({ outcome }) => outcome)).toEqual(["done", "interrupted", "done"]);
    expect(await server.next("result")).toMatchObject({ outcome: "interrupted", error: { details: { item: 1 } } });
    expect(ran).toEqual(["three"]);
    await executor.stop();
  });

  it("a batch that stops at failures ends with the interrupted item", async () => {
    await crashIn(slow("a", { batch }), 2);
    const { server, ran, executor } = await start();
    expect((await server.next("items")).items.map(({ outcome }) => outcome)).toEqual(["done", "interrupted"]);
    expect(await server.next("result")).toMatchObject({ outcome: "interrupted" });
    expect(ran).toEqual([]);
    await executor.stop();
  });
});

describe("a question", () => {
  it("is answered by functions that observe, and by no others", async () => {
    const { server, ran, executor } = await start();
    const query = { type: "query" as const, module: "test", timeout: 1000 };
    server.handlers.query({ ...query, query: "1", function: "quick", parameters: { name: "a" } });
    expect(await server.next("reply")).toEqual({ type: "reply", query: "1", value: { name: "a" } });
    server.handlers.query({ ...query, query: "2", function: "slow", parameters: { name: "b" } });
    expect(await server.next("reply")).toMatchObject({ query: "2", error: { code: "function_not_observing" } });
    expect(ran).toEqual(["a"]);
    await executor.stop();
  });
});

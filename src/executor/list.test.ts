import { appendFileSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { TaskMessage } from "../link/index.ts";
import { crashIn, ref, slow, start, task, useFolder } from "./testing.ts";

const path = useFolder();

type Items = NonNullable<TaskMessage["batch"]>;

function named(...names: readonly string[]): Items {
  return names.map((name, item) => ({ item, parameters: { name } }));
}

const three = named("one", "two", "three");
/** Of functions that wait: the second may run again, the others may not. */
const mixed: Items = [
  { item: 0, function: "slow", parameters: { name: "one" } },
  { item: 1, function: "away", parameters: { name: "two" }, safeToRepeat: true },
  { item: 2, function: "slow", parameters: { name: "three" } },
];

function list(batch: Items, more: Partial<TaskMessage> = {}): TaskMessage {
  return task("a", { function: "*", parameters: null, safeToRepeat: false, batch, ...more });
}

describe("a list", () => {
  it("runs its items in order, each with its own result and key", async () => {
    const { server, ran, contexts, executor } = await start();
    server.handlers.task(task("a", { batch: three }));
    const items = await server.next("items");
    expect(items.items).toMatchObject([0, 1, 2].map((item) => ({ item, outcome: "done" })));
    expect(await server.next("result")).toMatchObject({ outcome: "done", value: { items: 3 } });
    expect(ran).toEqual(["one", "two", "three"]);
    expect(contexts.map(({ key, item }) => [key, item])).toEqual([
      ["a/0", 0],
      ["a/1", 1],
      ["a/2", 2],
    ]);
    await executor.stop();
  });

  it("calls a function of its own for each item, with what all share, and says whose output is whose", async () => {
    const { server, ran, contexts, executor } = await start();
    const batch: Items = [
      { item: 4, function: "quick", parameters: { name: "one" } },
      { item: 5, function: "made", parameters: { name: "two" } },
      { item: 6, function: "quick", parameters: { name: "three" } },
    ];
    server.handlers.task(list(batch, { safeToRepeat: true, shared: { values: { a: 1 } } }));
    expect(await server.next("result")).toMatchObject({ outcome: "done" });
    expect(ran).toEqual(["one", "make two", "three"]);
    expect(contexts[0]!.shared).toEqual({ values: { a: 1 } });
    expect(contexts[1]!.shared).toBe(contexts[0]!.shared);
    expect([(await server.next("output")).item, (await server.next("output")).item]).toEqual([4, 6]);
    await executor.stop();
  });

  it("fails the item of a function nobody knows, and only that", async () => {
    const { server, ran, executor } = await start();
    const batch: Items = [
      { item: 0, function: "quik", parameters: { name: "one" } },
      { item: 1, function: "quick", parameters: { name: "two" } },
    ];
    server.handlers.task(list(batch, { safeToRepeat: true, keepGoing: true }));
    expect((await server.next("items")).items).toMatchObject([
      { item: 0, outcome: "failed", error: { code: "function_unknown" } },
      { item: 1, outcome: "done" },
    ]);
    expect(ran).toEqual(["two"]);
    await executor.stop();
  });

  const bad = [{ item: 0, parameters: { name: "bad" } }, ...three.slice(1)];

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

  it("tells how items ended while it runs, each once", async () => {
    const { server, clock, called, release, executor } = await start();
    server.handlers.task(slow("a", { batch: three, safeToRepeat: true }));
    await called(1);
    release();
    await called(2);
    clock.advance(200);
    expect((await server.next("items")).items).toMatchObject([{ item: 0, outcome: "done", value: "released" }]);
    release();
    await called(3);
    release();
    expect((await server.next("items")).items.map(({ item }) => item)).toEqual([1, 2]);
    await server.next("result");
    await executor.stop();
  });

  it("that is cancelled stops the item under way, and begins no other", async () => {
    const { server, ran, called, executor } = await start();
    server.handlers.task(slow("a", { batch: three, keepGoing: true, safeToRepeat: true }));
    await called(1);
    server.handlers.cancel(ref("a"));
    expect((await server.next("items")).items).toMatchObject([{ item: 0, outcome: "cancelled" }]);
    expect(await server.next("result")).toMatchObject({ outcome: "cancelled" });
    expect(ran).toEqual(["one"]);
    await executor.stop();
  });
});

describe("a list with something that may end its executor", () => {
  const last: Items = [
    { item: 0, function: "quick", parameters: { name: "one" } },
    { item: 1, function: "away", parameters: { name: "two" } },
  ];

  it("begins it when the server has what was written before", async () => {
    let bytes = 100;
    const { server, ran, called, executor } = await start({ unacknowledged: () => bytes });
    server.handlers.task(list(last, { safeToRepeat: true }));
    const written = (await server.next("output")) as Parameters<typeof server.handlers.acknowledged>[0];
    for (let turn = 0; turn < 20; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      server.handlers.acknowledged(written);
    }
    expect(ran).toEqual(["one"]);
    bytes = 0;
    server.handlers.acknowledged(written);
    await called(2);
    await executor.stop();
  });

  it("begins it after three seconds at the latest", async () => {
    const { server, clock, ran, called, executor } = await start({ unacknowledged: () => 100 });
    server.handlers.task(list(last, { safeToRepeat: true }));
    await server.next("output");
    await expect.poll(() => (clock.advance(1000), ran.length)).toBe(2);
    await called(2);
    await executor.stop();
  });

  it("does not begin it when it is cancelled meanwhile", async () => {
    const { server, clock, ran, executor } = await start({ unacknowledged: () => 100 });
    server.handlers.task(list(last, { safeToRepeat: true }));
    await server.next("output");
    server.handlers.cancel(ref("a"));
    clock.advance(3000);
    expect(await server.next("result")).toMatchObject({ outcome: "cancelled" });
    expect(ran).toEqual(["one"]);
    await executor.stop();
  });
});

describe("a list whose executor is stopped", () => {
  it("goes on at the next start with what may run again, under the same key", async () => {
    const first = await start();
    first.server.handlers.task(list(mixed));
    first.server.handlers.granted([ref("a")]);
    await first.called(1);
    first.release();
    await first.called(2);
    await first.executor.stop();
    expect(first.server.sent.some(({ type }) => type === "result")).toBe(false);
    const { server, ran, contexts, called, release, executor } = await start();
    server.handlers.granted([ref("a")]);
    await called(1);
    expect(contexts[0]).toMatchObject({ key: "a/1", item: 1 });
    release();
    await called(2);
    release();
    expect(await server.next("result")).toMatchObject({ outcome: "done" });
    expect(ran).toEqual(["two", "three"]);
    await executor.stop();
  });

  it("numbers what it writes behind all that it wrote before, at each start: the server takes no number twice", async () => {
    const quick = { function: "quick", safeToRepeat: true };
    const waits = { function: "slow", safeToRepeat: true };
    const parts = [quick, waits, quick, waits, quick, waits].map((kind, item) => ({
      item,
      ...kind,
      parameters: { name: `n${item}` },
    }));
    const rig = [await start()];
    rig[0]!.server.handlers.task(list(parts));
    rig[0]!.server.handlers.granted([ref("a")]);
    await rig[0]!.called(2);
    for (let again = 0; again < 2; again += 1) {
      await rig.at(-1)!.executor.stop();
      const next = await start();
      rig.push(next);
      next.server.handlers.granted([ref("a")]);
      await next.called(1);
      next.release();
      await next.called(3);
    }
    const last = rig.at(-1)!;
    const written = rig.flatMap(({ server }) => server.sent.filter((message) => message.type === "output"));
    const indexes = written.map(({ index }) => index);
    expect(indexes).toHaveLength(3);
    expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b));
    await last.executor.stop();
  });

  it("goes on behind what was cut off, where it shall: nothing else counts as begun", async () => {
    const first = await start();
    first.server.handlers.task(slow("a", { batch: three, keepGoing: true }));
    first.server.handlers.granted([ref("a")]);
    await first.called(1);
    await first.executor.stop();
    // Stopped again before the server had let it go on.
    const second = await start();
    await second.server.next("started");
    await second.executor.stop();
    const { server, ran, called, release, executor } = await start();
    server.handlers.granted([ref("a")]);
    await called(1);
    release();
    await called(2);
    release();
    expect((await server.next("items")).items.map(({ outcome }) => outcome)).toEqual(["interrupted", "done", "done"]);
    expect([second.ran, ran]).toEqual([[], ["two", "three"]]);
    await executor.stop();
  });

  it("before it was let begin begins at the next start; after that a crash counts again", async () => {
    const first = await start();
    first.server.handlers.task(slow("a", { batch: three, keepGoing: true }));
    await first.server.next("started");
    await first.executor.stop();
    const second = await start();
    second.server.handlers.granted([ref("a")]);
    await second.called(1);
    const { server, ran, called, release, executor } = await start();
    server.handlers.granted([ref("a")]);
    await called(1);
    release();
    await called(2);
    release();
    expect((await server.next("items")).items.map(({ outcome }) => outcome)).toEqual(["interrupted", "done", "done"]);
    expect([first.ran, second.ran, ran]).toEqual([[], ["one"], ["two", "three"]]);
    await executor.stop();
  });

  it("ends as interrupted where what was under way may not run again", async () => {
    const { server, called, executor } = await start();
    server.handlers.task(list(mixed));
    server.handlers.granted([ref("a")]);
    await called(1);
    await executor.stop();
    expect((await server.next("items")).items).toMatchObject([{ item: 0, outcome: "interrupted" }]);
    expect(await server.next("result")).toMatchObject({ outcome: "interrupted", error: { details: { item: 0 } } });
  });
});

describe("a list after a crash", () => {
  it("goes on behind its last finished item; the one under way is interrupted", async () => {
    await crashIn(slow("a", { batch: three, keepGoing: true }), 2);
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

  it("that the server has given up goes on with nothing", async () => {
    await crashIn(slow("a", { batch: three, keepGoing: true }), 2);
    const { server, ran, executor } = await start();
    await server.next("started");
    server.handlers.forget([ref("a")]);
    await executor.stop();
    expect(ran).toEqual([]);
    const third = await start();
    expect(third.executor.held()).toEqual([]);
    await third.executor.stop();
  });

  it("ends with the interrupted item where it stops at failures", async () => {
    await crashIn(slow("a", { batch: three }), 2);
    const { server, ran, executor } = await start();
    expect((await server.next("items")).items.map(({ outcome }) => outcome)).toEqual(["done", "interrupted"]);
    expect(await server.next("result")).toMatchObject({ outcome: "interrupted" });
    expect(ran).toEqual([]);
    await executor.stop();
  });

  it("does the item under way again where that is safe, though others of it are not", async () => {
    await crashIn(list(mixed), 2);
    const { server, ran, called, release, executor } = await start();
    server.handlers.granted([ref("a")]);
    await called(1);
    release();
    await called(2);
    release();
    expect(await server.next("result")).toMatchObject({ outcome: "done", value: { items: 3 } });
    expect(ran).toEqual(["two", "three"]);
    await executor.stop();
  });

  it("that held secrets says which item was under way, and wrote none of them", async () => {
    const hide = [{ name: "db", value: Buffer.from("canary").toString("base64") }];
    await crashIn(slow("a", { batch: named("one", "canary two", "three"), hide }), 2);
    expect(readFileSync(path.journal(), "utf8")).not.toContain("canary");
    const { server, executor } = await start();
    expect((await server.next("items")).items).toMatchObject([
      { item: 0, outcome: "done" },
      { item: 1, outcome: "interrupted" },
    ]);
    const { outcome, resumable } = await server.next("result");
    expect([outcome, resumable]).toEqual(["interrupted", undefined]);
    await executor.stop();
  });

  const secret = { hide: [{ name: "db", value: Buffer.from("canary").toString("base64") }] };

  it("that held secrets lets the server go on where what was under way may run again", async () => {
    await crashIn(list(mixed, secret), 2);
    const { server, ran, executor } = await start();
    expect((await server.next("items")).items).toMatchObject([{ item: 0, outcome: "done" }]);
    expect(await server.next("result")).toMatchObject({ outcome: "interrupted", resumable: true });
    expect(ran).toEqual([]);
    await executor.stop();
  });

  it("that held secrets lets the server go on where it was stopped before its first item, also after another start", async () => {
    const first = await start();
    first.server.handlers.task(list(mixed, secret));
    await first.server.next("started");
    await first.executor.stop();
    for (let again = 0; again < 2; again += 1) {
      const { server, executor } = await start();
      expect(await server.next("result")).toMatchObject({ outcome: "interrupted", resumable: true });
      await executor.stop();
    }
  });

  it("that held secrets ends as its items did where none was left", async () => {
    await crashIn(list([mixed[0]!, { item: 1, function: "quick", parameters: { name: "bad" } }, mixed[2]!], secret), 1);
    const ends = [
      { item: 1, outcome: "failed", error: { code: "executor_busy", message: "bad" } },
      { item: 0, outcome: "done" },
    ];
    for (const end of ends)
      appendFileSync(path.journal(), `${JSON.stringify({ item: "a", attempt: 1, ending: end })}\n`);
    const { server, executor } = await start();
    expect(await server.next("result")).toMatchObject({ outcome: "failed", error: { details: { item: 1 } } });
    await executor.stop();
  });
});

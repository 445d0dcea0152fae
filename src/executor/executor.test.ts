import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { crashIn, lastJournal, outputOf, ref, slow, start, task, useFolder } from "./testing.ts";

const path = useFolder();

describe("an executor", () => {
  it("runs a task, sends its output, and holds its result until it is acknowledged", async () => {
    const { server, executor } = await start();
    server.handlers.task(task("a"));
    expect(await server.next("started")).toMatchObject({ tasks: [ref("a")] });
    const result = await server.next("result");
    expect(result).toMatchObject({ task: "a", attempt: 1, outcome: "done", value: { name: "a" } });
    expect(outputOf(server.sent)).toBe("ran a");
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
    expect(outputOf(server.sent)).toBe("ran a [secret db]");
    server.handlers.task(task("batch", { batch: [{ item: 0, parameters: { name: "bad canary" } }], hide }));
    expect(await server.next("items")).toMatchObject({ items: [{ item: 0, outcome: "failed" }] });
    await executor.stop();
    expect(readFileSync(path.journal(), "utf8")).not.toContain("bad canary");
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

describe("after a crash", () => {
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

  it("a task that may be repeated is reported as interrupted too, so that what ends whoever begins it is counted", async () => {
    await crashIn({ ...slow("a"), safeToRepeat: true }, 1);
    const { server, ran, executor } = await start();
    expect(executor.held()).toEqual([{ ...ref("a"), phase: "finished", module: "" }]);
    expect(await server.next("result")).toMatchObject({ task: "a", attempt: 1, outcome: "interrupted" });
    server.handlers.task(task("a", { attempt: 2 }));
    expect(await server.next("result")).toMatchObject({ attempt: 2, outcome: "done" });
    expect(ran).toEqual(["a"]);
    await executor.stop();
  });

  it("what was being taken back is given back, to be taken back again", async () => {
    const rig = await start();
    rig.server.handlers.task(task("a", { function: "made", parameters: { name: "hang" }, undo: {} }));
    await rig.server.next("started");
    await expect.poll(() => rig.ran).toHaveLength(1);
    await lastJournal().sync();
    const { server, executor, ran } = await start();
    // The server gives it out as a new attempt.
    expect(await server.next("result")).toMatchObject({ attempt: 1, outcome: "interrupted" });
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

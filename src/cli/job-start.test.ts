import { expect, it } from "vitest";
import type { CommandContext } from "./context.ts";
import { start } from "./job-start.ts";
import { testTerminal } from "./testing.ts";

it("a feed that fails while jobs are looked at ends the command with its reason, and not with a stack", async () => {
  const lost = new Error("the server went away");
  const feed = { opened: Promise.resolve(), [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(lost) }) };
  const jobs = {
    create: () => Promise.resolve({ items: [{ id: "1" }] }),
    // Longer than the feed takes to fail.
    get: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve, { status: "running" }))),
  };
  const context = {
    terminal: testTerminal().terminal,
    output: "table",
    client: { events: { follow: () => feed }, jobs },
  } as unknown as CommandContext;
  await expect(start(context, { structure: "web1", wait: true }, ["create"])).rejects.toBe(lost);
});

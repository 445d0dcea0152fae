import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskMessage } from "../link/index.ts";
import { type Journal, openJournal as openAt } from "./journal.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-journal-"));
  path = join(folder, "journal");
});
const opened: Journal[] = [];
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  rmSync(folder, { recursive: true });
});

async function openJournal(): Promise<Journal> {
  const journal = await openAt(path);
  opened.push(journal);
  return journal;
}

function task(name: string, more: Partial<TaskMessage> = {}): TaskMessage {
  return {
    type: "task",
    task: name,
    attempt: 1,
    key: name,
    module: "m",
    function: "f",
    parameters: { secret: "not for the disk" },
    batch: null,
    keepGoing: false,
    timeout: null,
    safeToRepeat: false,
    ...more,
  };
}

describe("the journal", () => {
  it("remembers what began and how it ended, until it is forgotten", async () => {
    const journal = await openJournal();
    journal.started(task("a"));
    journal.started(task("b", { safeToRepeat: true }));
    journal.started(task("c"));
    journal.ended({ task: "b", attempt: 1 }, { outcome: "done", value: 1 });
    journal.ended({ task: "d", attempt: 2 }, { outcome: "failed", error: { code: "x", message: "y" } });
    journal.forget({ task: "c", attempt: 1 });
    await journal.sync();
    // As after kill -9: nobody closed it.
    const again = await openJournal();
    expect(again.entries()).toEqual([
      {
        task: "a",
        attempt: 1,
        key: "a",
        safe: false,
        batch: null,
        outline: null,
        idle: false,
        resumed: 0,
        items: new Map(),
        ending: undefined,
      },
      {
        task: "b",
        attempt: 1,
        key: "b",
        safe: true,
        batch: null,
        outline: null,
        idle: false,
        resumed: 0,
        items: new Map(),
        ending: { outcome: "done", value: 1 },
      },
      {
        task: "d",
        attempt: 2,
        key: "d",
        safe: false,
        batch: null,
        outline: null,
        idle: false,
        resumed: 0,
        items: new Map(),
        ending: { outcome: "failed", error: { code: "x", message: "y" } },
      },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).not.toContain("not for the disk");
  });

  it("keeps a batch with its items, each once", async () => {
    const journal = await openJournal();
    const batch = task("a", {
      batch: [
        { item: 0, parameters: 1 },
        { item: 1, parameters: 2 },
      ],
    });
    journal.started(batch);
    const ref = { task: "a", attempt: 1 };
    journal.item(ref, { item: 0, outcome: "done", value: null });
    journal.item(ref, { item: 0, outcome: "done", value: null });
    await journal.sync();
    const [entry] = (await openJournal()).entries();
    expect(entry).toMatchObject({ batch, items: new Map([[0, { item: 0, outcome: "done", value: null }]]) });
  });

  it("cuts off a torn last line, and writes on behind it", async () => {
    const journal = await openJournal();
    journal.started(task("a"));
    await journal.sync();
    appendFileSync(path, '{"started":"b","att');
    const again = await openJournal();
    expect(again.entries().map((entry) => entry.task)).toEqual(["a"]);
    again.started(task("c"));
    await again.sync();
    expect((await openJournal()).entries().map((entry) => entry.task)).toEqual(["a", "c"]);
  });

  it("refuses a file it never wrote, and says where", async () => {
    writeFileSync(path, '{"started":"a","attempt":1,"key":"a","safe":true}\nrubbish\n');
    await expect(openJournal()).rejects.toMatchObject({ code: "executor_journal_damaged", where: { line: 2 } });
  });

  it("does not grow for ever, and loses nothing when it is rewritten", async () => {
    const journal = await openJournal();
    journal.started(task("kept"));
    for (let round = 0; round < 40; round += 1) {
      for (let count = 0; count < 50; count += 1) {
        const ref = { task: `t${round}-${count}`, attempt: 1 };
        journal.started(task(ref.task));
        journal.ended(ref, { outcome: "done", value: "x".repeat(1000) });
        journal.forget(ref);
      }
      await journal.sync();
    }
    expect(statSync(path).size).toBeLessThan(1_300_000);
    expect((await openJournal()).entries().map((entry) => entry.task)).toEqual(["kept"]);
  });

  it("shares a round among all who ask at the same time", async () => {
    const journal = await openJournal();
    const syncs = Array.from({ length: 100 }, (_, count) => {
      journal.started(task(`t${count}`));
      return journal.sync();
    });
    await Promise.all(syncs);
    // The first round took the first task, the second all others.
    expect(new Set(syncs).size).toBe(2);
    expect((await openJournal()).entries()).toHaveLength(100);
  });
});

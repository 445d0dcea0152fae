import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { acquireLock, successorName } from "./lock.ts";
import { ownProcess } from "./processes.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a process that is no more left behind. */
function dead(token: string): string {
  return JSON.stringify({ ...ownProcess(), start: "1", token });
}

describe("a lock", () => {
  it("is held by one, and says by whom", async () => {
    const release = await acquireLock(path);
    await expect(acquireLock(path)).rejects.toMatchObject({ code: "lock_held", details: { pid: process.pid } });
    await release();
    await (
      await acquireLock(path)
    )();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("given back twice is not taken from who holds it now", async () => {
    const release = await acquireLock(path);
    await release();
    await acquireLock(path);
    await release();
    await expect(acquireLock(path)).rejects.toMatchObject({ code: "lock_held" });
  });

  it.each(["", "null", "{}", "not JSON"])("that names nobody (%j) is taken over", async (text) => {
    writeFileSync(path, text);
    await (
      await acquireLock(path)
    )();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of a dead process is taken over, by one of many", async () => {
    writeFileSync(path, dead("a"));
    const taken = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(path)));
    expect(taken.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(["lock"]);
  });

  it("is taken over where others died while they took it over", async () => {
    writeFileSync(path, dead("a"));
    writeFileSync(successorName(path, dead("a")), dead("b"));
    writeFileSync(successorName(path, dead("b")), dead("c"));
    const release = await acquireLock(path);
    expect(readdirSync(folder)).toEqual(["lock"]);
    await release();
  });

  it("that a living process is taking over is that one's", async () => {
    writeFileSync(path, dead("a"));
    writeFileSync(successorName(path, dead("a")), JSON.stringify(ownProcess()));
    await expect(acquireLock(path)).rejects.toMatchObject({ code: "lock_held", details: { pid: process.pid } });
    expect(readFileSync(path, "utf8")).toBe(dead("a"));
  });
});

/**
 * Takes the lock ROUNDS times. Whoever holds it makes a file that nobody else may have made, notes its pid, and removes the file. The last
 * time, it dies with the lock in its hands.
 */
const CONTENDER = `
  const [lock, path, inside, notes, rounds] = process.argv.slice(1);
  const { acquireLock } = await import(lock);
  const { appendFileSync, rmSync, writeFileSync } = await import("node:fs");
  process.stdout.write("ready");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  for (let round = 1; round <= Number(rounds); round += 1) {
    let release;
    while (release === undefined) {
      release = await acquireLock(path).catch((error) => {
        if (error.code !== "lock_held") throw error;
      });
    }
    writeFileSync(inside, "", { flag: "wx" });
    await new Promise((resolve) => setImmediate(resolve));
    appendFileSync(notes, process.pid + "\\n");
    rmSync(inside);
    if (round === Number(rounds)) process.kill(process.pid, "SIGKILL");
    await release();
  }
`;

const CONTENDERS = 5;
const ROUNDS = 4;

describe("processes that contend for a dead one's lock, whose taker died too", () => {
  it("hold it one at a time, and so do those who take it from each other's dead", { timeout: 60_000 }, async () => {
    writeFileSync(path, dead("a"));
    writeFileSync(successorName(path, dead("a")), dead("b"));
    const notes = join(folder, "notes");
    const contenders = Array.from({ length: CONTENDERS }, () => contender(join(folder, "inside"), notes));
    await Promise.all(contenders.map((one) => once(one.child.stdout!, "data")));
    for (const { child } of contenders) child.stdin!.write("go");
    const ends = await Promise.all(contenders.map((one) => one.end));
    expect(ends).toEqual(contenders.map(() => ({ signal: "SIGKILL", errors: "" })));
    const holders = readFileSync(notes, "utf8").trim().split("\n");
    expect(holders.sort()).toEqual(
      contenders.flatMap(({ child }) => Array<string>(ROUNDS).fill(`${child.pid}`)).sort(),
    );
    await (
      await acquireLock(path)
    )();
    expect(readdirSync(folder)).toEqual(["notes"]);
  });

  function contender(inside: string, notes: string): { child: ChildProcess; end: Promise<object> } {
    const lock = new URL("lock.ts", import.meta.url).href;
    const values = [lock, path, inside, notes, `${ROUNDS}`];
    const child = spawn(process.execPath, ["--input-type=module", "-e", CONTENDER, ...values]);
    onTestFinished(() => void child.kill("SIGKILL"));
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    return { child, end: once(child, "close").then(([, signal]) => ({ signal: signal as string, errors })) };
  }
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../src/kernel/clock.ts";
import { openDatabase } from "../src/platform/database/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-crash-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Commits pairs of rows, many at once, and says which are committed, until it is killed. */
const writer = `
  import { sql } from "kysely";
  import { systemClock } from "./src/kernel/clock.ts";
  import { createGroupCommit, openDatabase } from "./src/platform/database/index.ts";
  import { silentLogger } from "./src/platform/logging/index.ts";
  const database = await openDatabase(process.argv[1], { clock: systemClock, log: silentLogger() });
  await sql\`create table pair (number integer, half text)\`.execute(database.kysely);
  const group = createGroupCommit(database);
  async function add(number) {
    await group.submit(async (tx) => {
      await sql\`insert into pair values (\${number}, 'left')\`.execute(tx);
      await sql\`insert into pair values (\${number}, 'right')\`.execute(tx);
    });
    console.log(number);
  }
  for (let number = 0; ; number += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => add(number + index)));
  }`;

it("a killed server has lost nothing it called committed, and holds nothing by halves", async () => {
  const path = join(folder, "gantry.db");
  const child = spawn(process.execPath, ["--input-type=module", "--eval", writer, path], {
    cwd: join(import.meta.dirname, ".."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(Number(line));
    if (told.length === 200) child.kill("SIGKILL");
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");

  const database = await openDatabase(path, { clock: systemClock, log: silentLogger() });
  const rows = await sql<{ number: number; halves: number }>`
    select number, count(*) as halves from pair group by number`.execute(database.kysely);
  await database.close();
  const kept = new Map(rows.rows.map((row) => [row.number, row.halves]));
  expect(told.filter((number) => !kept.has(number))).toEqual([]);
  expect([...kept.values()].filter((halves) => halves !== 2)).toEqual([]);
});

/**
 * A server of jobs with an executor in it, for `test/jobs-crash.test.ts`: `node jobs-crash-child.ts FOLDER [STEP]`. It makes its jobs when
 * there are none, takes up what it finds otherwise, and ends when all are done. At STEP it kills itself. Prints how many steps it took.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/kernel/clock.ts";
import { jobMigrations, type ProgramSource } from "../../src/jobs/index.ts";
import { startExecutor, type TestFunction } from "../../src/jobs/testing/executor.ts";
import { createWorld, script, TENANT } from "../../src/jobs/testing/world.ts";
import { type Database, migrate, openDatabase } from "../../src/platform/database/index.ts";
import { eventMigrations } from "../../src/platform/events/index.ts";
import { silentLogger } from "../../src/platform/logging/index.ts";

const [folder, killAt] = [process.argv[2]!, Number(process.argv[3] ?? 0)];
let steps = 0;

/** Every moment at which dying could make a difference. */
function step(): void {
  steps += 1;
  if (steps === killAt) process.kill(process.pid, "SIGKILL");
}

const file = await openDatabase(join(folder, "jobs.db"), { clock: systemClock, log: silentLogger() });
await migrate(file, [...eventMigrations, ...jobMigrations], systemClock);
const database: Database = {
  ...file,
  async transaction(work) {
    const result = await file.transaction(async (tx) => {
      const written = await work(tx);
      step();
      return written;
    });
    step();
    return result;
  },
};

/** Writes down that it happens, as the world outside would remember it. */
function remembered(name: string): TestFunction {
  return (parameters, { assignment }) => {
    step();
    appendFileSync(
      join(folder, "ledger"),
      `${JSON.stringify({ name, task: assignment.task, value: (parameters as { value: number }).value })}\n`,
    );
    step();
    return null;
  };
}

const world = createWorld(database, systemClock);
world.host.draft = (call, draft) => ({ ...draft, safeToRepeat: call.function === "add" });
const steady = script("toy.add( value=1 )\ntoy.once( value=2 )\ntoy.add( value=3 )");
const verbs: ProgramSource = {
  kind: "verbs",
  name: "verbs",
  verbs: { verbs: [4, 5].map((value) => ({ module: "toy", function: "once", parameters: { value } })) },
};

let jobs = await world.jobs.service.list({ tenantId: TENANT }, { before: null, limit: 10 });
if (jobs.length === 0) {
  jobs = await database.transaction((tx) =>
    world.jobs.service.create(
      tx,
      [steady, verbs].map((program) => ({
        tenantId: TENANT,
        host: "test",
        program,
        target: { kind: "none", id: null, name: "" },
      })),
    ),
  );
}
const executor = startExecutor({
  tasks: world.jobs.tasks,
  functions: { add: remembered("add"), once: remembered("once") },
  reborn: true,
});
await world.jobs.start();
for (const { id } of jobs) {
  // Where nobody can say whether a call was made, a person looks and has it made again.
  while ((await world.reach(id, "done", "failed")).status === "failed") await world.jobs.service.retry(TENANT, id);
}
await executor.stop();
await world.close();
await database.close();
process.stdout.write(`${steps}\n`);

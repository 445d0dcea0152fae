import { type ChildProcess, execFile, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { measured, type Measurement, percentile } from "../scripts/measurement.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { ensureCertificates } from "../src/platform/http/index.ts";
import type { BareNews } from "./fleet-bare-data.ts";
import { agentName, ended, type FleetRig, IN_A_PROCESS, openFleet, residentMegabytes } from "./fleet-data.ts";

// 5,000 agents on one server: how they connect, what they cost, how long a command on all of them takes until each result is on the disk, and how
// they come back after a restart; 200 of them with lists of 1,000 verbs; and one command from the command line, with 10 and with 5,000 of them.

const execute = promisify(execFile);

const AGENTS = 5_000;
const FEW = 10;
const WITH_LISTS = 200;
const VERBS = 1_000;
/** Times a command goes to all; the first ones are not counted. */
const ROUNDS = 5;
const WARM_UP = 2;
const COMMANDS = 15;
/** Milliseconds between two looks at what is recorded. A look counts thousands of rows: more of them would take a processor of those measured. */
const LOOK = 40;
/** Milliseconds after which a server has given back what a moment of work took. */
const SETTLED = 40_000;
/** Milliseconds after which something is broken. */
const PATIENCE = 300_000;

export async function run(): Promise<readonly Measurement[]> {
  const bare = await bareTimes();
  const node = await median(COMMANDS, () => execute(process.execPath, ["-e", "0"]));
  const rows = rawRows();
  const rig = await openFleet(AGENTS);
  try {
    await rig.startAgents(0, FEW);
    await rig.untilConnected(FEW, PATIENCE);
    const beside10 = await command(rig);
    await rig.startAgents(FEW, WITH_LISTS - FEW);
    await rig.untilConnected(WITH_LISTS, PATIENCE);
    const rate = await lists(rig);
    const started = performance.now();
    await rig.startAgents(WITH_LISTS, AGENTS - WITH_LISTS);
    await rig.untilConnected(AGENTS, PATIENCE);
    const connect = (performance.now() - started) / 1000;
    const atOnce = residentMegabytes(rig.pid());
    await wait(SETTLED);
    const memory = residentMegabytes(rig.pid());
    const fanOut = await onAll(rig);
    const beside5000 = await command(rig);
    const worked = residentMegabytes(rig.pid());
    await wait(SETTLED);
    const rested = residentMegabytes(rig.pid());
    const back = await restart(rig);
    const all = `${AGENTS.toLocaleString("en")} agents`;
    return [
      measured(
        `${all}: connected, their start included`,
        "s",
        connect,
        bare.connect,
        "as many bare WebSockets over TLS",
      ),
      measured(`${all}: server's memory while they come`, "MB", atOnce, bare.memory, BARE_SERVER),
      measured(`${all}: server's memory`, "MB", memory, bare.memory, BARE_SERVER, 500),
      measured(`${all}: server's memory while commands go to all`, "MB", worked, bare.memory, BARE_SERVER),
      measured(`${all}: server's memory some time after them`, "MB", rested, bare.memory, BARE_SERVER, 500),
      measured(
        `${all}: a command on all, until a result is recorded, p95`,
        "ms",
        fanOut.p95,
        bare.p95,
        BARE_ROWS,
        1000,
      ),
      measured(`${all}: a command on all, until a result is recorded, p50`, "ms", fanOut.p50, bare.p50, BARE_ROWS),
      measured(
        `${all}: all back after a restart of the server`,
        "s",
        back,
        bare.connect,
        "as many bare WebSockets over TLS",
        30,
      ),
      measured(
        `${WITH_LISTS} agents, ${VERBS.toLocaleString("en")} verbs each`,
        "verbs/s",
        rate,
        rows,
        "their rows by node:sqlite alone, 1,000 a commit",
        30_000,
      ),
      measured(`gantry exec on one of ${AGENTS.toLocaleString("en")}`, "ms", beside5000, node, "node -e 0", 100),
      measured(`gantry exec on one of ${AGENTS.toLocaleString("en")}`, "ms", beside5000, beside10, `on one of ${FEW}`),
    ];
  } finally {
    await rig.close();
  }
}

const BARE_SERVER = "a bare server with as many WebSockets";
const BARE_ROWS = "a message to each, and a row for each answer, 200 a commit";

/** Milliseconds. */
async function median(times: number, action: () => Promise<unknown>): Promise<number> {
  const values: number[] = [];
  for (let count = 0; count < times; count += 1) {
    const began = performance.now();
    await action();
    values.push(performance.now() - began);
  }
  return percentile(values, 50);
}

/** Milliseconds of a whole `gantry exec` on one node. */
async function command(rig: FleetRig): Promise<number> {
  const run = () => rig.gantry("exec", "--target", agentName(FEW - 1), "--verb", "ECHO", "hello");
  await run();
  return median(COMMANDS, run);
}

/** Verbs a second, from the request until every job has ended. */
async function lists(rig: FleetRig): Promise<number> {
  const targets = Array.from({ length: WITH_LISTS }, (_, number) => agentName(number));
  const jobs = Array.from({ length: VERBS }, () => ({ verb: "ECHO", text: "hello" }));
  let best = 0;
  for (let round = 0; round < WARM_UP + 1; round += 1) {
    const began = performance.now();
    const { id } = await rig.client.runs.create({ text: "lists", targets, entries: [{ jobs }] });
    await recorded(rig, WITH_LISTS, "select count(*) as n from job where run_id = ? and finished_at is not null", id);
    best = Math.max(best, (WITH_LISTS * VERBS * 1000) / (performance.now() - began));
  }
  return best;
}

/** Milliseconds from the request until results are recorded. */
async function onAll(rig: FleetRig): Promise<{ readonly p50: number; readonly p95: number }> {
  const p50: number[] = [];
  const p95: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const began = performance.now();
    const entries = [{ jobs: [{ verb: "ECHO", text: "hello" }] }];
    // The answer lists every node: what is measured goes on meanwhile.
    const made = rig.client.runs.create({ text: `round ${round}`, entries });
    const settled = `select count(*) as n from task where settled_at is not null and job_id in
      (select id from job where run_id = (select id from run where text = ?))`;
    const times = await recorded(rig, AGENTS, settled, `round ${round}`);
    await made;
    if (round < WARM_UP) continue;
    p50.push(firstAt(times, AGENTS * 0.5) - began);
    p95.push(firstAt(times, AGENTS * 0.95) - began);
  }
  return { p50: percentile(p50, 50), p95: percentile(p95, 50) };
}

interface Seen {
  readonly at: number;
  readonly count: number;
}

/** When so many were there for the first time. */
function firstAt(seen: readonly Seen[], count: number): number {
  return seen.find((look) => look.count >= count)?.at ?? Number.NaN;
}

/** Looks with a connection of its own, which sees what is committed, until so many are there. */
async function recorded(rig: FleetRig, count: number, query: string, parameter: string): Promise<readonly Seen[]> {
  const database = new DatabaseSync(rig.databaseFile, { readOnly: true });
  try {
    const statement = database.prepare(query);
    const seen: Seen[] = [];
    const began = performance.now();
    for (;;) {
      const { n } = statement.get(parameter) as { n: number };
      seen.push({ at: performance.now(), count: n });
      if (n >= count) return seen;
      if (performance.now() - began > PATIENCE) throw new Error(`${n} of ${count} are recorded, and no more come`);
      await wait(LOOK);
    }
  } finally {
    database.close();
  }
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Seconds from the request to stop until all agents are connected again. */
async function restart(rig: FleetRig): Promise<number> {
  const began = performance.now();
  await rig.stopServer();
  await rig.startServer();
  await rig.untilConnected(AGENTS, PATIENCE);
  return (performance.now() - began) / 1000;
}

/** Rows a second that node:sqlite writes, as many as there are verbs. */
function rawRows(): number {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  const database = new DatabaseSync(join(folder, "rows.db"));
  database.exec(
    "pragma journal_mode = wal; pragma synchronous = full; create table result (task text, item integer, value text, primary key (task, item))",
  );
  const insert = database.prepare("insert into result values (?, ?, ?)");
  const began = performance.now();
  for (let list = 0; list < WITH_LISTS; list += 1) {
    database.exec("begin immediate");
    for (let item = 0; item < VERBS; item += 1)
      insert.run(`0198c0de-0000-7000-8000-${list}`, item, '{"changed":false}');
    database.exec("commit");
  }
  const seconds = (performance.now() - began) / 1000;
  database.close();
  rmSync(folder, { recursive: true });
  return (WITH_LISTS * VERBS) / seconds;
}

interface Bare {
  /** Seconds. */
  readonly connect: number;
  /** MB. */
  readonly memory: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
}

/** The same number of connections, without Gantry. */
async function bareTimes(): Promise<Bare> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  const children: ChildProcess[] = [];
  const start = (...parameters: readonly string[]): ChildProcess => {
    const child = fork(join(import.meta.dirname, "fleet-bare-data.ts"), parameters, {
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    children.push(child);
    return child;
  };
  try {
    const { chain, key } = await ensureCertificates(join(folder, "tls"), ["127.0.0.1"], systemClock);
    const server = start("server", join(folder, "bare.db"), chain, key);
    const port = await news(server, (one) => ("port" in one ? one.port : undefined));
    const began = performance.now();
    for (let left = AGENTS; left > 0; left -= IN_A_PROCESS)
      start("clients", String(port), String(Math.min(left, IN_A_PROCESS)));
    await news(server, (one) => ("connected" in one && one.connected === AGENTS ? true : undefined));
    const connect = (performance.now() - began) / 1000;
    const memory = residentMegabytes(server.pid!);
    let times: readonly number[] = [];
    for (let round = 0; round < WARM_UP + 1; round += 1) {
      server.send("tell all");
      times = await news(server, (one) => ("recorded" in one ? one.recorded : undefined));
    }
    return { connect, memory, p50: percentile(times, 50), p95: percentile(times, 95) };
  } finally {
    for (const child of children) await ended(child);
    rmSync(folder, { recursive: true });
  }
}

/** Resolves with what is looked for in what a process says. */
function news<Result>(child: ChildProcess, look: (one: BareNews) => Result | undefined): Promise<Result> {
  return new Promise((resolve) => {
    function listen(one: BareNews): void {
      const found = look(one);
      if (found === undefined) return;
      child.off("message", listen);
      resolve(found);
    }
    child.on("message", listen);
  });
}

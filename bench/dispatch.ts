import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestFleet, FLEET_MIGRATIONS, joinPeer, openPeer, TENANT, welcomePeer } from "../src/fleet/testing.ts";
import type { TestFleet, TestPeer } from "../src/fleet/testing.ts";
import type { JobDraft, JobHost } from "../src/jobs/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { acceptWebSockets, connect, LINK_PATHS, trustingAgent } from "../src/link/index.ts";
import type { Connection } from "../src/link/index.ts";
import { migrate, openDatabase } from "../src/platform/database/index.ts";
import { createHttpServer, ensureCertificates } from "../src/platform/http/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { measured, type Measurement, percentile } from "../scripts/measurement.ts";

// From a task's result to the next task of its job: 1,000 scripts that run, 200 results a second, sent at their times whatever comes back
// (open loop), over a WebSocket with TLS, durable on SQLite. Beside it an end of the link that writes one row and commits for each result, and
// answers at once.

const JOBS = 1_000;
const RESULTS_A_SECOND = 200;
const SECONDS = 15;
/** Not counted: what was just compiled, opened and read for the first time. */
const WARM_UP = 3;
/** Milliseconds that are allowed for 95 of 100. */
const LIMIT = 20;

const SITE = "here";

/** Every job's script calls `toy.noop` for ever, each with its own id, so that it is known whose task came. */
const host: JobHost = {
  view: async (job) => ({
    catalogue: { toy: { functions: { noop: { parameters: { job: { required: true } } } } } },
    values: (module, name) =>
      module === "config" && name === "job"
        ? { found: true, value: job.id, access: "r" }
        : { found: false, moduleKnown: module === "config" },
  }),
  prepare: async (_job, call) => ({
    kind: "task",
    task: {
      module: "toy",
      function: call.function,
      parameters: call.parameters,
      route: { siteId: SITE },
      timeout: 60_000,
      safeToRepeat: true,
    },
  }),
  finished: async () => undefined,
};

const draft: JobDraft = {
  tenantId: TENANT,
  host: "bench",
  program: { kind: "script", name: "bench", text: "while True do toy.noop( job=config.job )" },
  target: { kind: "none", id: null, name: "nothing" },
};

export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-dispatch-"));
  try {
    const bare = await overLink(folder, (connections) => bareTimes(folder, connections));
    const { times, busy } = await overLink(folder, (connections) => engineTimes(folder, connections));
    const name = `from a result to the job's next task, ${JOBS.toLocaleString("en")} jobs, ${RESULTS_A_SECOND} results a second`;
    const baselineName = "a row, its commit and an answer for each result";
    return [
      measured(`${name}, p95`, "ms", percentile(times, 95), percentile(bare.times, 95), baselineName, LIMIT),
      measured(`${name}, p50`, "ms", percentile(times, 50), percentile(bare.times, 50), baselineName),
      measured(`${name}, processor, both ends`, "ms/result", busy, bare.busy, baselineName),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How results came back as tasks. */
interface Times {
  /** Milliseconds, of each result. */
  readonly times: readonly number[];
  /** Milliseconds of the processor a result took, at both ends. */
  readonly busy: number;
}

interface Link {
  /** Who takes the server's end of each connection. */
  accept: (connection: Connection) => void;
  connect(): Promise<Connection>;
}

async function overLink<Result>(folder: string, work: (link: Link) => Promise<Result>): Promise<Result> {
  const certificates = await ensureCertificates(join(folder, "tls"), ["127.0.0.1"], systemClock);
  const http = await createHttpServer({
    log: silentLogger(),
    version: "bench",
    authenticate: () => ({}),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  const link: Link = {
    accept: () => undefined,
    async connect() {
      return (await connect({ urls: [url], transport: "websocket", agent, timeout: 10_000 })).connection;
    },
  };
  const webSockets = acceptWebSockets((connection) => link.accept(connection));
  http.onUpgrade(LINK_PATHS.webSocket, webSockets.upgrade);
  const { url } = await http.listen({ host: "127.0.0.1", port: 0 }, certificates);
  const agent = trustingAgent({ authority: certificates.authority, environment: {} });
  try {
    return await work(link);
  } finally {
    await webSockets.close();
    await http.close();
    agent.destroy();
  }
}

/** Sends results at their times, and notes when the next task of each job is there. */
function openLoop(first: readonly string[], send: (job: string) => void) {
  const ready = [...first];
  const sentAt = new Map<string, number>();
  const times: number[] = [];
  let counting = false;
  return {
    came(job: string): void {
      const sent = sentAt.get(job);
      if (sent !== undefined && counting) times.push(performance.now() - sent);
      sentAt.delete(job);
      ready.push(job);
    },
    async run(): Promise<Times> {
      const begin = performance.now();
      let cpu = process.cpuUsage();
      for (let number = 0; number < RESULTS_A_SECOND * SECONDS; number += 1) {
        if (number === RESULTS_A_SECOND * WARM_UP) {
          counting = true;
          cpu = process.cpuUsage();
        }
        const due = begin + (number * 1_000) / RESULTS_A_SECOND;
        for (let early = due - performance.now(); early > 0; early = due - performance.now())
          await new Promise((resolve) => setTimeout(resolve, early));
        const job = ready.shift();
        if (job === undefined) throw new Error("every job waits for its next task: the engine is far too slow");
        sentAt.set(job, due);
        send(job);
      }
      const { user, system } = process.cpuUsage(cpu);
      while (sentAt.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      return { times, busy: (user + system) / 1_000 / (RESULTS_A_SECOND * (SECONDS - WARM_UP)) };
    },
  };
}

async function engineTimes(folder: string, link: Link): Promise<Times> {
  const database = await openDatabase(join(folder, "engine.db"), { clock: systemClock, log: silentLogger() });
  await migrate(database, FLEET_MIGRATIONS, systemClock);
  const rig = await createTestFleet(database, systemClock, { heartbeat: 10_000 });
  rig.jobs.registerHost("bench", host);
  await rig.fleet.start({ urls: ["https://127.0.0.1"] });
  link.accept = (connection) => rig.fleet.accept(connection);
  try {
    const peer = await worker(rig, await link.connect());
    await rig.transaction((tx) =>
      rig.jobs.service.create(
        tx,
        Array.from({ length: JOBS }, () => draft),
      ),
    );
    const held = new Map<string, string>();
    let sequence = 0;
    async function take(): Promise<string> {
      const { task, parameters } = await peer.next("task");
      const { job } = parameters as { readonly job: string };
      held.set(job, task);
      peer.send({ type: "started", sequence: (sequence += 1), tasks: [{ task, attempt: 1 }] });
      return job;
    }
    while (held.size < JOBS) await take();
    const loop = openLoop([...held.keys()], (job) => {
      const task = held.get(job)!;
      peer.send({ type: "result", sequence: (sequence += 1), task, attempt: 1, outcome: "done", value: null });
    });
    const taking = (async () => {
      for (;;) loop.came(await take());
    })();
    // Nothing comes any more once the connection is closed; what it waits for then never comes.
    return await Promise.race([loop.run(), taking]);
  } finally {
    await rig.close();
    await database.close();
  }
}

async function worker(rig: TestFleet, connection: Connection): Promise<TestPeer> {
  const { token } = await rig.fleet.mintJoinToken({ tenantId: TENANT, kind: "worker", name: "w", expiresIn: 60 });
  const { id, keys } = await joinPeer(rig.fleet, token, "w", undefined, "worker");
  const peer = openPeer(connection, id, keys);
  await welcomePeer(peer, { modules: { toy: { limit: 2 * JOBS, functions: {} } } });
  return peer;
}

async function bareTimes(folder: string, link: Link): Promise<Times> {
  const database = new DatabaseSync(join(folder, "bare.db"));
  database.exec(
    "pragma journal_mode = wal; pragma synchronous = full; create table result (at integer primary key, job text, value text)",
  );
  const insert = database.prepare("insert into result (job, value) values (?, ?)");
  link.accept = (connection) =>
    connection.listen({
      frame(text) {
        insert.run(text, "null");
        connection.send(text);
      },
      closed: () => undefined,
    });
  const connection = await link.connect();
  const names = Array.from(
    { length: JOBS },
    (_, index) => `0198c0de-0000-7000-8000-${String(index).padStart(12, "0")}`,
  );
  const loop = openLoop(names, (job) => connection.send(job));
  connection.listen({ frame: (text) => loop.came(text), closed: () => undefined });
  try {
    return await loop.run();
  } finally {
    connection.close({ code: "closed", text: "done" });
    database.close();
  }
}

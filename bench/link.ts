import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { openJournal } from "../src/executor/index.ts";
import {
  acceptWebSockets,
  type Connection,
  connect,
  frameWriter,
  LINK_PATHS,
  parseFrame,
  trustingAgent,
} from "../src/link/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { createHttpServer, ensureCertificates } from "../src/platform/http/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import type { Measurement } from "../scripts/measurement.ts";

// How many small messages a second the link carries over TLS, both ends in this process: packed into frames by the turn of the event loop,
// beside one frame for each message. And how many tasks an executor's journal takes down a second, sharing one fsync, beside an fsync each.

const MESSAGES = 60_000;
const CONNECTIONS = 50;
const TASKS = 20_000;
const LONELY_TASKS = 300;

export async function run(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-bench-link-"));
  try {
    return [await messages(folder), await journal(folder)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function messages(folder: string): Promise<Measurement> {
  const certificates = await ensureCertificates(join(folder, "tls"), ["127.0.0.1"], systemClock);
  const http = await createHttpServer({
    log: silentLogger(),
    version: "bench",
    authenticate: () => ({}),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  const accepted: Connection[] = [];
  const webSockets = acceptWebSockets((connection) => accepted.push(connection));
  http.onUpgrade(LINK_PATHS.webSocket, webSockets.upgrade);
  const { url } = await http.listen({ host: "127.0.0.1", port: 0 }, certificates);
  const agent = trustingAgent({ authority: certificates.authority, environment: {} });
  try {
    const opened = await Promise.all(
      Array.from({ length: CONNECTIONS }, () =>
        connect({ urls: [url], transport: "websocket", agent, timeout: 10_000 }),
      ),
    );
    const ends = opened.map(({ connection }) => connection);
    const alone = await exchange(ends, accepted, false);
    const together = await exchange(ends, accepted, true);
    return {
      name: `requests and answers, ${CONNECTIONS} connections`,
      value: together,
      unit: "messages/s",
      baseline: alone,
      baselineName: "a frame for each message",
      ratio: together / alone,
    };
  } finally {
    webSockets.close();
    agent.destroy();
    await http.close();
  }
}

const small = z.object({ type: z.literal("started"), task: z.string(), attempt: z.number() });
type Small = z.output<typeof small>;

/** Every message goes to the server and is answered. Returns messages a second, both ways counted. */
async function exchange(
  clients: readonly Connection[],
  servers: readonly Connection[],
  coalesce: boolean,
): Promise<number> {
  const done = Promise.withResolvers<void>();
  let answered = 0;
  for (const connection of servers) {
    const writer = frameWriter<Small>((frame) => connection.send(frame), coalesce);
    connection.listen({
      frame(text) {
        for (const message of parseFrame(text, small)) writer.write(message);
      },
      closed: () => undefined,
    });
  }
  const start = performance.now();
  for (const connection of clients) {
    const writer = frameWriter<Small>((frame) => connection.send(frame), coalesce);
    connection.listen({
      frame(text) {
        answered += parseFrame(text, small).length;
        if (answered === MESSAGES) done.resolve();
      },
      closed: () => undefined,
    });
    for (let count = 0; count < MESSAGES / clients.length; count += 1) {
      writer.write({ type: "started", task: `00000000-0000-7000-8000-${String(count).padStart(12, "0")}`, attempt: 1 });
    }
  }
  await done.promise;
  return (2 * MESSAGES * 1000) / (performance.now() - start);
}

async function journal(folder: string): Promise<Measurement> {
  const shared = await openJournal(join(folder, "shared"));
  const sharedStart = performance.now();
  await Promise.all(Array.from({ length: TASKS }, (_, index) => note(shared, `shared-${index}`)));
  const together = (TASKS * 1000) / (performance.now() - sharedStart);
  await shared.close();
  const lonely = await openJournal(join(folder, "lonely"));
  const lonelyStart = performance.now();
  for (let index = 0; index < LONELY_TASKS; index += 1) await note(lonely, `lonely-${index}`);
  const alone = (LONELY_TASKS * 1000) / (performance.now() - lonelyStart);
  await lonely.close();
  return {
    name: "tasks begun and finished in an executor's journal",
    value: together,
    unit: "tasks/s",
    baseline: alone,
    baselineName: "one after the other",
    ratio: together / alone,
  };
}

/** As an executor does it: on disk before it acts, and before it reports. */
async function note(journal: Awaited<ReturnType<typeof openJournal>>, task: string): Promise<void> {
  const ref = { task, attempt: 1 };
  journal.started({
    type: "task",
    ...ref,
    key: task,
    module: "noop",
    function: "noop",
    parameters: {},
    batch: null,
    keepGoing: false,
    timeout: null,
    safeToRepeat: false,
  });
  await journal.sync();
  journal.ended(ref, { outcome: "done", value: null });
  await journal.sync();
  journal.forget(ref);
}

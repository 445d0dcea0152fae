import { createHash } from "node:crypto";
import type { Clock, ManualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import type { Job, JobHost, ProgramSource, TaskRoute } from "../jobs/index.ts";
import { createJobs, hasEnded, jobMigrations, type Jobs } from "../jobs/index.ts";
import {
  type CloseReason,
  type Connection,
  createKeyPair,
  type ExecutorMessage,
  frameWriter,
  inPieces,
  type KeyPair,
  LINK_VERSION,
  memoryPair,
  type ModuleAdvert,
  parseFrame,
  parseJoinToken,
  type ServerMessage,
  serverMessage,
  signChallenge,
  signJoin,
} from "../link/index.ts";
import { type Bus, createInProcessBus } from "../platform/bus/index.ts";
import type { Database, Migration, Transaction } from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { untilEvents } from "../platform/events/testing.ts";
import { type Logger, silentLogger } from "../platform/logging/index.ts";
import { tscript } from "../tscript/index.ts";
import { createFleet, type Fleet, type FleetParts } from "./fleet.ts";
import type { ExecutorKind } from "./model.ts";
import { fleetMigrations } from "./schema.ts";
import { auditMigrations, createAudit, DEFAULT_TENANT } from "../access/index.ts";

/** For tests: jobs and a fleet on a database, and executors played by the test. */

export const TENANT = DEFAULT_TENANT.id;
export const FLEET_MIGRATIONS: readonly Migration[] = [
  ...eventMigrations,
  ...auditMigrations,
  ...jobMigrations,
  ...fleetMigrations,
];
/** Hex, as `Certificates` has it. */
const TEST_PIN = createHash("sha256").update("test authority").digest("hex");

export interface TestFleet {
  readonly fleet: Fleet;
  readonly jobs: Jobs;
  readonly bus: Bus;
  /** One job with these calls, routed where the call's module says in `routes`. */
  run(
    calls: readonly TestCall[],
    options?: { readonly batch?: number; readonly keepGoing?: boolean; readonly timeout?: number },
  ): Promise<Job>;
  /** Resolves when the job has ended, however. */
  ended(job: Job): Promise<Job>;
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface TestCall {
  readonly route: TaskRoute;
  readonly module?: string;
  readonly function: string;
  readonly parameters?: Record<string, never> | object;
  readonly safeToRepeat?: boolean;
  readonly undoable?: boolean;
}

export interface TestFleetOptions extends Partial<
  Omit<FleetParts, "database" | "clock" | "tasks" | "events" | "audit">
> {
  readonly taskLease?: number;
  readonly log?: Logger;
}

/** `route` and `safeToRepeat` of a call travel in the parameters, and are taken out on the way. */
export async function createTestFleet(
  database: Database,
  clock: Clock,
  options: TestFleetOptions = {},
): Promise<TestFleet> {
  const log = options.log ?? silentLogger();
  const bus = createInProcessBus(log);
  const events = createEventStream({ database, bus, clock, random: systemRandom });
  const { taskLease, ...more } = options;
  const jobs = createJobs({
    database,
    bus,
    events,
    clock,
    random: systemRandom,
    log,
    language: tscript,
    ...(taskLease === undefined ? {} : { taskLease }),
  });
  const fleet = createFleet({
    database,
    tasks: jobs.tasks,
    events,
    audit: createAudit({ database, clock }),
    clock,
    random: systemRandom,
    log,
    certificates: () => ({ authority: "", pin: TEST_PIN }),
    heartbeat: 1000,
    ...more,
  });
  jobs.registerHost("test", testHost);
  await jobs.start();
  return {
    fleet,
    jobs,
    bus,
    async run(calls, how = {}) {
      const { timeout, ...list } = how;
      const verbs = calls.map((call) => ({
        module: call.module ?? "test",
        function: call.function,
        parameters: {
          ...call.parameters,
          $route: call.route,
          $safe: call.safeToRepeat ?? false,
          $undoable: call.undoable ?? false,
          $timeout: timeout ?? null,
        } as never,
      }));
      const program: ProgramSource = {
        kind: "verbs",
        name: "test",
        verbs: { verbs, ...(verbs.length === 1 ? { batch: 1 } : {}), ...list },
      };
      const draft = {
        tenantId: TENANT,
        host: "test",
        program,
        target: { kind: "none", id: null, name: "test" },
      } as const;
      const [job] = await database.transaction((tx) => jobs.service.create(tx, [draft]));
      return job as Job;
    },
    ended: (job) => ended(jobs, bus, job),
    transaction: (work) => database.transaction(work),
    async close() {
      await fleet.close();
      await jobs.stop();
      await bus.close();
    },
  };
}

const testHost: JobHost = {
  view: () => Promise.resolve({ values: () => ({ found: false, moduleKnown: false }), catalogue: {} }),
  async prepare(_job, call) {
    type Marked = Record<string, unknown> & {
      $route: TaskRoute;
      $safe: boolean;
      $undoable: boolean;
      $timeout: number | null;
    };
    const all = (call.batch ?? [call]).map(({ function: name, parameters: one }) => {
      const { $route, $safe, $undoable, $timeout, ...parameters } = one as Marked;
      return { $route, $safe, $undoable, $timeout, function: name, parameters: parameters as never };
    });
    const { $route, $safe, $undoable, $timeout, parameters } = all[0]!;
    return {
      kind: "task",
      task: {
        module: call.module ?? "",
        function: call.function,
        route: $route,
        timeout: $timeout,
        safeToRepeat: $safe,
        undoable: $undoable,
        ...(call.batch === undefined
          ? { parameters }
          : {
              parameters: null,
              batch: all.map((one) => ({
                function: one.function,
                parameters: one.parameters,
                safeToRepeat: one.$safe,
              })),
            }),
      },
    };
  },
  finished: () => Promise.resolve(),
};

function ended(jobs: Jobs, bus: Bus, job: Job): Promise<Job> {
  return untilEvents(bus, async () => {
    const now = await jobs.service.get(TENANT, job.id);
    return hasEnded(now.status) ? now : undefined;
  });
}

/** An executor as the test plays it, over memory or any connection. */
export interface TestPeer {
  readonly id: string;
  readonly keys: KeyPair;
  readonly connection: Connection;
  send(message: ExecutorMessage): void;
  sendText(text: string): void;
  /** The next message of a type that was not taken yet. */
  next<Type extends ServerMessage["type"]>(type: Type): Promise<Extract<ServerMessage, { type: Type }>>;
  readonly closed: Promise<CloseReason>;
}

/** Joins with a token. */
export async function joinPeer(
  fleet: Fleet,
  token: string,
  name = "peer",
  keys = createKeyPair(),
  kind: ExecutorKind = "agent",
): Promise<{ id: string; name: string; keys: KeyPair }> {
  const { secret } = parseJoinToken(token);
  const record = await fleet.join({
    secret,
    kind,
    name,
    publicKey: keys.publicKey,
    signature: signJoin(keys.privateKey, secret),
  });
  return { id: record.id, name: record.name, keys };
}

export function openPeer(connection: Connection, id: string, keys: KeyPair): TestPeer {
  const waiting: { type: string; resolve: (message: never) => void }[] = [];
  const messages: ServerMessage[] = [];
  const closed = Promise.withResolvers<CloseReason>();
  connection.listen({
    frame(text) {
      for (const message of parseFrame(text, serverMessage)) {
        const index = waiting.findIndex(({ type }) => type === message.type);
        if (index >= 0) waiting.splice(index, 1)[0]!.resolve(message as never);
        else messages.push(message);
      }
    },
    closed: closed.resolve,
  });
  const writer = frameWriter<ExecutorMessage>((frame) => connection.send(frame));
  return {
    id,
    keys,
    connection,
    send: writer.write,
    sendText: connection.send,
    next: (type) =>
      new Promise((resolve) => {
        const index = messages.findIndex((message) => message.type === type);
        if (index >= 0) resolve(messages.splice(index, 1)[0] as never);
        else waiting.push({ type, resolve });
      }),
    closed: closed.promise,
  };
}

/** Time goes by until the server has said that it has taken in this message of a peer. */
export async function untilAcknowledged(clock: ManualClock, peer: TestPeer, sequence: number): Promise<void> {
  let told = -1;
  const hear = (): Promise<void> =>
    peer.next("ack").then((ack) => {
      told = ack.sequence;
      return told < sequence ? hear() : undefined;
    });
  const heard = hear();
  while (told < sequence) {
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await heard;
}

/** Identifies and proves itself, and says what it holds. `pin` base64url. */
export async function welcomePeer(
  peer: TestPeer,
  options: {
    modules?: Record<string, ModuleAdvert>;
    held?: Extract<ExecutorMessage, { type: "held" }>["tasks"];
    epoch?: string;
    pin?: string;
  } = {},
): Promise<void> {
  peer.send({ type: "identify", version: LINK_VERSION, executor: peer.id });
  const { nonce } = await peer.next("challenge");
  const pin = options.pin ?? Buffer.from(TEST_PIN, "hex").toString("base64url");
  peer.send({
    type: "proof",
    signature: signChallenge(peer.keys.privateKey, { nonce, pin, executor: peer.id }),
    epoch: options.epoch ?? "epoch",
    gantry: "1.2.3",
    modules: options.modules ?? { test: { limit: 2, functions: {} } },
    facts: { hostname: "here" },
  });
  await peer.next("welcome");
  const pieces = inPieces(options.held ?? []);
  const last = pieces.pop() ?? [];
  for (const tasks of pieces) peer.send({ type: "held", tasks, more: true });
  peer.send({ type: "held", tasks: last });
}

/** A fresh connection to the fleet over memory. */
export function memoryPeer(fleet: Fleet, id: string, keys: KeyPair): TestPeer {
  const [mine, theirs] = memoryPair();
  fleet.accept(theirs);
  return openPeer(mine, id, keys);
}

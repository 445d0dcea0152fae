import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { agentBundle, processesMarked, signal } from "../src/executor/index.ts";
import type { FleetParts } from "../src/fleet/index.ts";
import { createTestFleet, FLEET_MIGRATIONS, TENANT, type TestCall, type TestFleet } from "../src/fleet/testing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { joinTokenText, parseJoinToken } from "../src/link/index.ts";
import type { Job, OutputPiece, OutputPosition } from "../src/jobs/index.ts";
import { type Database, migrate, openDatabase } from "../src/platform/database/index.ts";
import {
  type CertificateKeeper,
  type Certificates,
  createHttpServer,
  keepOwnCertificates,
  type HttpServer,
} from "../src/platform/http/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";

/** Real parts of the link for tests: a server over TLS, agents as processes, a network that breaks. */

export { TENANT };

export function testFolder(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), "gantry-link-"));
}

export interface LinkServer extends TestFleet {
  readonly url: string;
  readonly port: number;
  readonly http: HttpServer;
  readonly database: Database;
  readonly certificates: Certificates;
  readonly keeper: CertificateKeeper;
  token(more?: {
    name?: string;
    foundationId?: string;
    kind?: "agent" | "worker";
    expiresIn?: number;
  }): Promise<string>;
}

/** A server in `folder`; another one in the same folder later is the same server, started anew. */
export async function startServer(
  folder: string,
  options: {
    port?: number;
    taskLease?: number;
    heartbeat?: number;
    contentFolder?: string;
    sharedKey?: string;
    runtime?: FleetParts["runtime"];
  } = {},
): Promise<LinkServer> {
  const log = silentLogger();
  const database = await openDatabase(join(folder, "test.db"), { clock: systemClock, log });
  await migrate(database, FLEET_MIGRATIONS, systemClock);
  const keeper = await keepOwnCertificates(join(folder, "tls"), ["127.0.0.1"], { clock: systemClock, log });
  const { port, runtime, ...more } = options;
  const rig = await createTestFleet(database, systemClock, {
    ...more,
    certificates: () => keeper.current,
    ...(runtime === undefined ? {} : { runtime }),
  });
  const http = await createHttpServer({
    log,
    version: "1",
    authenticate({ authorization }) {
      if (authorization !== "Bearer admin") throw new Error("no credential");
      return { tenantId: TENANT };
    },
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  rig.fleet.mount(http);
  keeper.onChange((renewed) => http.renew(renewed));
  const listener = await http.listen({ host: "127.0.0.1", port: port ?? 0 }, keeper.current);
  await rig.fleet.start({ urls: [listener.url] });
  return {
    ...rig,
    url: listener.url,
    port: listener.port as number,
    http,
    database,
    keeper,
    get certificates() {
      return keeper.current;
    },
    async token(wanted = {}) {
      const { name, kind = "agent", expiresIn = 600, foundationId } = wanted;
      const minted = await rig.fleet.mintJoinToken({
        tenantId: TENANT,
        kind,
        expiresIn,
        ...(name === undefined ? {} : { name }),
        ...(foundationId === undefined ? {} : { foundationId }),
      });
      return minted.token;
    },
    async close() {
      keeper.stop();
      await rig.close();
      await http.close();
      await database.close();
    },
  };
}

export interface AgentProcess {
  readonly state: string;
  readonly home: string;
  readonly child: ChildProcess;
  /** What it logged so far. */
  log(): string;
  /** Resolves when it has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

let bundle: Promise<string> | undefined;
const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends) end();
});

/** The agent as it is sent to machines, in a file. */
function bundleFile(): Promise<string> {
  bundle ??= agentBundle().then((bytes) => {
    const folder = testFolder();
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "agent.mjs"), bytes);
    return join(folder, "agent.mjs");
  });
  return bundle;
}

/** Starts an agent in `folder`, with what is there: a join file, or the identity it has. */
export async function startAgent(
  folder: string,
  options: {
    transport?: string;
    environment?: NodeJS.ProcessEnv;
    /** The command that starts it, as `ip netns exec NAME`. */
    through?: readonly string[];
    /** The command of Node. Left out: the one that runs the tests. */
    program?: readonly string[];
  } = {},
): Promise<AgentProcess> {
  const [state, home] = [join(folder, "state"), join(folder, "home")];
  mkdirSync(state, { recursive: true, mode: 0o700 });
  mkdirSync(home, { recursive: true });
  const [program = "", ...before] = [...(options.through ?? []), ...(options.program ?? [process.execPath])];
  const child = spawn(
    program,
    [
      ...before,
      await bundleFile(),
      "agent",
      "--state",
      state,
      "--home",
      home,
      "--transport",
      options.transport ?? "auto",
    ],
    {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...options.environment },
    },
  );
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  return {
    state,
    home,
    child,
    log: () => log,
    ended,
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await ended;
    },
  };
}

export function leaveJoin(folder: string, join_: { urls: readonly string[]; token: string; name?: string }): void {
  const state = join(folder, "state");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeFileSync(join(state, "join.json"), JSON.stringify(join_), { mode: 0o600 });
}

/** Ends what services and commands of this agent are left, whatever its records say. */
export function endLeftovers(agent: Pick<AgentProcess, "state">, services: readonly string[]): void {
  for (const name of services)
    for (const pid of processesMarked("GANTRY_SERVICE", `${agent.state}/${name}`)) signal(pid, "SIGKILL");
}

/** Looks until it is so. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** All a job's tasks wrote. */
export async function outputOf(server: Pick<LinkServer, "jobs">, job: Job): Promise<string> {
  let text = "";
  let after: OutputPosition | null = null;
  for (;;) {
    const pieces: readonly OutputPiece[] = await server.jobs.service.output([{ jobId: job.id, after }], 1000);
    for (const piece of pieces) text += Buffer.from(piece.data).toString();
    const last = pieces.at(-1);
    if (last === undefined) return text;
    after = { taskId: last.taskId, position: last.position };
  }
}

export function runCall(agentId: string, command: string, more: object = {}): TestCall {
  return { route: { agentId }, module: "agent", function: "run", parameters: { command, ...more } };
}

export function agentCall(agentId: string, name: string, parameters: object = {}): TestCall {
  return { route: { agentId }, module: "agent", function: name, parameters, safeToRepeat: name !== "run" };
}

/** A network between agent and server that can be cut. */
export interface BreakableNetwork {
  readonly url: string;
  /** Cuts every connection there is; new ones work. */
  cut(): void;
  /** Nothing gets through any more, and nobody is told, until `thaw`. */
  freeze(): void;
  thaw(): void;
  close(): void;
}

export async function breakableNetwork(target: { port: number }): Promise<BreakableNetwork> {
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer((socket) => {
    const out = connectTcp(target.port, "127.0.0.1");
    for (const [one, other] of [
      [socket, out],
      [out, socket],
    ] as const) {
      sockets.add(one);
      one.on("error", () => undefined);
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
      if (frozen) one.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    thaw() {
      frozen = false;
      // What was held back is gone with its connection.
      for (const socket of sockets) socket.destroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** The same token with the pin of another server. */
export function withOtherPin(token: string): string {
  return joinTokenText({ ...parseJoinToken(token), pin: "A".repeat(43) });
}

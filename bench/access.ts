/**
 * What the door adds to a request: the same route behind it and without it, asked in turns, with 10,000 role bindings of 1,000 accounts whose
 * tokens come at random; and the door alone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  accessMigrations,
  auditMigrations,
  createAccess,
  createAudit,
  createDoor,
  DEFAULT_TENANT,
  hashToken,
  keepTenantNames,
  needs,
  NOWHERE,
  type Access,
  type Door,
  type Principal,
  type TenantNames,
} from "../src/access/index.ts";
import { ADMINISTRATOR, admitTo } from "../src/access/testing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { migrate, openDatabase, type Database } from "../src/platform/database/index.ts";
import { createHttpServer, type HttpServer } from "../src/platform/http/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import type { Measurement } from "../scripts/measurement.ts";

const ACCOUNTS = 1000;
const BINDINGS_EACH = 10;
const REQUESTS = 20_000;
const BEFORE = 2000;
const CONNECTIONS = 8;
const ROUNDS = 5;
const LIMIT = 0.03;

const clock = systemClock;
const log = silentLogger();

export async function run(): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-access-"));
  const database = await openDatabase(join(folder, "gantry.db"), { clock, log });
  try {
    await migrate(database, [...auditMigrations, ...accessMigrations], clock);
    const tokens = await fill(database);
    const bus = createInProcessBus(log);
    const tenants: TenantNames = {
      find: async () => DEFAULT_TENANT,
      unknown: (name) => {
        throw new Error(name);
      },
    };
    const access = createAccess({
      database,
      audit: createAudit({ database, clock, bus }),
      bus,
      clock,
      random: systemRandom,
      log,
      tenants,
      places: {
        find: async (_tenantId, _kind, name) => name,
        in: async () => ({ name: () => "", place: () => NOWHERE }),
      },
    });
    try {
      return await measured(
        folder,
        access,
        tokens,
        doorOf(access, keepTenantNames(tenants, { clock, bus, subject: "none", changes: access.changes })),
      );
    } finally {
      await access.close();
      await bus.close();
    }
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function doorOf(access: Access, tenants: TenantNames): Door {
  return createDoor({
    administrator: hashToken("gantry_administrator"),
    structures: { holder: async () => undefined },
    accounts: access.holders,
    tenants,
  });
}

async function measured(folder: string, access: Access, tokens: readonly string[], door: Door): Promise<Measurement[]> {
  const bare = await serve(join(folder, "bare.sock"), () => ADMINISTRATOR);
  const guarded = await serve(join(folder, "guarded.sock"), admitTo(door));
  try {
    const random = (): string => tokens[Math.floor(Math.random() * tokens.length)]!;
    const [without, with_] = await inTurns(folder, random);
    const rates = { bare: 0, guarded: 0 };
    for (let round = 0; round < ROUNDS; round += 1)
      for (const which of ["bare", "guarded"] as const) rates[which] += (await rate(folder, which, random)) / ROUNDS;
    const alone = await doorAlone(door, random);
    await access.holders.settled();
    return [
      {
        name: "added to a request by the door, p50, 10,000 role bindings",
        value: Math.max(0, with_ - without),
        unit: "ms",
        baseline: without,
        baselineName: "the request without it",
        ratio: (with_ - without) / without,
        limit: LIMIT,
      },
      {
        name: "the door alone, p50, 10,000 role bindings",
        value: alone,
        unit: "ms",
        baseline: without,
        baselineName: "a request without it",
        ratio: alone / without,
        limit: LIMIT,
      },
      {
        name: `requests of ${CONNECTIONS} connections`,
        value: rates.guarded,
        unit: "requests/s",
        baseline: rates.bare,
        baselineName: "without the door",
        ratio: rates.guarded / rates.bare,
      },
    ];
  } finally {
    await bare.close();
    await guarded.close();
  }
}

async function serve(
  path: string,
  authenticate: Parameters<typeof createHttpServer<Principal>>[0]["authenticate"],
): Promise<HttpServer> {
  const http = await createHttpServer<Principal>({
    log,
    version: "bench",
    authenticate,
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  http.app.get("/v1/bench", { ...needs("inventory.read") }, async () => ({ items: [], next: null }));
  await http.listenOnSocket(path);
  return http;
}

/** Milliseconds of a request, p50: without and with the door, one after the other. */
async function inTurns(folder: string, token: () => string): Promise<readonly [number, number]> {
  const agent = new Agent({ keepAlive: true });
  const times: Record<"bare" | "guarded", number[]> = { bare: [], guarded: [] };
  for (let count = -BEFORE; count < REQUESTS; count += 1) {
    for (const which of ["bare", "guarded"] as const) {
      const begin = process.hrtime.bigint();
      await ask(agent, join(folder, `${which}.sock`), token());
      if (count >= 0) times[which].push(Number(process.hrtime.bigint() - begin) / 1e6);
    }
  }
  agent.destroy();
  return [middle(times.bare), middle(times.guarded)];
}

/** Requests a second over several connections. */
async function rate(folder: string, which: string, token: () => string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const begin = performance.now();
  const each = REQUESTS / CONNECTIONS / ROUNDS;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let count = 0; count < each; count += 1) await ask(agent, join(folder, `${which}.sock`), token());
    }),
  );
  agent.destroy();
  return ((each * CONNECTIONS) / (performance.now() - begin)) * 1000;
}

async function doorAlone(door: Door, token: () => string): Promise<number> {
  const requirement = { permission: "inventory.read", reach: "tenant" } as const;
  const times: number[] = [];
  for (let count = 0; count < REQUESTS; count += 1) {
    const knock = { authorization: `Bearer ${token()}`, throughSocket: false, requirement, tenant: "default" };
    const begin = process.hrtime.bigint();
    await door.admit(knock);
    times.push(Number(process.hrtime.bigint() - begin) / 1e6);
  }
  return middle(times);
}

function ask(agent: Agent, socketPath: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "gantry-tenant": "default" };
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path: "/v1/bench", agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`));
      answer.resume();
      answer.on("end", resolve);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

function middle(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

/** Accounts with a token each and roles at the tenant and at sites, straight into the tables. @returns the tokens */
async function fill(database: Database): Promise<readonly string[]> {
  const now = clock.now();
  const tokens = Array.from({ length: ACCOUNTS }, () => `gantry_account_${systemRandom.token(32)}`);
  const ids = tokens.map(() => systemRandom.id());
  const tenant = DEFAULT_TENANT.id;
  await database.transaction(async (tx) => {
    await database.bulkInsert(tx, {
      table: "account",
      columns: [
        "id",
        "kind",
        "name",
        "display_name",
        "tenant_id",
        "source",
        "directory_groups",
        "version",
        "created_at",
        "updated_at",
      ],
      rows: ids.map((id, at) => [id, "service", `robot${at}`, "", tenant, "local", "[]", 1, now, now]),
    });
    await database.bulkInsert(tx, {
      table: "account_token",
      columns: ["id", "account_id", "name", "kind", "sha256", "expires_at", "created_at"],
      rows: tokens.map((token, at) => [
        systemRandom.id(),
        ids[at]!,
        "t",
        "personal",
        hashToken(token).sha256.toString("hex"),
        now + 1e9,
        now,
      ]),
    });
    await database.bulkInsert(tx, {
      table: "role_binding",
      columns: ["id", "tenant_id", "account_id", "role", "scope", "scope_id", "created_at"],
      rows: ids.flatMap((id) =>
        Array.from({ length: BINDINGS_EACH }, (_, at) => [
          systemRandom.id(),
          tenant,
          id,
          at === 0 ? "viewer" : "operator",
          at === 0 ? "tenant" : "site",
          at === 0 ? "" : systemRandom.id(),
          now,
        ]),
      ),
    });
  });
  return tokens;
}

import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, type Principal } from "../access/index.ts";
import { admitTo, testDoor } from "../access/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus, type Bus } from "../platform/bus/index.ts";
import { createEventStream, eventMigrations, type EventStream } from "../platform/events/index.ts";
import { createHttpServer, type HttpServer } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { allocationRoutes } from "./allocation-routes.ts";
import { createAllocationService } from "./allocation-service.ts";
import { createInventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import { addressBlock, inserting, site, structure } from "./testing.ts";

let http: HttpServer;
let events: EventStream;
let bus: Bus;

beforeEach(async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations]);
  const log = silentLogger();
  const clock = manualClock(5000);
  bus = createInProcessBus(log);
  events = createEventStream({ database, bus, clock, random: systemRandom });
  const inventory = createInventoryStore({ database, clock, bus });
  http = await createHttpServer<Principal>({
    log,
    version: "0",
    authenticate: admitTo(testDoor("right")),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  allocationRoutes(http, createAllocationService({ database, inventory, events, bus, clock, random: systemRandom }));
  const recorded = { blueprint: null, foundation: null };
  await database.transaction((tx) =>
    inventory.write(
      tx,
      DEFAULT_TENANT.id,
      inserting({
        sites: [site("lab")],
        addressBlocks: [
          addressBlock("few", {
            subnet: "10.0.0.0/29",
            gateway: "10.0.0.1",
            reserved: ["10.0.0.2 printer"],
            dynamic: ["10.0.0.5-10.0.0.6"],
          }),
        ],
        structures: [structure("web1", recorded), structure("web2", recorded)],
      }),
    ),
  );
  onTestFinished(async () => {
    await http.close();
    await bus.close();
  });
});

async function call(
  method: "GET" | "POST",
  path: string,
  payload?: object,
  token = "right",
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await http.app.inject({
    method,
    url: `/v1/address-blocks/few/${path}`,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.json() };
}

describe("addresses over HTTP", () => {
  it("are given out, shown page by page with what is kept and free, and given back", async () => {
    expect((await call("GET", "next-free?count=9")).body).toEqual({
      block: "few",
      addresses: ["10.0.0.3", "10.0.0.4"],
    });
    expect(await call("POST", "allocate", { structure: "web2", address: "10.0.0.4" })).toMatchObject({ status: 200 });
    expect((await call("POST", "allocate", { structure: "web1" })).body).toEqual({
      structure: "web1",
      version: 2,
      addresses: [{ block: "few", address: "10.0.0.3" }],
    });
    const first = await call("GET", "addresses?limit=1");
    expect(first.body).toMatchObject({
      subnet: "10.0.0.0/29",
      gateway: "10.0.0.1",
      reserved: [{ first: "10.0.0.2", last: "10.0.0.2", reason: "printer" }],
      dynamic: [{ first: "10.0.0.5", last: "10.0.0.6", reason: "" }],
      counts: { size: "6", held: "2", reserved: "1", dynamic: "2", free: "0" },
      items: [{ address: "10.0.0.3", structure: "web1", interface: null, leaving: false }],
    });
    const second = await call("GET", `addresses?limit=1&cursor=${String(first.body["next"])}`);
    expect(second.body).toMatchObject({ items: [{ address: "10.0.0.4", structure: "web2" }], next: null });
    expect(await call("POST", "allocate", { structure: "web1" })).toMatchObject({
      status: 409,
      body: { code: "address_block_full" },
    });
    expect((await call("POST", "release", { structure: "web1" })).body).toEqual({
      items: [{ structure: "web1", version: 3, addresses: [{ block: "few", address: "10.0.0.3" }] }],
    });
    expect(await call("POST", "release", { addresses: ["10.0.0.3"] })).toMatchObject({
      status: 404,
      body: { code: "address_not_held" },
    });
  });

  it("tell everybody who follows", async () => {
    const heard: unknown[] = [];
    bus.subscribe("inventory", (payload) => heard.push(payload));
    await call("POST", "allocate", { structure: "web1" });
    const { events: page } = await events.read({ tenantId: DEFAULT_TENANT.id, limit: 10 });
    expect(page.map(({ type, data }) => [type, data])).toEqual([
      ["inventory.changed", expect.objectContaining({ name: "web1", kind: "structure", fields: ["addresses"] })],
    ]);
    await expect.poll(() => heard).toEqual([DEFAULT_TENANT.id]);
  });

  it.each([
    ["POST", "allocate", {}, 400],
    ["POST", "allocate", { structure: "web1", count: 1, address: "10.0.0.3" }, 400],
    ["POST", "allocate", { structure: "web1", address: "10.0.0.300" }, 422],
    ["POST", "release", {}, 400],
    ["GET", "addresses?cursor=x", undefined, 400],
    ["GET", "addresses?cursor=eA", undefined, 400],
    ["GET", "next-free?count=0", undefined, 400],
  ] as const)("%s %s with %j is refused", async (method, path, payload, status) => {
    expect((await call(method, path, payload)).status).toBe(status);
  });

  it("come once for one Idempotency-Key, however often it is asked", async () => {
    const ask = (key: string, body: object) => call("POST", "allocate", body, "right", { "idempotency-key": key });
    const answers = await Promise.all([1, 2, 3].map(() => ask("k", { structure: "web1" })));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await ask("k", { structure: "web2" })).toMatchObject({ body: { code: "idempotency_key_reused" } });
    expect((await call("GET", "addresses")).body["items"]).toHaveLength(1);
  });

  it.each(["allocate", "release"])("%s needs a credential", async (path) => {
    expect((await call("POST", path, { structure: "web1" }, "wrong")).status).toBe(401);
  });

  it.each(["addresses", "next-free"])("%s needs a credential", async (path) => {
    expect((await call("GET", path, undefined, "wrong")).status).toBe(401);
  });
});

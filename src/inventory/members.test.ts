import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import type { Principal } from "../access/index.ts";
import { ADMINISTRATOR, admitTo, testDoor } from "../access/testing.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { createEventStream, eventMigrations, type EventStream } from "../platform/events/index.ts";
import { createHttpServer, type HttpServer } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { membersRoutes } from "./members-routes.ts";
import { createMembersService, type MembersService } from "./members.ts";
import { inventoryRoutes } from "./routes.ts";
import { createInventoryService, type InventoryService } from "./service.ts";
import { createInventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";

const administrator: Principal = { ...ADMINISTRATOR, name: "test" };

let http: HttpServer;
let events: EventStream;
let inventory: InventoryService;
let members: MembersService;

beforeEach(async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations]);
  const log = silentLogger();
  const bus = createInProcessBus(log);
  events = createEventStream({ database, bus, clock: systemClock, random: systemRandom });
  const store = createInventoryStore({ database, clock: systemClock, bus });
  const parts = { database, inventory: store, events, bus, clock: systemClock, random: systemRandom };
  inventory = createInventoryService(parts);
  members = createMembersService({ ...parts, served: (tenantId) => parts.inventory.snapshot(tenantId) });
  http = await createHttpServer<Principal>({
    log,
    version: "0",
    authenticate: admitTo(testDoor("right", { structures: members })),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  inventoryRoutes(http, inventory);
  membersRoutes(http, members);
  await edit(
    { kind: "site", data: { name: "lab" } },
    { kind: "address_block", data: { name: "b", site: "lab", subnet: "10.0.0.0/24" } },
    { kind: "group", data: { name: "web" } },
    { kind: "structure", data: { name: "balancer", site: "lab" } },
    { kind: "structure", data: { name: "other", site: "lab" } },
    { kind: "structure", data: web("web1", "10.0.0.1") },
  );
  onTestFinished(async () => {
    await http.close();
    await bus.close();
    await database.close();
  });
});

function web(name: string, address: string): JsonObject {
  return { name, site: "lab", groups: ["web"], addresses: [{ block: "b", address }] };
}

function edit(
  ...things: readonly { readonly kind: "site" | "address_block" | "group" | "structure"; readonly data: JsonObject }[]
) {
  return inventory.edit(
    administrator,
    things.map((one) => ({ action: "create", ...one })),
  );
}

async function call(
  method: "GET" | "POST" | "DELETE",
  url: string,
  token = "right",
  payload?: Json,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const answer = await http.app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${token}` },
    ...(payload === undefined ? {} : { payload: payload as object }),
  });
  return { status: answer.statusCode, body: answer.body === "" ? {} : answer.json() };
}

async function issue(): Promise<{ readonly id: string; readonly token: string }> {
  const { status, body } = await call("POST", "/v1/structures/balancer/tokens", "right", { description: "haproxy" });
  expect(status).toBe(201);
  return body as { id: string; token: string };
}

describe("a structure", () => {
  it("asks with its own token who should be its members, and may do nothing else with it", async () => {
    const { token } = await issue();
    const { status, body } = await call("GET", "/v1/structures/balancer/members?group=web", token);
    expect([status, body]).toMatchObject([
      200,
      {
        items: [{ name: "web1", fqdn: "web1", address: "10.0.0.1", addresses: ["10.0.0.1"], state: "planned" }],
        reported: null,
      },
    ]);
    for (const [method, url] of [
      ["GET", "/v1/structures/balancer"],
      ["GET", "/v1/structures"],
      ["POST", "/v1/structures/balancer/tokens"],
      ["GET", "/v1/structures/other/members"],
      ["POST", "/v1/bulk"],
      ["GET", "/v1/nothing"],
      ["GET", "/metrics"],
    ] as const) {
      const answer = await call(method, url, token, method === "POST" ? {} : undefined);
      expect([url, answer.status, answer.body["code"]]).toEqual([url, 403, "scope_exceeded"]);
    }
    expect((await call("GET", "/v1/structures/balancer/members?group=wb")).body["detail"]).toContain("'web'");
  });

  it("loses its token when it is revoked, and when the structure goes", async () => {
    const first = await issue();
    const second = await issue();
    const { body } = await call("GET", "/v1/structures/balancer/tokens");
    expect(JSON.stringify(body)).not.toContain(first.token);
    expect(body["items"]).toMatchObject([{ id: first.id, description: "haproxy" }, { id: second.id }]);
    expect((await call("DELETE", `/v1/structures/other/tokens/${first.id}`)).status).toBe(404);
    expect((await call("DELETE", `/v1/structures/balancer/tokens/${first.id}`)).status).toBe(204);
    expect((await call("GET", "/v1/structures/balancer/members", first.token)).status).toBe(401);
    await call("POST", "/v1/structures/balancer/members", second.token, { missing: [] });
    await inventory.edit(administrator, [{ action: "delete", kind: "structure", name: "balancer", version: null }]);
    expect((await call("GET", "/v1/structures/balancer/members", second.token)).status).toBe(401);
  });

  it("reports who is missing: kept, and told once for each change", async () => {
    const { token } = await issue();
    for (const missing of [["web1"], ["web1"], []])
      expect((await call("POST", "/v1/structures/balancer/members", token, { missing })).status).toBe(200);
    const { body } = await call("GET", "/v1/structures/balancer/members?group=web", token);
    expect(body["reported"]).toMatchObject({ missing: [] });
    const told = await events.read({ limit: 10, types: ["members.missing"] });
    expect(told.events.map(({ data }) => data)).toEqual([
      { name: "balancer", missing: ["web1"], by: "structure balancer" },
      { name: "balancer", missing: [], by: "structure balancer" },
    ]);
    expect((await call("POST", "/v1/structures/balancer/members", token, { missing: ["a b"] })).status).toBe(400);
  });

  it("is told of changes, and no more once its token is revoked", async () => {
    const { id, token } = await issue();
    const principal = await testDoor("right", { structures: members }).admit({
      authorization: `Bearer ${token}`,
      throughSocket: false,
      scope: "structure",
    });
    const lists = members.follow(principal, "balancer", { group: "web" }, new AbortController().signal);
    const names = async (): Promise<readonly string[]> =>
      ((await lists.next()).value?.items ?? []).map(({ name }) => name);
    expect(await names()).toEqual(["web1"]);
    const next = names();
    await edit({ kind: "structure", data: { name: "db1", site: "lab" } });
    await edit({ kind: "structure", data: web("web2", "10.0.0.2") });
    expect(await next).toEqual(["web1", "web2"]);
    await Promise.all([
      expect(lists.next()).rejects.toMatchObject({ code: "unauthenticated" }),
      call("DELETE", `/v1/structures/balancer/tokens/${id}`),
    ]);
  });
});

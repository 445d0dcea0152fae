import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, type Principal } from "../access/index.ts";
import { admitTo, testDoor } from "../access/testing.ts";
import { createInventoryStore, inventoryMigrations } from "../inventory/index.ts";
import { addressBlock, inserting, site, structure, zone } from "../inventory/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { createHttpServer, type HttpServer } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createZoneBook } from "./book.ts";
import { createPublishing } from "./publishing.ts";
import type { ZonePublisher } from "./publisher.ts";
import { dnsRoutes } from "./routes.ts";
import { createDnsService } from "./service.ts";
import { dnsMigrations } from "./tables.ts";
import { held, SERVED } from "./testing/worlds.ts";

let http: HttpServer;

/** A name server that takes everything. */
const publisher: ZonePublisher = {
  kind: "bind",
  compares: true,
  lanes: 1,
  settings: z.strictObject({ folder: z.string() }),
  publish: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};

beforeEach(async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations, ...dnsMigrations]);
  const log = silentLogger();
  const clock = manualClock(Date.parse("2026-03-01T12:00:00Z"));
  const bus = createInProcessBus(log);
  const inventory = createInventoryStore({ database, clock, bus });
  const parts = { database, inventory, bus, clock, log, random: systemRandom };
  const events = createEventStream(parts);
  await database.transaction((tx) =>
    inventory.write(
      tx,
      DEFAULT_TENANT.id,
      inserting({
        zones: [zone("example.org", SERVED), zone("two.net", { ...SERVED, views: ["inside", "outside"] })],
        sites: [site("lab", { zone: "example.org" })],
        addressBlocks: [addressBlock("lan")],
        structures: [structure("web1", { addresses: held("lan 10.0.0.5") })],
      }),
    ),
  );
  const publishers = [publisher];
  const book = createZoneBook(parts);
  const publishing = createPublishing({ ...parts, events, book, publishers });
  http = await createHttpServer<Principal>({
    log,
    version: "0",
    authenticate: admitTo(testDoor("right")),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  dnsRoutes(http, createDnsService({ ...parts, events, book, publishers, publishing }));
  onTestFinished(async () => {
    await http.close();
    await publishing.stop();
    await bus.close();
  });
});

async function call(method: "GET" | "POST" | "PUT" | "DELETE", url: string, body?: object, headers: object = {}) {
  const answer = await http.app.inject({
    method,
    url,
    headers: { authorization: "Bearer right", ...headers },
    ...(body === undefined ? {} : { payload: body }),
  });
  return { status: answer.statusCode, headers: answer.headers, text: answer.body };
}

function json(answer: { readonly text: string }): unknown {
  return JSON.parse(answer.text);
}

const TARGET = { name: "ns1", kind: "bind", settings: { folder: "/x" } };

describe("endpoints of names", () => {
  it("need a credential, every one", async () => {
    const routes = (await http.routes()).filter(({ route }) => route.includes("/v1/dns"));
    expect(routes).toHaveLength(10);
    for (const { route } of routes) {
      const [method = "GET", url = ""] = route.split(" ");
      const answer = await http.app.inject({
        method: method as "GET",
        url,
        headers: { authorization: "Bearer wrong" },
      });
      expect([route, answer.statusCode]).toEqual([route, 401]);
    }
  });

  it("list zones page by page, and show one by its view", async () => {
    const first = json(await call("GET", "/v1/dns/zones?limit=2")) as { items: object[]; next: string };
    expect(first.items).toEqual([
      { name: "0.0.10.in-addr.arpa", view: null, reverse: true, parent: null, serial: 2_026_030_100, records: 3 },
      { name: "example.org", view: null, reverse: false, parent: null, serial: 2_026_030_100, records: 4 },
    ]);
    const rest = json(await call("GET", `/v1/dns/zones?limit=2&cursor=${first.next}`));
    expect(rest).toMatchObject({ items: [{ name: "two.net", view: "inside" }, { view: "outside" }], next: null });
    expect(json(await call("GET", "/v1/dns/zones/Example.org."))).toMatchObject({
      name: "example.org",
      records: [
        { type: "SOA", value: "ns1.example.org. hostmaster.example.org. 2026030100 7200 900 1209600 300" },
        { type: "NS" },
        { name: "ns1.example.org", type: "A" },
        { name: "web1.example.org", type: "A", ttl: 3600, value: "10.0.0.5" },
      ],
    });
    expect(json(await call("GET", "/v1/dns/zones/two.net"))).toMatchObject({
      code: "dns_zone_unknown",
      detail: "zone 'two.net' has the views inside, outside: say which",
    });
    expect((await call("GET", "/v1/dns/zones/two.net?view=inside")).status).toBe(200);
    expect((await call("GET", "/v1/dns/zones/two.net?view=other")).status).toBe(404);
  });

  it("give a zone as a file", async () => {
    const answer = await call("GET", "/v1/dns/zones/example.org/file");
    expect(answer.headers["content-type"]).toBe("text/dns; charset=utf-8");
    expect(answer.text).toContain("web1.example.org.\t3600\tIN\tA\t10.0.0.5\n");
  });

  it("add, show, replace and remove targets", async () => {
    const added = await call("POST", "/v1/dns/targets", TARGET);
    expect(added).toMatchObject({ status: 201, headers: { etag: '"1"' } });
    expect(json(added)).toMatchObject({ ...TARGET, zones: [], view: null, version: 1 });
    expect((await call("POST", "/v1/dns/targets", TARGET)).status).toBe(409);
    expect(json(await call("GET", "/v1/dns/targets"))).toMatchObject({ items: [{ name: "ns1" }], next: null });
    const other = { ...TARGET, zones: ["Example.org."] };
    expect((await call("PUT", "/v1/dns/targets/ns1", other)).status).toBe(428);
    expect((await call("PUT", "/v1/dns/targets/ns1", other, { "if-match": '"2"' })).status).toBe(412);
    expect(json(await call("PUT", "/v1/dns/targets/ns1", other, { "if-match": '"1"' }))).toMatchObject({
      zones: ["example.org"],
      version: 2,
    });
    expect((await call("DELETE", "/v1/dns/targets/ns1", undefined, { "if-match": '"1"' })).status).toBe(412);
    expect((await call("DELETE", "/v1/dns/targets/ns1", undefined, { "if-match": "*" })).status).toBe(204);
    expect((await call("GET", "/v1/dns/targets/ns1")).status).toBe(404);
  });

  it("refuse targets whose settings do not fit, with the place", async () => {
    const answer = await call("POST", "/v1/dns/targets", { ...TARGET, settings: { folder: 5, key: "secret" } });
    expect(answer.status).toBe(422);
    expect(json(answer)).toMatchObject({ code: "dns_target_invalid" });
    expect(answer.text).toContain("settings.folder");
    expect(answer.text).not.toContain('secret"');
    expect((await call("POST", "/v1/dns/targets", { ...TARGET, kind: "carrier-pigeon" })).status).toBe(400);
  });

  it("say how far each zone is on each target", async () => {
    await call("POST", "/v1/dns/targets", { ...TARGET, zones: ["example.org"] });
    expect(json(await call("GET", "/v1/dns/status"))).toEqual({
      zones: [
        {
          target: "ns1",
          zone: "example.org",
          view: null,
          state: "waiting",
          serial: null,
          wantedSerial: 2_026_030_100,
          attempt: 0,
          lastError: null,
          publishedAt: null,
        },
      ],
      problems: [],
    });
    expect(await call("POST", "/v1/dns/publish", {})).toMatchObject({ status: 202 });
    expect((await call("POST", "/v1/dns/publish", { target: "ns2" })).status).toBe(404);
    expect((await call("POST", "/v1/dns/publish", { zone: "nowhere.org" })).status).toBe(404);
  });
});

import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, type Principal } from "../access/index.ts";
import { admitTo, testDoor } from "../access/testing.ts";
import {
  createInventoryService,
  createInventoryStore,
  inventoryMigrations,
  inventoryRoutes,
  type InventoryStore,
} from "../inventory/index.ts";
import { manualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { createHttpServer, type HttpServer } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createDesignService } from "./service.ts";
import { createDesignStore, designMigrations } from "./store.ts";
import { designRoutes } from "./routes.ts";
import { siteFile } from "./testing.ts";

let http: HttpServer;
let database: Database;
let inventory: InventoryStore;

beforeEach(async () => {
  database = await openSqlite([...eventMigrations, ...inventoryMigrations, ...designMigrations]);
  const log = silentLogger();
  const clock = manualClock(5000);
  const bus = createInProcessBus(log);
  const events = createEventStream({ database, bus, clock, random: systemRandom });
  inventory = createInventoryStore({ database, clock });
  http = await createHttpServer<Principal>({
    log,
    version: "0",
    authenticate: admitTo(testDoor("right")),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  inventoryRoutes(http, createInventoryService({ database, inventory, events, bus, clock, random: systemRandom }));
  const store = createDesignStore({ clock, random: systemRandom });
  const observer = { observe: () => Promise.resolve([]) };
  designRoutes(
    http,
    createDesignService({
      database,
      inventory,
      store,
      observer,
      events,
      bus,
      clock,
      random: systemRandom,
      known: () => ({}),
    }),
  );
  onTestFinished(async () => {
    await http.close();
    await bus.close();
  });
});

type Method = "GET" | "POST" | "PATCH";

async function call(
  method: Method,
  url: string,
  payload?: object,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown>; etag: unknown }> {
  const answer = await http.app.inject({
    method,
    url,
    headers: { authorization: "Bearer right", ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.json(), etag: answer.headers["etag"] };
}

function namesIn(body: Record<string, unknown>): readonly string[] {
  return (body["items"] as { name: string }[]).map(({ name }) => name);
}

const bundle = { documents: [{ path: "site.yaml", text: siteFile() }], files: {} };

async function applied(): Promise<void> {
  const plan = await call("POST", "/v1/designs/plan", { bundle });
  expect(await call("POST", "/v1/designs/apply", { bundle, fingerprint: plan.body["fingerprint"] })).toMatchObject({
    status: 200,
  });
}

describe("designs over HTTP", () => {
  it("are planned, applied, listed and taken down", async () => {
    const plan = await call("POST", "/v1/designs/plan", { bundle });
    expect(plan.body).toMatchObject({
      design: "quickstart",
      empty: false,
      destroys: false,
      unchanged: 0,
      warnings: [],
    });
    expect(plan.body["text"]).toContain("Plan: 11 to create.");
    await applied();
    expect(await call("GET", "/v1/designs")).toMatchObject({
      body: { items: [{ name: "quickstart", version: 1, appliedAt: 5000 }], next: null },
    });
    expect(await call("GET", "/v1/designs/quickstart")).toMatchObject({ status: 200, body: { wanted: "built" } });
    expect(await call("GET", "/v1/designs/quickstart/documents")).toMatchObject({ status: 200, body: bundle });
    const down = await call("POST", "/v1/designs/quickstart/destroy", { plan: true });
    expect(down.body).toMatchObject({ destroys: true });
    expect(await call("POST", "/v1/designs/quickstart/destroy", {})).toMatchObject({
      status: 409,
      body: { code: "plan_outdated" },
    });
    expect(
      await call("POST", "/v1/designs/quickstart/destroy", { fingerprint: down.body["fingerprint"] }),
    ).toMatchObject({ status: 200 });
    expect(await call("GET", "/v1/designs/quickstart")).toMatchObject({ body: { wanted: "absent" } });
  });

  it("answer with every problem, and with what is wrong with the request itself", async () => {
    const broken = {
      documents: [{ path: "site.yaml", text: "design: a\nsite: {}\nsites: { b: { parent: c } }" }],
      files: {},
    };
    const answer = await call("POST", "/v1/designs/plan", { bundle: broken });
    expect(answer).toMatchObject({
      status: 422,
      body: {
        code: "design_invalid",
        problems: [
          { code: "unknown_key", where: { file: "site.yaml", line: 2, column: 1 } },
          { code: "unknown_reference", where: { file: "site.yaml", line: 3, column: 23 } },
        ],
      },
    });
    expect(await call("POST", "/v1/designs/plan", { bundle: { documents: "x" } })).toMatchObject({
      status: 400,
      body: { code: "request_invalid" },
    });
    expect(
      await call("POST", "/v1/designs/plan", {
        bundle: { documents: [{ path: "a", text: "x".repeat(9 * 1024 * 1024) }] },
      }),
    ).toMatchObject({
      status: 422,
      body: { code: "design_invalid", problems: [{ code: "bundle_too_large" }] },
    });
    expect(
      await call("POST", "/v1/designs/plan", {
        bundle: { documents: [{ path: "a", text: "x".repeat(50 * 1024 * 1024) }] },
      }),
    ).toMatchObject({ status: 413 });
    expect(await call("GET", "/v1/designs/nobody")).toMatchObject({ status: 404, body: { code: "design_not_found" } });
    expect(await call("GET", "/v1/designs?cursor=%24")).toMatchObject({
      status: 400,
      body: { code: "cursor_unknown" },
    });
  });

  it("are nobody's without a credential", async () => {
    const routes = (await http.routes()).filter(({ open }) => !open);
    for (const { route } of routes) {
      const [method = "", url = ""] = route.split(" ");
      const answer = await http.app.inject({ method: method as Method, url });
      expect([route, answer.statusCode]).toEqual([route, 401]);
    }
    expect(routes.map(({ route }) => route)).toContain("POST /v1/designs/:name/destroy");
    expect(routes.map(({ route }) => route)).toContain("PATCH /v1/structures/:idOrName");
  });
});

describe("the inventory over HTTP", () => {
  beforeEach(applied);

  it("is listed page by page, and filtered", async () => {
    const first = await call("GET", "/v1/structures?limit=2");
    expect(namesIn(first.body)).toEqual(["balancer", "web1"]);
    const second = await call("GET", `/v1/structures?limit=2&cursor=${String(first.body["next"])}`);
    expect([namesIn(second.body), second.body["next"]]).toEqual([["web2"], null]);
    const names = async (query: string): Promise<readonly string[]> =>
      namesIn((await call("GET", `/v1/structures?${query}`)).body);
    expect(await names("blueprint=balancer")).toEqual(["balancer"]);
    expect(await names("site=lab&state=planned")).toHaveLength(3);
    expect((await call("GET", "/v1/structures?site=elsewhere")).status).toBe(400);
    for (const kind of ["sites", "address-blocks", "blueprints", "foundations"])
      expect((await call("GET", `/v1/${kind}`)).status).toBe(200);
  });

  it("shows one thing by name or id, without the bookkeeping", async () => {
    const named = await call("GET", "/v1/structures/web1");
    expect(named).toMatchObject({
      status: 200,
      etag: '"1"',
      body: {
        name: "web1",
        blueprint: "web",
        state: "planned",
        addresses: [{ block: "loopback", address: "127.80.0.1" }],
      },
    });
    expect(Object.keys(named.body)).not.toContain("applied");
    expect((await call("GET", `/v1/structures/${String(named.body["id"])}`)).body).toEqual(named.body);
    expect(await call("GET", "/v1/structures/web9")).toMatchObject({
      status: 404,
      body: { code: "not_found", detail: "there is no structure 'web9'; did you mean 'web1'?" },
    });
  });

  it("explains variables", async () => {
    const plain = await call("GET", "/v1/structures/web1/variables");
    expect(plain.body).toEqual({
      values: expect.objectContaining({
        greeting: "Hello",
        http_port: 8080,
        _hostname: "web1",
        _addresses: ["127.80.0.1"],
      }),
    });
    const explained = await call("GET", "/v1/structures/web1/variables?explain=true");
    expect(explained.body["explain"]).toMatchObject({
      greeting: { value: "Hello", from: [{ kind: "site", name: "lab" }], operator: "set" },
    });
    expect(await call("GET", "/v1/foundations/web1/variables")).toMatchObject({
      status: 200,
      body: { values: { _type: "local" } },
    });
  });

  it("takes a person's edits of the version that was read, which a plan then shows as a conflict", async () => {
    const edit = { variables: { greeting: "Theirs" }, description: "by hand" };
    expect(await call("PATCH", "/v1/structures/web1", edit)).toMatchObject({
      status: 428,
      body: { code: "version_required" },
    });
    expect(await call("PATCH", "/v1/structures/web1", edit, { "if-match": '"7"' })).toMatchObject({
      status: 412,
      body: { code: "version_mismatch" },
    });
    expect(
      await call("PATCH", "/v1/structures/web1", { variables: { "a b": 1 } }, { "if-match": '"1"' }),
    ).toMatchObject({ status: 422, body: { code: "variable_name_invalid" } });
    expect(await call("PATCH", "/v1/structures/web1", { hostnam: "x" }, { "if-match": '"1"' })).toMatchObject({
      status: 422,
    });
    expect(await call("PATCH", "/v1/structures/web1", edit, { "if-match": '"1"' })).toMatchObject({
      status: 200,
      etag: '"2"',
      body: { ...edit, version: 2, stale: false },
    });
    const plan = await call("POST", "/v1/designs/plan", { bundle });
    expect(plan.body["actions"]).toContainEqual(expect.objectContaining({ kind: "conflict", name: "web1" }));
  });

  it("brings up to date what is built when a person changes its variables, and only then", async () => {
    const { id } = (await inventory.snapshot(DEFAULT_TENANT.id)).structures.get("web1")!;
    await database.transaction((tx) => inventory.changeBuild(tx, "structure", id, null, { state: "built" }));
    expect(
      (await call("PATCH", "/v1/structures/web1", { description: "x" }, { "if-match": '"2"' })).body,
    ).toMatchObject({ stale: false, version: 3 });
    const { body, etag } = await call(
      "PATCH",
      "/v1/structures/web1",
      { variables: { greeting: "Moin" } },
      { "if-match": "*" },
    );
    expect([body["stale"], etag]).toEqual([true, `"${String(body["version"])}"`]);
    expect((await call("GET", "/v1/structures/web1")).body).toMatchObject({ stale: true, version: body["version"] });
  });
});

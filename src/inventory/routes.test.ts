import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import type { Principal } from "../access/index.ts";
import { admitTo, testDoor } from "../access/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus, type Bus } from "../platform/bus/index.ts";
import { createEventStream, eventMigrations, type EventStream } from "../platform/events/index.ts";
import { createHttpServer, type HttpServer } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { groupRoutes } from "./group-routes.ts";
import { inventoryRoutes } from "./routes.ts";
import { createInventoryService } from "./service.ts";
import { createInventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import { tenantRoutes } from "./tenant-routes.ts";
import { createTenantService } from "./tenants.ts";

let http: HttpServer;
let events: EventStream;
let bus: Bus;

beforeEach(async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations]);
  const log = silentLogger();
  const clock = manualClock(5000);
  bus = createInProcessBus(log);
  events = createEventStream({ database, bus, clock, random: systemRandom });
  const parts = {
    database,
    inventory: createInventoryStore({ database, clock, bus }),
    events,
    bus,
    clock,
    random: systemRandom,
  };
  const inventory = createInventoryService(parts);
  const tenants = createTenantService(parts, inventory);
  http = await createHttpServer<Principal>({
    log,
    version: "0",
    authenticate: admitTo(testDoor("right", { tenants })),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  inventoryRoutes(http, inventory);
  tenantRoutes(http, tenants);
  groupRoutes(http, inventory);
  onTestFinished(async () => {
    await http.close();
    await bus.close();
    await database.close();
  });
});

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // What an answer holds depends on the endpoint; a test looks at what it asked for.
  readonly body: Readonly<Record<string, unknown>> & {
    readonly items: readonly Record<string, unknown>[];
    readonly results: readonly Record<string, unknown>[];
    readonly details: Readonly<Record<string, unknown>>;
  };
}

async function call(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  url: string,
  payload?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const answer = await http.app.inject({
    method,
    url,
    headers: {
      authorization: "Bearer right",
      ...(payload === undefined ? {} : { "content-type": "application/json" }),
      ...(method === "GET" || method === "POST" ? {} : { "if-match": "*" }),
      ...headers,
    },
    ...(payload === undefined ? {} : { payload: typeof payload === "string" ? payload : JSON.stringify(payload) }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}

async function make(kind: string, ...things: readonly object[]): Promise<void> {
  for (const thing of things) {
    const { status, body } = await call("POST", `/v1/${kind}`, thing);
    expect([status, body["detail"]]).toEqual([201, undefined]);
  }
}

const names = ({ body }: Reply): readonly unknown[] => body.items.map(({ name }) => name);

describe("every kind", () => {
  it("is created, read, listed, replaced, patched and deleted in the same way", async () => {
    await make("sites", { name: "lab" });
    await make("blueprints", { name: "machine", builds: "foundation", scripts: { create: "pass" } });
    await make("foundations", { name: "host", site: "lab", type: "docker", blueprint: "machine" });
    await make("structures", { name: "switch", site: "lab" });
    const things: Readonly<Record<string, { readonly data: Record<string, unknown>; readonly patch: object }>> = {
      sites: { data: { name: "rack", parent: "lab", kind: "rack" }, patch: { description: "in the cellar" } },
      "groups/default": { data: { name: "web" }, patch: { priority: 5 } },
      networks: { data: { name: "mgmt", vlan: 10 }, patch: { vlan: 11 } },
      links: { data: { name: "trunk", trunking: { mode: "802.1q", native: null } }, patch: { mtu: 9000 } },
      zones: { data: { name: "example.org", nameservers: ["ns1"] }, patch: { ttl: 60 } },
      "field-schemas": {
        data: { name: "network", schema: { type: "object" } },
        patch: { schema: { maxProperties: 3 } },
      },
      "address-blocks": { data: { name: "block", site: "lab", subnet: "10.0.0.0/24" }, patch: { gateway: "10.0.0.1" } },
      blueprints: {
        data: { name: "web", builds: "structure" },
        patch: { description: "a" },
      },
      foundations: {
        data: { name: "f2", site: "lab", type: "docker", blueprint: "machine" },
        patch: { attributes: { a: 1 } },
      },
      structures: { data: { name: "web_1", site: "lab" }, patch: { role: "web" } },
      interfaces: { data: { foundation: "host", device: "eth0" }, patch: { mac: "52-54-00-12-34-56" } },
      complexes: {
        data: { name: "cluster", site: "lab", type: "docker", members: ["switch"], capacity: { foundations: 4 } },
        patch: { builtPercentage: 50 },
      },
      dependencies: { data: { name: "uplink", foundation: "host", structure: "switch" }, patch: { link: "hard" } },
    };
    for (const [path, { data, patch }] of Object.entries(things)) {
      const made = await call("POST", `/v1/${path}`, data);
      expect([path, made.status, made.body["detail"], made.headers["etag"]]).toEqual([path, 201, undefined, '"1"']);
      expect(made.body).toMatchObject(data);
      const location = String(made.headers["location"]);
      const read = await call("GET", location);
      expect([read.status, read.body]).toMatchObject([200, made.body]);
      expect((await call("GET", `/v1/${path}/${String(made.body["id"])}`)).body).toMatchObject(made.body);
      expect((await call("GET", `/v1/${path}`)).body.items).toContainEqual(expect.objectContaining(made.body));
      const patched = await call("PATCH", location, patch, { "if-match": '"1"' });
      expect([path, patched.status, patched.body["version"], patched.headers["etag"]]).toEqual([path, 200, 2, '"2"']);
      const late = await call("PATCH", location, patch, { "if-match": '"1"' });
      expect([path, late.status, late.body["code"]]).toEqual([path, 412, "version_mismatch"]);
      // What was read may be sent back whole.
      const replaced = await call("PUT", location, { ...patched.body, labels: undefined }, { "if-match": '"2"' });
      expect([path, replaced.status, replaced.body["detail"]]).toEqual([path, 200, undefined]);
      expect((await call("PUT", location, data, { "if-match": "" })).status).toBe(428);
      const gone = await call("DELETE", location, undefined, { "if-match": `"${String(replaced.body["version"])}"` });
      expect([path, gone.status, gone.body.results[0]]).toMatchObject([path, 200, { action: "removed" }]);
      expect((await call("GET", location)).status).toBe(404);
    }
  });

  it("tells everything that is wrong with its form, with the nearest name", async () => {
    const answer = await call("POST", "/v1/structures", { name: "a b", site: 5, variabels: {}, vlan: 1 });
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain("did you mean 'variables'?");
    expect(answer.body["problems"]).toHaveLength(4);
    expect((await call("POST", "/v1/structures", { site: "x" })).body["detail"]).toBe("structure: name is missing");
    const nowhere = await call("POST", "/v1/structures", { name: "a", site: "labb", groups: ["nobody"] });
    expect(nowhere.body["code"]).toBe("reference_unknown");
    expect((await call("POST", "/v1/structures", "[1]")).status).toBe(422);
    expect((await call("POST", "/v1/structures", "{")).status).toBe(400);
  });
});

describe("a list", () => {
  beforeEach(async () => {
    await make("sites", { name: "region", kind: "region" }, { name: "lab", parent: "region" }, { name: "far" });
    await make(
      "groups/default",
      { name: "all", kind: "region" },
      { name: "web", parent: "all" },
      { name: "extra", includes: ["web"] },
    );
    for (let at = 0; at < 12; at += 1) {
      await make("structures", {
        name: `host-${String(at).padStart(2, "0")}`,
        site: at % 3 === 0 ? "far" : "lab",
        groups: at % 2 === 0 ? ["web"] : [],
        role: at < 4 ? null : `role-${at % 4}`,
        labels: at % 4 === 0 ? { rack: "7", spare: "" } : { rack: "8" },
        variables: { number: at, deep: { list: [at, "x"] } },
      });
    }
  });

  it("is filtered by site, group, labels, role, and variables, each with those below", async () => {
    const list = async (query: string): Promise<readonly unknown[]> =>
      names(await call("GET", `/v1/structures?${query}`));
    expect(await list("site=region")).toHaveLength(8);
    expect(await list("site=far")).toEqual(["host-00", "host-03", "host-06", "host-09"]);
    expect(await list("group=all")).toHaveLength(6);
    expect(await list("group=extra&site=far")).toEqual(["host-00", "host-06"]);
    expect(await list("label=spare&label=rack=7")).toEqual(["host-00", "host-04", "host-08"]);
    expect(await list("label=rack=7&label=rack=8")).toEqual([]);
    expect(await list("role=role-1")).toEqual(["host-05", "host-09"]);
    expect(await list("state=planned&limit=2")).toHaveLength(2);
    expect(await list("vars=deep.list[0]:3")).toEqual(["host-03"]);
    expect(await list('vars=deep.list[1]:"x"&site=far')).toHaveLength(4);
    expect(await list('vars=deep.list[1]:"x"&vars=number:6&site=far')).toEqual(["host-06"]);
    expect(await list('vars=deep.list[1]:"x"&limit=3&sort=-name')).toEqual(["host-11", "host-10", "host-09"]);
    expect(names(await call("GET", "/v1/sites?site=region"))).toEqual(["lab", "region"]);
    expect(names(await call("GET", "/v1/sites?parent="))).toEqual(["far", "region"]);
  });

  it("of sites and groups is found by what those in them get", async () => {
    await make("sites", { name: "north", variables: { ntp: "a" } }, { name: "rack", parent: "north" });
    await make(
      "groups/default",
      { name: "db", variables: { port: 5432 } },
      { name: "replica", parent: "db" },
      { name: "other", parent: "db", variables: { port: 1 } },
    );
    expect(names(await call("GET", "/v1/sites?vars=ntp:a"))).toEqual(["north", "rack"]);
    expect(names(await call("GET", "/v1/sites?vars=ntp:a&parent=north"))).toEqual(["rack"]);
    expect(names(await call("GET", "/v1/groups/default?vars=port:5432"))).toEqual(["db", "replica"]);
    const first = await call("GET", "/v1/groups/default?vars=port:5432&limit=1");
    expect([names(first), first.body["next"]]).toEqual([["db"], expect.any(String)]);
    expect((await call("GET", "/v1/groups/default?vars=port:5432&kind=rack")).body["detail"]).toContain("leave 'kind'");
    expect((await call("GET", "/v1/zones?vars=a:1")).body["detail"]).toBe("a list of zones has no filter 'vars'");
  });

  it("finds interfaces by the site of their owner, and foundations by their variables", async () => {
    await make("blueprints", {
      name: "machine",
      builds: "foundation",
      variables: { cores: 4 },
      scripts: { create: "pass" },
    });
    await make(
      "foundations",
      { name: "f1", site: "far", type: "docker", blueprint: "machine" },
      { name: "f2", site: "lab", type: "docker", blueprint: "machine", variables: { cores: 8 } },
    );
    await make("interfaces", { foundation: "f1", device: "eth0" }, { structure: "host-01", device: "eth0" });
    expect(names(await call("GET", "/v1/interfaces?site=region"))).toEqual(["host-01/eth0"]);
    expect(names(await call("GET", "/v1/foundations?vars=cores:4"))).toEqual(["f1"]);
    expect(names(await call("GET", "/v1/foundations?vars=_type:docker&vars=cores:8"))).toEqual(["f2"]);
    expect(names(await call("GET", "/v1/foundations?vars=_type:docker&sort=-name"))).toEqual(["f2", "f1"]);
    expect(names(await call("GET", "/v1/foundations?blueprint=machine&sort=-site"))).toEqual(["f2", "f1"]);
    const { body } = await call("GET", "/v1/structures/host-02?explain=true");
    expect(body["resolved"]).toMatchObject({
      explain: { number: { value: 2, from: [{ kind: "structure", name: "host-02" }] } },
    });
    const group = await call("GET", "/v1/groups/default/web?explain=true");
    expect(group.body["resolved"]).toMatchObject({ values: {} });
  });

  it("finds what a complex offers, what waits for whom, and which machines are known", async () => {
    await make("blueprints", { name: "machine", builds: "foundation", scripts: { create: "pass" } });
    await make("complexes", { name: "cluster", site: "far", type: "docker", members: ["host-01"] });
    await make(
      "foundations",
      { name: "vm", site: "lab", blueprint: "machine", complex: "cluster" },
      {
        name: "metal",
        site: "lab",
        type: "ipmi",
        blueprint: "machine",
        systemUuid: "4C4C4544-0042-3510-8056-B4C04F4D3732",
      },
    );
    await make("dependencies", { name: "uplink", foundation: "metal", structure: "host-02" });
    expect(names(await call("GET", "/v1/foundations?complex=cluster"))).toEqual(["vm"]);
    expect(names(await call("GET", "/v1/dependencies?foundation=metal&state=planned&site=region"))).toEqual(["uplink"]);
    expect(names(await call("GET", "/v1/complexes?site=far"))).toEqual(["cluster"]);
    expect(names(await call("GET", "/v1/foundations?state=located"))).toEqual([]);
    const { body } = await call("GET", "/v1/foundations/metal");
    expect(body).toMatchObject({
      systemUuid: "4c4c4544-0042-3510-8056-b4c04f4d3732",
      locatedAt: null,
      machineId: null,
      identifiers: {},
      placedOn: null,
    });
    // What is kept by Gantry may be sent back as it was read, and not otherwise.
    expect((await call("PUT", "/v1/foundations/metal", body)).status).toBe(200);
    const located = await call("PATCH", "/v1/foundations/metal", { locatedAt: 5 });
    expect([located.status, located.body["detail"]]).toEqual([
      422,
      "foundation 'metal': 'locatedAt' is kept by Gantry and cannot be set",
    ]);
  });

  it("says which filter, member or name there is not", async () => {
    for (const [url, text] of [
      ["/v1/sites?role=x", "a list of sites has no filter 'role'"],
      ["/v1/structures?site=labb", "did you mean 'lab'?"],
      ["/v1/structures?sort=nam", "did you mean 'name'?"],
      ["/v1/structures?fields=nme", "did you mean 'name'?"],
      ["/v1/structures?sort=variables", "cannot be sorted by 'variables'"],
      ["/v1/structures?vars=x", "where : and a value should stand"],
      ["/v1/structures?lable=x", "did you mean 'label'?"],
    ] as const) {
      const answer = await call("GET", url);
      expect([url, Math.floor(answer.status / 100)]).toEqual([url, 4]);
      expect(String(answer.body["detail"])).toContain(text);
    }
  });

  it("is sorted by any member, either way, and each page goes on where the one before ended", async () => {
    for (const sort of ["name", "-name", "role", "-role", "site", "-createdAt"]) {
      const whole = names(await call("GET", `/v1/structures?sort=${sort}`));
      const pages: unknown[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const after: string = cursor === "" ? "" : `&cursor=${cursor}`;
        const page: Reply = await call("GET", `/v1/structures?sort=${sort}&limit=5${after}`);
        pages.push(...names(page));
        cursor = page.body["next"] as string | null;
      }
      expect([sort, pages]).toEqual([sort, whole]);
      expect(new Set(pages).size).toBe(12);
    }
    const [first] = names(await call("GET", "/v1/structures?sort=-name&limit=1"));
    expect(first).toBe("host-11");
    expect((await call("GET", "/v1/structures?sort=role&cursor=aG9zdA")).status).toBe(400);
  });

  it("shows the members that were asked for", async () => {
    const { body } = await call("GET", "/v1/structures?fields=name,addresses&limit=1");
    expect(body.items).toEqual([{ name: "host-00", addresses: [] }]);
  });

  it("shows sites of a kind among the groups, and one of them by its name", async () => {
    expect(names(await call("GET", "/v1/groups/default"))).toEqual(["all", "extra", "web"]);
    const both = await call("GET", "/v1/groups/default?kind=region");
    expect(both.body.items.map(({ name, isSite }) => [name, isSite])).toEqual([
      ["all", false],
      ["region", true],
    ]);
    const first = await call("GET", "/v1/groups/default?kind=region&limit=1");
    const second = await call("GET", `/v1/groups/default?kind=region&limit=1&cursor=${String(first.body["next"])}`);
    expect([names(first), names(second), second.body["next"]]).toEqual([["all"], ["region"], null]);
    expect((await call("GET", "/v1/groups/default/region")).body).toMatchObject({ isSite: true, kind: "region" });
    expect((await call("GET", "/v1/groups/nobody")).body["code"]).toBe("tenant_unknown");
  });
});

describe("patches", () => {
  beforeEach(async () => {
    await make("sites", { name: "lab" });
    await make("structures", { name: "a", site: "lab", variables: { keep: 1, drop: 2, list: [1, 2] } });
  });

  it("merge, or do operations", async () => {
    const merged = await call("PATCH", "/v1/structures/a", { variables: { drop: null, more: { x: 1 } } });
    expect(merged.body["variables"]).toEqual({ keep: 1, list: [1, 2], more: { x: 1 } });
    const operations = [
      { op: "test", path: "/variables/keep", value: 1 },
      { op: "add", path: "/variables/list/-", value: 3 },
      { op: "move", from: "/variables/more", path: "/variables/moved" },
    ];
    const type = { "content-type": "application/json-patch+json" };
    const done = await call("PATCH", "/v1/structures/a", operations, type);
    expect(done.body["variables"]).toEqual({ keep: 1, list: [1, 2, 3], moved: { x: 1 } });
  });

  it("that fail half-way change nothing", async () => {
    const before = (await call("GET", "/v1/structures/a")).body;
    const answer = await call("PATCH", "/v1/structures/a", [
      { op: "add", path: "/variables/new", value: 1 },
      { op: "remove", path: "/variables/absent" },
    ]);
    expect([answer.status, answer.body["code"]]).toEqual([422, "patch_failed"]);
    expect(String(answer.body["detail"])).toContain("operation 1: there is no /variables/absent");
    expect((await call("GET", "/v1/structures/a")).body).toEqual(before);
  });

  it("cannot make what copies of copies grow into", async () => {
    const bomb = Array.from({ length: 40 }, (_, at) => ({ op: "copy", from: "/variables", path: `/variables/x${at}` }));
    const answer = await call("PATCH", "/v1/structures/a", bomb);
    expect([answer.status, answer.body["code"]]).toEqual([422, "patch_failed"]);
  });
});

describe("bad days", () => {
  it.each([
    [10_000, 400, "request_invalid"],
    [90, 422, "value_too_large"],
  ])("refuses variables that are %d deep, wherever they stand", async (depth, status, code) => {
    await make("sites", { name: "lab" });
    const deep = `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    for (const [method, url, payload] of [
      ["POST", "/v1/structures", `{"name":"a","site":"lab","variables":${deep}}`],
      ["PATCH", "/v1/sites/lab", `{"variables":${deep}}`],
      ["PUT", "/v1/sites/lab", `{"name":"lab","variables":${deep}}`],
      ["POST", "/v1/bulk", `{"edits":[{"action":"create","kind":"site","data":{"name":"b","variables":${deep}}}]}`],
    ] as const) {
      const answer = await call(method, url, payload);
      expect([url, answer.status, answer.body["code"]]).toEqual([url, status, code]);
    }
  });

  it("refuses a group under its own child, and shows the circle", async () => {
    await make("groups/default", { name: "a" }, { name: "b", parent: "a" }, { name: "c", parent: "b" });
    const answer = await call("PATCH", "/v1/groups/default/a", { parent: "c" });
    expect([answer.status, answer.body["code"]]).toEqual([422, "tree_circle"]);
    expect(String(answer.body["detail"])).toBe("group 'a' lies in itself: a → c → b → a");
    const included = await call("PATCH", "/v1/groups/default/c", { includes: ["a"] });
    expect(included.body["code"]).toBe("tree_circle");
  });

  it("gives an address to one of two who claim it at once", async () => {
    await make("sites", { name: "lab" });
    await make("address-blocks", { name: "b", site: "lab", subnet: "10.0.0.0/29", reserved: ["10.0.0.2"] });
    const addresses = [{ block: "b", address: "10.0.0.3" }];
    const answers = await Promise.all(
      ["one", "two"].map((name) => call("POST", "/v1/structures", { name, site: "lab", addresses })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const kept = await call("POST", "/v1/structures", {
      name: "x",
      site: "lab",
      addresses: [{ block: "b", address: "10.0.0.2" }],
    });
    expect([kept.status, kept.body["code"]]).toEqual([409, "address_taken"]);
    const outside = { name: "x", site: "lab", addresses: [{ block: "b", address: "10.0.0.9" }] };
    expect((await call("POST", "/v1/structures", outside)).body["code"]).toBe("address_outside_block");
    const overlap = await call("POST", "/v1/address-blocks", { name: "c", site: "lab", subnet: "10.0.0.0/30" });
    expect(overlap.body["code"]).toBe("address_blocks_overlap");
  });
});

describe("a deletion", () => {
  it("says what would go with it, and goes on when it is told to", async () => {
    await make("sites", { name: "lab" }, { name: "rack", parent: "lab" });
    await make("groups/default", { name: "web" });
    await make("structures", { name: "a", site: "rack", groups: ["web"] }, { name: "b", site: "rack", parent: "a" });
    const asked = await call("DELETE", "/v1/sites/lab");
    expect([asked.status, asked.body["code"]]).toEqual([409, "removal_needs_cascade"]);
    expect(asked.body["detail"]).toBe("site 'lab': 1 site and 2 structures would go with it");
    expect(asked.body.details["removed"]).toMatchObject({ counts: { site: 1, structure: 2 } });
    const group = await call("DELETE", "/v1/groups/default/web");
    expect(group.body["detail"]).toBe("group 'web': 1 structure would no longer refer to it");
    expect((await call("DELETE", "/v1/groups/default/web?cascade=true")).status).toBe(200);
    expect((await call("GET", "/v1/structures/a")).body["groups"]).toEqual([]);
    const done = await call("DELETE", "/v1/sites/lab?cascade=true");
    expect([done.status, done.body.results.length]).toEqual([200, 4]);
    expect([names(await call("GET", "/v1/sites")), names(await call("GET", "/v1/structures"))]).toEqual([[], []]);
  });
});

describe("many edits at once", () => {
  it("are made in any order, or none of them is", async () => {
    const edits = [
      { action: "create", kind: "structure", data: { name: "a", site: "lab", groups: ["web"] } },
      { action: "create", kind: "group", data: { name: "web" } },
      { action: "create", kind: "site", data: { name: "lab" } },
      { action: "create", kind: "interface", data: { structure: "a", device: "eth0" } },
      { action: "merge", kind: "structure", name: "a", patch: { role: "web" } },
    ];
    const done = await call("POST", "/v1/bulk", { edits });
    expect([done.status, done.body["detail"]]).toEqual([200, undefined]);
    expect(done.body.results.map(({ name }) => name)).toEqual(["a", "web", "lab", "a/eth0", "a"]);
    expect((await call("GET", "/v1/structures/a")).body).toMatchObject({ role: "web", version: 1 });
    const failed = await call("POST", "/v1/bulk", {
      edits: [
        { action: "create", kind: "site", data: { name: "more" } },
        { action: "merge", kind: "site", name: "nobody", patch: {} },
        { action: "delete", kind: "structure", name: "a", version: 7 },
        { action: "create", kind: "sit", data: {} },
      ],
    });
    expect([failed.status, failed.body["code"]]).toEqual([422, "edits_refused"]);
    expect(failed.body["problems"]).toMatchObject([
      { index: 1, kind: "site", name: "nobody", code: "not_found" },
      { index: 2, kind: "structure", name: "a", code: "version_mismatch" },
      { index: 3, code: "member_invalid" },
    ]);
    expect((await call("GET", "/v1/sites/more")).status).toBe(404);
  });

  it("are only planned when they are a preview: what would go along is answered, and stays", async () => {
    await make("sites", { name: "old" }, { name: "older", parent: "old" });
    const edits = [{ action: "delete", kind: "site", name: "old" }];
    const headers = { "idempotency-key": "look first" };
    const looked = await call("POST", "/v1/bulk", { edits, cascade: true, preview: true }, headers);
    const gone = [
      { kind: "site", name: "old", action: "removed" },
      { kind: "site", name: "older", action: "removed" },
    ];
    expect([looked.status, looked.body["results"]]).toMatchObject([200, looked.body["results"]]);
    expect((looked.body["results"] as { name: string }[]).map(({ name }) => name)).toEqual(["old", "older"]);
    expect(names(await call("GET", "/v1/sites?site=old"))).toEqual(["old", "older"]);
    expect((await call("POST", "/v1/bulk", { edits, preview: true })).body["code"]).toBe("removal_needs_cascade");
    const done = await call("POST", "/v1/bulk", { edits, cascade: true }, headers);
    expect([done.status, done.body["results"]]).toMatchObject([200, gone]);
    expect((await call("GET", "/v1/sites/older")).status).toBe(404);
  });

  it("may delete what one before them made", async () => {
    await make("sites", { name: "lab" });
    await make("structures", { name: "web1", site: "lab" });
    const edits = [
      { action: "create", kind: "group", data: { name: "db" } },
      { action: "merge", kind: "structure", name: "web1", patch: { groups: ["db"] } },
      {
        action: "operations",
        kind: "site",
        name: "lab",
        operations: [{ op: "add", path: "/labels/floor", value: "2" }],
      },
      { action: "delete", kind: "group", name: "db", version: 1 },
    ];
    expect((await call("POST", "/v1/bulk", { edits })).body["code"]).toBe("removal_needs_cascade");
    const done = await call("POST", "/v1/bulk", { edits, cascade: true });
    expect([done.status, done.body["detail"]]).toEqual([200, undefined]);
    expect((await call("GET", "/v1/structures/web1")).body["groups"]).toEqual([]);
    expect((await call("GET", "/v1/sites/lab")).body["labels"]).toEqual({ floor: "2" });
  });

  it("are told by an event each", async () => {
    await make("sites", { name: "lab" });
    await call("PATCH", "/v1/sites/lab", { description: "x" });
    await call("DELETE", "/v1/sites/lab");
    const page = await events.read({ limit: 10 });
    expect(page.events.map(({ type, data }) => [type, (data as { fields: unknown }).fields])).toEqual([
      ["inventory.created", []],
      ["inventory.changed", ["description"]],
      ["inventory.removed", []],
    ]);
  });
});

describe("an Idempotency-Key", () => {
  it("makes a request that comes again one", async () => {
    const key = { "idempotency-key": "k1" };
    const first = await call("POST", "/v1/sites", { name: "lab" }, key);
    const again = await call("POST", "/v1/sites", { name: "lab" }, key);
    expect([again.status, again.body, again.headers["location"]]).toEqual([201, first.body, "/v1/sites/lab"]);
    const other = await call("POST", "/v1/sites", { name: "other" }, key);
    expect([other.status, other.body["code"]]).toEqual([422, "idempotency_key_reused"]);
    const many = await Promise.all(
      Array.from({ length: 5 }, () => call("PATCH", "/v1/sites/lab", { kind: "x" }, { "idempotency-key": "k2" })),
    );
    expect(many.map(({ body }) => body["version"])).toEqual([2, 2, 2, 2, 2]);
    // What failed was not done, and may be tried again.
    expect((await call("POST", "/v1/structures", { name: "a", site: "no" }, { "idempotency-key": "k3" })).status).toBe(
      422,
    );
    await make("sites", { name: "no" });
    expect((await call("POST", "/v1/structures", { name: "a", site: "no" }, { "idempotency-key": "k3" })).status).toBe(
      201,
    );
  });
});

describe("tenants", () => {
  it("are created, renamed, and deleted when they own nothing; each has an inventory of its own", async () => {
    const made = await call("POST", "/v1/tenants", { name: "blue" });
    expect([made.status, made.headers["location"]]).toEqual([201, "/v1/tenants/blue"]);
    expect((await call("POST", "/v1/tenants", { name: "blue" })).body["code"]).toBe("name_taken");
    const within = { "gantry-tenant": "blue" };
    expect((await call("POST", "/v1/sites", { name: "lab" }, within)).status).toBe(201);
    expect([names(await call("GET", "/v1/sites")), names(await call("GET", "/v1/sites", undefined, within))]).toEqual([
      [],
      ["lab"],
    ]);
    expect((await call("GET", "/v1/sites", undefined, { "gantry-tenant": "bleu" })).body["detail"]).toContain(
      "did you mean 'blue'?",
    );
    expect((await call("POST", "/v1/groups/blue", { name: "g" })).status).toBe(201);
    const renamed = await call("PATCH", "/v1/tenants/blue", { name: "green", variables: { colour: "green" } });
    expect([renamed.status, renamed.body["name"]]).toEqual([200, "green"]);
    expect((await call("PATCH", "/v1/tenants/green", { name: "default" })).body["code"]).toBe("name_taken");
    expect(names(await call("GET", "/v1/tenants"))).toEqual(["default", "green"]);
    const site = await call("GET", "/v1/sites/lab?explain=true", undefined, { "gantry-tenant": "green" });
    expect(site.body["resolved"]).toMatchObject({ values: { colour: "green" } });
    const full = await call("DELETE", "/v1/tenants/green");
    expect([full.status, full.body["detail"]]).toEqual([409, "tenant 'green' owns 1 site, 1 group"]);
    await call("DELETE", "/v1/sites/lab", undefined, { "gantry-tenant": "green" });
    await call("DELETE", "/v1/groups/green/g");
    expect((await call("DELETE", "/v1/tenants/green")).status).toBe(200);
    expect((await call("DELETE", "/v1/tenants/default")).status).toBe(409);
  });
});

describe("custom fields", () => {
  it("are held to the tenant's schema for their kind, and a schema to what is there", async () => {
    await make("sites", { name: "lab", fields: { floor: 3 } });
    const schema = { type: "object", properties: { floor: { type: "integer" } }, additionalProperties: false };
    await make("field-schemas", { name: "site", schema });
    const wrong = await call("PATCH", "/v1/sites/lab", { fields: { flor: 1 } });
    expect([wrong.status, wrong.body["code"]]).toEqual([422, "custom_fields_invalid"]);
    expect(wrong.body["detail"]).toBe("site 'lab': fields has no 'flor'; did you mean 'floor'?");
    const strict = { ...schema, required: ["owner"] };
    expect((await call("PATCH", "/v1/field-schemas/site", { schema: strict })).body["code"]).toBe(
      "custom_fields_invalid",
    );
    const none = await call("POST", "/v1/field-schemas", { name: "group", schema: { type: "strange" } });
    expect(none.body["code"]).toBe("field_schema_invalid");
    const remote = { $ref: "http://127.0.0.1:1/schema.json" };
    expect((await call("POST", "/v1/field-schemas", { name: "group", schema: remote })).body["code"]).toBe(
      "field_schema_invalid",
    );
    expect((await call("POST", "/v1/field-schemas", { name: "sites", schema })).body["detail"]).toContain(
      "did you mean 'site'?",
    );
  });
});

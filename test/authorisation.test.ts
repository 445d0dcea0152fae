import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUILT_IN_ROLES, isServerWide, PERMISSIONS, type Permission } from "../src/access/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { openSnapshot } from "../src/platform/database/index.ts";
import { testComposition, type TestComposition } from "../src/server/testing.ts";

// Every endpoint, made from the OpenAPI document, is called by everybody who may not: nothing is told to them and nothing changes.

const HOUR = 60 * 60 * 1000;
const OPEN = JSON.parse(readFileSync(join(import.meta.dirname, "open-endpoints.json"), "utf8")) as readonly string[];

interface Endpoint {
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly permission: string;
  readonly reach: string | undefined;
  readonly scope: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
}

let folder: string;
let made: TestComposition;
let endpoints: readonly Endpoint[];
/** Milliseconds by which the server's clock is ahead. */
let ahead = 0;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function call(method: string, path: string, headers: Record<string, string> = {}, body: unknown = {}): Promise<Answer> {
  const hasBody = method !== "GET" && method !== "DELETE";
  const sent = { ...(hasBody && { "content-type": "application/json" }), "if-match": "*", ...headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath: join(folder, "gantry.sock"), method, path, headers: sent, agent },
      (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += String(chunk)));
        answer.on("error", reject);
        answer.on("end", () => {
          const isProblem = answer.headers["content-type"]?.includes("problem+json") === true;
          const code = isProblem ? (JSON.parse(text) as { code: string }).code : undefined;
          resolve({ status: answer.statusCode ?? 0, code, text });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(hasBody ? JSON.stringify(body) : undefined);
  });
}

/** As the administrator. */
async function ask<Body>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Body> {
  const { status, text } = await call(method, path, headers, body);
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
  return (text === "" ? undefined : JSON.parse(text)) as Body;
}

async function tokenOf(account: string, role: string, tenant = "default", expiresIn?: number): Promise<string> {
  const within = { "gantry-tenant": tenant };
  await ask("POST", "/v1/accounts", { name: account }, within);
  await ask("POST", "/v1/role-bindings", { account, role }, within);
  const body = { name: "t", expiresIn };
  return (await ask<{ token: string }>("POST", `/v1/accounts/${account}/tokens`, body, within)).token;
}

/** The tenant that is meant is there, things are not; there is a structure `x`. */
function concrete({ path }: Endpoint): string {
  const named = path
    .replace("/v1/groups/{tenantId}", "/v1/groups/default")
    .replace("/v1/tenants/{idOrName}", "/v1/tenants/default")
    .replace("{kind}", "structure");
  return named.replaceAll(/\{\w+\}/g, "x");
}

/** Every row of every table; but for when tokens were used. */
async function everything(): Promise<string> {
  const snapshot = await openSnapshot(join(folder, "gantry.db"));
  try {
    const lines: string[] = [];
    for (const table of await snapshot.tables()) {
      const kept = table.columns.map(({ name }) => name !== "last_used_at");
      for await (const rows of snapshot.rows(table))
        for (const row of rows) lines.push(`${table.name} ${JSON.stringify(row.filter((_, at) => kept[at]))}`);
    }
    return lines.join("\n");
  } finally {
    await snapshot.close();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-authorisation-"));
  made = await testComposition(folder, "the right token", {
    database: join(folder, "gantry.db"),
    clock: { now: () => systemClock.now() + ahead, after: systemClock.after },
  });
  await made.composition.http.listenOnSocket(join(folder, "gantry.sock"));
  const { paths } = (await made.composition.http.openApi()) as {
    paths: Record<string, Record<string, Record<string, string | undefined>>>;
  };
  endpoints = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => {
      const permission = operation["x-permission"];
      if (permission === undefined) return [];
      return [
        { method: method.toUpperCase(), path, permission, reach: operation["x-reach"], scope: operation["x-scope"] },
      ];
    }),
  );
  await ask("POST", "/v1/tenants", { name: "foreign" });
  await ask("POST", "/v1/sites", { name: "lab" });
  for (const name of ["own", "x"]) await ask("POST", "/v1/structures", { name, site: "lab" });
});
afterAll(async () => {
  agent.destroy();
  await made.close();
  rmSync(folder, { recursive: true });
});

/** What endpoints answer to somebody, where that is not as expected. */
async function others(
  headers: Record<string, string>,
  expected: (endpoint: Endpoint, answer: Answer) => boolean,
  which: readonly Endpoint[] = endpoints,
): Promise<readonly string[]> {
  const before = await everything();
  const found: string[] = [];
  for (const endpoint of which) {
    const answer = await call(endpoint.method, concrete(endpoint), headers);
    if (!expected(endpoint, answer))
      found.push(
        `${endpoint.method} ${endpoint.path} (${endpoint.permission}): ${answer.status} ${answer.text.slice(0, 200)}`,
      );
  }
  expect(await everything()).toBe(before);
  return found;
}

function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

describe("every endpoint", () => {
  it("is in the OpenAPI document with what it asks for, or on the list of those that ask for nothing", async () => {
    const routes = await made.composition.http.routes();
    expect(
      routes
        .filter(({ open }) => open)
        .map(({ route }) => route)
        .sort(),
    ).toEqual(OPEN);
    const documented = new Set(
      endpoints.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
    );
    expect(routes.filter(({ open, route }) => !open && !documented.has(route))).toEqual([]);
    expect(endpoints.length).toBeGreaterThan(150);
  });

  it("answers 401 to a wrong token, one that has expired, one that was revoked, and one of a disabled account", async () => {
    const expired = await tokenOf("expired", "admin", "default", 3600);
    const revoked = await tokenOf("revoked", "admin");
    const disabled = await tokenOf("disabled", "admin");
    await ask("DELETE", "/v1/accounts/revoked/tokens/t");
    await ask("PATCH", "/v1/accounts/disabled", { disabled: true });
    expect((await call("GET", "/v1/whoami", bearer(expired))).status).toBe(200);
    ahead += HOUR;
    const refused = (_: Endpoint, { status, code }: Answer): boolean => status === 401 && code === "unauthenticated";
    for (const token of ["wrong", `gantry_account_${"A".repeat(43)}`, expired, revoked, disabled])
      expect(await others(bearer(token), refused)).toEqual([]);
  });

  it("answers 404 to a foreign tenant's administrator, as of a tenant that is not there", async () => {
    const token = await tokenOf("foreigner", "admin", "foreign");
    const hidden = (_: Endpoint, { status, code }: Answer): boolean => status === 404 && code === "tenant_unknown";
    expect(await others({ ...bearer(token), "gantry-tenant": "default" }, hidden)).toEqual([]);
    const there = await call("GET", "/v1/sites", { ...bearer(token), "gantry-tenant": "default" });
    const none = await call("GET", "/v1/sites", { ...bearer(token), "gantry-tenant": "nothing" });
    expect(there.text.replaceAll("default", "nothing")).toBe(none.text);
    const tenants = JSON.parse((await call("GET", "/v1/tenants", bearer(token))).text) as { items: { name: string }[] };
    expect(tenants.items.map(({ name }) => name)).toEqual(["foreign"]);
  });

  it("answers 403 to a viewer for all that a viewer does not hold, and for nothing else", async () => {
    const token = await tokenOf("reader", "viewer");
    const holds = new Set<string>([...BUILT_IN_ROLES.viewer, "self"]);
    const wrong = await others(bearer(token), ({ permission }, { status, code }) =>
      holds.has(permission) ? status !== 401 && status !== 403 && status < 500 : status === 403 && code === "forbidden",
    );
    expect(wrong).toEqual([]);
  });

  it("answers 403 to who holds everything but its permission", async () => {
    const permissions = PERMISSIONS.filter((one) => !isServerWide(one));
    for (const missing of permissions) {
      const which = endpoints.filter(({ permission }) => permission === missing);
      if (which.length === 0) continue;
      const name = `no-${missing.replace(".", "-")}`;
      await ask("POST", "/v1/roles", { name, permissions: permissions.filter((one) => one !== missing) });
      const token = await tokenOf(name, name);
      const refused = (_: Endpoint, { status, code }: Answer): boolean => status === 403 && code === "forbidden";
      expect(await others(bearer(token), refused, which)).toEqual([]);
    }
    // What is of the whole server, the administrator of a tenant does not hold.
    const token = await tokenOf("tenant-admin", "admin");
    const wide = endpoints.filter(({ permission }) => permission !== "self" && isServerWide(permission as Permission));
    expect(wide.length).toBeGreaterThan(3);
    expect(await others(bearer(token), (_, { status }) => status === 403, wide)).toEqual([]);
  });

  it("answers 403 to an account without any role, but where it is about itself", async () => {
    await ask("POST", "/v1/accounts", { name: "nobody" });
    const { token } = await ask<{ token: string }>("POST", "/v1/accounts/nobody/tokens", { name: "t" });
    const wrong = await others(bearer(token), ({ path, permission }, { status }) => {
      if (permission === "self") return status !== 401 && status !== 403;
      // A path that names the tenant names one that is not there for it.
      return status === (/\{tenantId\}|\/v1\/tenants\//.test(path) ? 404 : 403);
    });
    expect(wrong).toEqual([]);
  });

  it("answers 403 to a structure's token, but for its own members", async () => {
    const { token } = await ask<{ token: string }>("POST", "/v1/structures/own/tokens", {});
    const exceeded = (_: Endpoint, { status, code }: Answer): boolean => status === 403 && code === "scope_exceeded";
    // What its scope opens is checked before whose structure it is.
    const readable = endpoints.filter(
      ({ method, scope }) => scope !== "boot" && (scope === undefined || method === "GET"),
    );
    expect(await others(bearer(token), exceeded, readable)).toEqual([]);
    expect((await call("POST", "/v1/structures/x/members", bearer(token), { missing: [] })).code).toBe(
      "scope_exceeded",
    );
    expect((await call("GET", "/v1/structures/own/members", bearer(token))).status).toBe(200);
  });
});

describe("a tenant", () => {
  it("is renamed only by who manages tenants", async () => {
    const token = await tokenOf("renamer", "admin", "foreign");
    const renamed = await call("PATCH", "/v1/tenants/foreign", bearer(token), { name: "another" });
    expect([renamed.status, renamed.code]).toEqual([403, "forbidden"]);
    const described = await call("PATCH", "/v1/tenants/foreign", bearer(token), { description: "theirs" });
    expect(described.status, described.text).toBe(200);
  });

  it("takes its accounts and tokens along when it goes", async () => {
    await ask("POST", "/v1/tenants", { name: "short" });
    const token = await tokenOf("passing", "admin", "short");
    expect((await call("GET", "/v1/whoami", bearer(token))).status).toBe(200);
    await ask("DELETE", "/v1/tenants/short");
    expect((await call("GET", "/v1/whoami", bearer(token))).status).toBe(401);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { createHttpServer } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { auditMigrations } from "./audit-tables.ts";
import type { Principal } from "./model.ts";
import { accessMigrations } from "./tables.ts";
import { admitTo, testDoor } from "./testing.ts";
import { accessWorld } from "./testing/world.ts";

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  // What an answer holds depends on the endpoint; a test looks at what it asked for.
  // oxlint-disable-next-line no-explicit-any
  readonly body: Readonly<Record<string, any>>;
}

let path: string;

beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), "gantry-access-routes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  path = join(folder, "gantry.sock");
  const { access } = accessWorld(await openSqlite([...auditMigrations, ...accessMigrations]));
  const http = await createHttpServer<Principal>({
    log: silentLogger(),
    version: "0",
    authenticate: admitTo(testDoor("right", { accounts: access.holders })),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  access.mount(http);
  await http.listenOnSocket(path);
  onTestFinished(async () => {
    await http.close();
    await access.close();
  });
});

function call(method: string, at: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const options = { socketPath: path, method, path: at, agent: false as const, headers: { ...type, ...headers } };
    const outgoing = request(options, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += String(chunk)));
      answer.on("end", () => {
        const shown = text === "" ? {} : (JSON.parse(text) as Answer["body"]);
        resolve({ status: answer.statusCode ?? 0, etag: answer.headers.etag, body: shown });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function pages(at: string, member: string): Promise<readonly unknown[][]> {
  const all: unknown[][] = [];
  for (let cursor = ""; ;) {
    const { body } = await call("GET", `${at}${at.includes("?") ? "&" : "?"}limit=2${cursor}`);
    all.push((body["items"] as Record<string, unknown>[]).map((one) => one[member]));
    if (body["next"] === null) return all;
    cursor = `&cursor=${String(body["next"])}`;
  }
}

describe("accounts over HTTP", () => {
  it.each(["server", "Administrator", "anonymous", "ad\u202emin", "\u0430dmin", "admin\n", " admin", "__proto__"])(
    "are not called %j, as somebody else is or seems to be",
    async (name) => {
      const { status, body } = await call("POST", "/v1/accounts", { name });
      expect([status, body["code"]]).toEqual([400, "account_invalid"]);
    },
  );

  it("are made, listed in pages, changed against the version that was read, and deleted", async () => {
    for (const name of ["e", "d", "c", "b", "a"])
      expect((await call("POST", "/v1/accounts", { name })).status).toBe(201);
    await call("POST", "/v1/accounts", { kind: "person", name: "p", email: "p@example.com" });
    expect(await pages("/v1/accounts", "name")).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e", "p"],
    ]);
    expect(await pages("/v1/accounts?kind=person", "name")).toEqual([["p"]]);
    const one = await call("GET", "/v1/accounts/a");
    expect(one.etag).toBe('"1"');
    const change = { displayName: "A" };
    expect((await call("PATCH", "/v1/accounts/a", change)).body["code"]).toBe("version_required");
    expect((await call("PATCH", "/v1/accounts/a", change, { "if-match": '"1"' })).body["displayName"]).toBe("A");
    expect((await call("PATCH", "/v1/accounts/a", change, { "if-match": '"1"' })).body["code"]).toBe(
      "version_mismatch",
    );
    expect((await call("DELETE", "/v1/accounts/a", undefined, { "if-match": '"2"' })).status).toBe(204);
    expect((await call("GET", "/v1/accounts/a")).body["code"]).toBe("account_unknown");
  });

  it.each([
    [{ name: "two words" }, "account_invalid"],
    [{ name: "" }, "account_invalid"],
    [{ name: "01a1ff70-e40c-7462-8e27-da0a60ff2601" }, "account_invalid"],
    [{ name: "x".repeat(200) }, "account_invalid"],
    [{ name: "a", email: "nobody" }, "account_invalid"],
    [{ name: "a", password: "secret" }, "request_invalid"],
    [{ name: "a", kind: "robot" }, "request_invalid"],
    [{}, "request_invalid"],
  ])("are refused as %j", async (body, code) => {
    expect((await call("POST", "/v1/accounts", body)).body["code"]).toBe(code);
  });

  it("have tokens that are told once", async () => {
    await call("POST", "/v1/accounts", { name: "robot" });
    await call("POST", "/v1/role-bindings", { account: "robot", role: "viewer" });
    const made = await call("POST", "/v1/accounts/robot/tokens", { name: "t", expiresIn: 3600 });
    expect([made.status, made.body["expiresAt"]]).toEqual([201, 1_000_000 + 3_600_000]);
    const token = { authorization: `Bearer ${String(made.body["token"])}` };
    const own = await call("GET", "/v1/tokens", undefined, token);
    expect(own.body["items"]).toMatchObject([{ name: "t", kind: "personal", permissions: null }]);
    expect(JSON.stringify(own.body)).not.toContain("gantry_account_");
    expect((await call("GET", "/v1/whoami", undefined, token)).body).toMatchObject({
      kind: "service",
      name: "robot",
      tenant: { name: "default" },
      roles: [{ role: "viewer", scope: { kind: "tenant" } }],
      token: { name: "t" },
    });
    expect((await call("POST", "/v1/accounts/robot/tokens", { name: "t" })).body["code"]).toBe("token_invalid");
    for (const expiresIn of [367 * 86_400, 0.0001])
      expect((await call("POST", "/v1/accounts/robot/tokens", { name: "u", expiresIn })).body["code"]).toBe(
        "token_invalid",
      );
    expect(
      (await call("POST", "/v1/accounts/robot/tokens", { name: "u", permissions: ["job.reed"] })).body["detail"],
    ).toBe("there is no permission 'job.reed'; did you mean 'job.read'?");
    // A token that is called as another one's id does not end in its place.
    const id = String(made.body["id"]);
    await call("POST", "/v1/accounts/robot/tokens", { name: id });
    expect((await call("DELETE", `/v1/tokens/${id}`, undefined, token)).status).toBe(204);
    expect((await call("GET", "/v1/tokens", undefined, token)).status).toBe(401);
  });

  it("are none of the administrator's", async () => {
    expect((await call("GET", "/v1/tokens")).body["code"]).toBe("account_needed");
    expect((await call("GET", "/v1/whoami")).body).toMatchObject({ kind: "administrator", account: null, token: null });
  });
});

describe("roles and bindings over HTTP", () => {
  it("are listed in pages, and bound to one who is there", async () => {
    const role = { name: "builder", permissions: ["inventory.write", "inventory.read"] };
    expect((await call("POST", "/v1/roles", role)).body["permissions"]).toEqual(["inventory.read", "inventory.write"]);
    expect((await call("POST", "/v1/roles", role)).body["code"]).toBe("role_name_taken");
    expect((await call("POST", "/v1/roles", { ...role, name: "viewer" })).body["code"]).toBe("role_invalid");
    expect(await pages("/v1/roles", "name")).toEqual([["admin", "builder"], ["designer", "operator"], ["viewer"]]);
    await call("POST", "/v1/accounts", { name: "robot" });
    const scopes = [{ kind: "tenant" }, { kind: "site", name: "dc" }, { kind: "group", name: "web" }] as const;
    for (const scope of scopes)
      expect((await call("POST", "/v1/role-bindings", { account: "robot", role: "builder", scope })).status).toBe(201);
    await call("POST", "/v1/role-bindings", { directoryGroup: "cn=ops,dc=example", role: "operator" });
    expect((await pages("/v1/role-bindings", "role")).map((page) => page.length)).toEqual([2, 2]);
    expect(await pages("/v1/role-bindings?account=robot&role=builder", "directoryGroup")).toEqual([
      [null, null],
      [null],
    ]);
    expect((await call("DELETE", "/v1/roles/builder", undefined, { "if-match": "*" })).body["detail"]).toBe(
      "the role 'builder' is bound 3 times",
    );
    const [first] = (await call("GET", "/v1/role-bindings")).body["items"] as { id: string }[];
    expect((await call("GET", `/v1/role-bindings/${first!.id}`)).body["account"]).toMatchObject({ name: "robot" });
    expect((await call("DELETE", `/v1/role-bindings/${first!.id}`)).status).toBe(204);
    expect((await call("GET", `/v1/role-bindings/${first!.id}`)).body["code"]).toBe("binding_unknown");
  });

  it.each([
    [{ role: "viewer" }, "binding_invalid"],
    [{ role: "viewer", account: "robot", directoryGroup: "ops" }, "binding_invalid"],
    [{ role: "viewer", account: "nobody" }, "account_unknown"],
    [{ role: "builder", account: "robot" }, "role_unknown"],
    [{ role: "viewer", account: "robot", scope: { kind: "server" } }, "binding_invalid"],
    [{ role: "viewer", account: "robot", scope: { kind: "site" } }, "request_invalid"],
    [{ role: "viewer", account: "robot", scope: { kind: "project", name: "a b" } }, "binding_invalid"],
  ])("are refused as %j", async (body, code) => {
    await call("POST", "/v1/accounts", { name: "robot" });
    expect((await call("POST", "/v1/role-bindings", body)).body["code"]).toBe(code);
  });

  it("are bound once", async () => {
    await call("POST", "/v1/accounts", { name: "robot" });
    const body = { account: "robot", role: "viewer" };
    await call("POST", "/v1/role-bindings", body);
    expect((await call("POST", "/v1/role-bindings", body)).body["code"]).toBe("binding_exists");
  });
});

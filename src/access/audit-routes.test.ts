import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { manualClock, type ManualClock } from "../kernel/clock.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { createHttpServer, type App } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createAuditReader } from "./audit-reader.ts";
import { auditRoutes } from "./audit-routes.ts";
import { createAudit, type Audit } from "./audit.ts";
import { SERVER_CHAIN } from "./audit-model.ts";
import { auditMigrations } from "./audit-tables.ts";
import { verifyLines } from "./commands.ts";
import { DEFAULT_TENANT } from "./model.ts";
import { ADMINISTRATOR } from "./testing.ts";
import { NO_RIGHTS } from "./policy.ts";

const chain = DEFAULT_TENANT.id;
const START = Date.UTC(2026, 2, 1);
let app: App;
let audit: Audit;
let clock: ManualClock;
let socketPath: string;
let rights = ADMINISTRATOR.rights;

beforeEach(async () => {
  rights = ADMINISTRATOR.rights;
  const database = await openSqlite(auditMigrations);
  clock = manualClock(START);
  const bus = createInProcessBus(silentLogger());
  onTestFinished(() => bus.close());
  audit = createAudit({ database, clock, bus });
  const server = await createHttpServer({
    log: silentLogger(),
    version: "0",
    authenticate: () => ({ ...ADMINISTRATOR, rights }),
    ready: async () => true,
    metrics: async () => "",
  });
  onTestFinished(() => server.close());
  app = server.app;
  auditRoutes(server, { audit, reader: createAuditReader({ database, audit, bus, clock }) });
  const folder = mkdtempSync(join(tmpdir(), "gantry-audit-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  socketPath = join(folder, "socket");
  await server.listenOnSocket(socketPath);
  for (const [by, action, name] of [
    ["ann", "secret.read", "password"],
    ["ann", "secret_token.made", "other room"],
    ["bob", "secret.changed", "password"],
    ["bob", "job.paused", "deploy"],
  ] as const) {
    const subject = { kind: action.split(".")[0] ?? "", id: `id of ${name}`, name };
    await audit.record({ kind: "person", id: `id of ${by}`, name: by }, [{ chain, action, subject }]);
    clock.advance(60_000);
  }
  await audit.record(ADMINISTRATOR, [
    { chain: SERVER_CHAIN, action: "backup.made", subject: { kind: "backup", id: null, name: "b" } },
  ]);
});

async function get(path: string, method: "GET" | "POST" = "GET", payload?: object) {
  const answer = await app.inject({ method, url: path, ...(payload && { payload }) });
  return { status: answer.statusCode, body: answer.json() };
}
const seqs = async (query: string): Promise<number[]> =>
  (await get(`/v1/audit${query}`)).body.items.map(({ seq }: { seq: number }) => seq);

describe("/v1/audit", () => {
  it("lists the newest first, page by page, by actor, action, subject and time", async () => {
    const first = await get("/v1/audit?limit=3");
    expect(first.body.items.map(({ seq }: { seq: number }) => seq)).toEqual([4, 3, 2]);
    expect(await seqs(`?limit=3&cursor=${first.body.next}`)).toEqual([1]);
    expect(await seqs("?actor=ann")).toEqual([2, 1]);
    expect(await seqs(`?actor=${encodeURIComponent("id of bob")}`)).toEqual([4, 3]);
    expect(await seqs("?action=secret.*")).toEqual([3, 1]);
    expect(await seqs("?action=secret.read")).toEqual([1]);
    expect(await seqs("?subject=secret")).toEqual([3, 1]);
    expect(await seqs("?subject=secret/password&actor=bob")).toEqual([3]);
    expect(await seqs("?since=2026-03-01T00:02:00Z")).toEqual([4, 3]);
    expect(await seqs("?until=2026-03-01T00:00:59Z")).toEqual([1]);
    expect((await get("/v1/audit?since=yesterday")).body).toMatchObject({ status: 400, code: "time_invalid" });
    expect((await get("/v1/audit?cursor=nonsense")).body).toMatchObject({ status: 400, code: "cursor_unknown" });
  });

  it("gives a head, verifies against it, and exports what can be verified elsewhere", async () => {
    const { body: head } = await get("/v1/audit/head");
    expect(head).toMatchObject({ chain, seq: 4, time: START + 180_000 });
    const { body } = await get("/v1/audit/verify", "POST", { head: { seq: 4, hash: head.hash } });
    expect(body).toEqual({ chain, entries: 4, last: { seq: 4, hash: head.hash }, damage: null });
    const wrong = await get("/v1/audit/verify", "POST", { head: { seq: 4, hash: "0".repeat(64) } });
    expect(wrong.body.damage).toMatchObject({ seq: 4, kind: "rewritten" });
    const exported = (await app.inject("/v1/audit/export")).body.split("\n");
    expect(await verifyLines(exported, head)).toMatchObject({ entries: 4, first: 1, chain, damage: null });
    const part = (await app.inject("/v1/audit/export?from=3")).body.split("\n");
    expect(await verifyLines(part, head)).toMatchObject({ entries: 2, first: 3, damage: null });
    const late = (await app.inject("/v1/audit/export?since=2026-03-01T00:02:00Z")).body.split("\n");
    expect(await verifyLines(late)).toMatchObject({ entries: 2, first: 3, damage: null });
  });

  it("goes on with what is added", async () => {
    let read = "";
    const asked = request({ socketPath, path: "/v1/audit/export?from=4&follow=true" }, (answer) => {
      answer.on("data", (bytes: Buffer) => (read += bytes.toString()));
    }).end();
    onTestFinished(() => void asked.destroy());
    await expect.poll(() => read).toContain("job.paused");
    await audit.record(ADMINISTRATOR, [
      { chain, action: "job.resumed", subject: { kind: "job", id: null, name: "deploy" } },
    ]);
    await expect.poll(() => read).toContain("job.resumed");
    expect(read).not.toContain("secret.changed");
  });

  it("shows the server's own chain only to who may see the server", async () => {
    expect((await get("/v1/audit?chain=server")).body.items).toMatchObject([{ action: "backup.made", seq: 1 }]);
    rights = { ...NO_RIGHTS, everywhere: (permission) => permission === "audit.read" };
    for (const path of ["/v1/audit", "/v1/audit/head", "/v1/audit/export"]) {
      expect((await get(`${path}?chain=server`)).body).toMatchObject({ status: 403, code: "forbidden" });
    }
    expect((await get("/v1/audit/verify", "POST", { chain: "server" })).status).toBe(403);
  });
});

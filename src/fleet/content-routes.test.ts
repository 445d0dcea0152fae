import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { accountWith } from "../access/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createHttpServer, type App } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { allowInbound } from "./content-inbound.ts";
import { contentRoutes } from "./content-routes.ts";
import { createContentStore, type ContentStore } from "./content.ts";
import type { Fleet } from "./fleet.ts";
import type { ExecutorRecord } from "./model.ts";
import { FLEET_MIGRATIONS, TENANT } from "./testing.ts";

const text = "brought by eve";
const sha256 = createHash("sha256").update(text).digest("hex");
const whole = `size=${text.length}`;

let app: App;
let content: ContentStore;
/** Brings files as the node of a task that eve began. */
let node: (task: string, given?: string) => Promise<{ status: number; code?: string }>;

beforeEach(async () => {
  const database = await openSqlite(FLEET_MIGRATIONS);
  content = createContentStore({ database, clock: manualClock(1000), random: systemRandom });
  const http = await createHttpServer({
    log: silentLogger(),
    version: "0",
    authenticate: ({ authorization = "" }) => ({ ...accountWith("operator"), accountId: authorization }),
    ready: async () => true,
    metrics: async () => "",
  });
  onTestFinished(() => http.close());
  ({ app } = http);
  const executor = { id: "agent", tenantId: TENANT } as ExecutorRecord;
  contentRoutes(http, { content } as Fleet, { database, proven: async () => executor });
  const grant = { taskId: "task", executorId: "agent", room: 20, now: 0, holder: "Bearer eve" };
  await database.transaction((tx) => allowInbound(tx, grant));
  node = async (task, given = text) => {
    const name = createHash("sha256").update(given).digest("hex");
    const url = `/v1/link/content/${name}?size=${given.length}&task=${task}`;
    const answer = await app.inject({ method: "PUT", url, payload: Buffer.from(given), headers: BYTES });
    return { status: answer.statusCode, code: answer.json<{ code?: string }>().code! };
  };
});

const BYTES = { "content-type": "application/octet-stream" };

async function as(who: string, method: "GET" | "PUT" | "POST", url: string, payload?: object | Buffer) {
  const headers = { authorization: `Bearer ${who}`, ...(payload instanceof Buffer ? BYTES : {}) };
  return app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
}

describe("content", () => {
  it("is of who brought it: for others of the tenant who know its hash it does not exist until they bring it, too", async () => {
    await as("eve", "PUT", `/v1/content/${sha256}?${whole}`, Buffer.from(text));
    expect((await as("eve", "GET", `/v1/content/${sha256}`)).body).toBe(text);
    expect((await as("paul", "GET", `/v1/content/${sha256}`)).json()).toMatchObject({ code: "content_unknown" });
    const check = (who: string) => as(who, "POST", "/v1/content-checks", { sha256: [sha256] });
    expect((await check("eve")).json()).toEqual({ known: [{ sha256, size: text.length }] });
    expect((await check("paul")).json()).toEqual({ known: [] });
    await as("paul", "PUT", `/v1/content/${sha256}?${whole}`, Buffer.from(text));
    expect((await as("paul", "GET", `/v1/content/${sha256}`)).body).toBe(text);
  });

  it("is not got by ending what somebody else began to send", async () => {
    const large = Buffer.alloc(300_000, "x");
    const name = createHash("sha256").update(large).digest("hex");
    const broken = await as("eve", "PUT", `/v1/content/${name}?size=300000`, large.subarray(0, 270_000));
    expect(broken.statusCode).toBe(500);
    const ended = await as("paul", "PUT", `/v1/content/${name}?size=300000&from=262144`, large.subarray(262_144));
    expect(ended.json()).toMatchObject({ code: "content_upload_elsewhere", details: { received: 0 } });
    await as("eve", "PUT", `/v1/content/${name}?size=300000&from=262144`, large.subarray(262_144));
    expect((await as("eve", "GET", `/v1/content/${name}`)).rawPayload.equals(large)).toBe(true);
  });

  it("that a node brings is of who asked for it, and takes no room in a second attempt", async () => {
    expect(await node("another")).toMatchObject({ status: 404, code: "content_unknown" });
    expect((await node("task")).status).toBe(200);
    expect((await as("eve", "GET", `/v1/content/${sha256}`)).body).toBe(text);
    expect((await as("paul", "GET", `/v1/content/${sha256}`)).statusCode).toBe(404);
    expect((await node("task")).status).toBe(200);
    expect(await node("task", "another file")).toMatchObject({ status: 413, code: "content_too_large" });
    expect((await node("task", "small")).status).toBe(200);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Principal } from "../access/index.ts";
import { admitTo, testDoor } from "../access/testing.ts";
import { systemClock } from "../kernel/clock.ts";
import { createHttpServer, type HttpServer } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createImportReader } from "./import-reader.ts";
import { importRoutes } from "./import-routes.ts";
import { openImportBench, type ImportBench } from "./testing/imports.ts";

let bench: ImportBench;
let http: HttpServer;

beforeEach(async () => {
  bench = await openImportBench(":memory:", createImportReader(systemClock));
  http = await createHttpServer<Principal>({
    log: silentLogger(),
    version: "0",
    authenticate: admitTo(testDoor("right")),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  importRoutes(http, bench.service);
});

afterEach(async () => {
  await http.close();
  await bench.close();
});

const TABLE = { name: "t", files: [{ path: "t.csv", text: "name,role\nweb1,web\n" }] };

async function post(
  payload: object | string,
  {
    query = "",
    token = "right",
    type = "application/json",
    length,
  }: { query?: string; token?: string; type?: string; length?: number } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await http.app.inject({
    method: "POST",
    url: `/v1/imports${query}`,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": type,
      ...(length === undefined ? {} : { "content-length": String(length) }),
    },
    payload,
  });
  return { status: answer.statusCode, body: answer.json() };
}

describe("POST /v1/imports", () => {
  it("shows a plan with ?plan=true, and applies the plan that was shown", async () => {
    const plan = await post(TABLE, { query: "?plan=true" });
    expect(plan).toMatchObject({ status: 200, body: { name: "t", empty: false, counts: { create: 2 } } });
    expect((await bench.snapshot()).structures.size).toBe(0);
    const applied = await post({ ...TABLE, fingerprint: plan.body["fingerprint"] });
    expect(applied).toMatchObject({ status: 200, body: { fingerprint: plan.body["fingerprint"] } });
    expect((await bench.snapshot()).structures.get("web1")).toMatchObject({ role: "web", managedBy: "import:t" });
    expect(await post({ ...TABLE, fingerprint: "other" })).toMatchObject({
      status: 409,
      body: { code: "import_outdated" },
    });
  });

  it("asks for a credential", async () => {
    expect(await post(TABLE, { token: "wrong" })).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  });

  it("tells what is wrong with a request, and what with a source", async () => {
    expect(await post({ name: "t" })).toMatchObject({ status: 422, body: { code: "import_invalid" } });
    expect(await post("{", {})).toMatchObject({ status: 422, body: { code: "import_invalid" } });
    expect(await post(TABLE, { query: "?plan=maybe" })).toMatchObject({
      status: 400,
      body: { code: "request_invalid" },
    });
    expect(await post("name\nweb1\n", { type: "text/csv" })).toMatchObject({ status: 400 });
    const wrong = await post({ name: "t", files: [{ path: "t.csv", text: "name\nweb1\nweb1\n" }] });
    expect(wrong).toMatchObject({
      status: 422,
      body: { problems: [{ code: "import_duplicate", where: { file: "t.csv", line: 3, column: 1 } }] },
    });
  });

  it("refuses a body that is too large by its announced length, with the limit", async () => {
    const refused = await post(TABLE, { length: 500 * 1024 * 1024 });
    expect(refused).toMatchObject({
      status: 413,
      body: { code: "import_too_large", detail: "the request has 524288000 bytes, and at most 419430400 are read" },
    });
  });
});

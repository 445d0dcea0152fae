import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { errorKind, GantryError } from "../../kernel/errors.ts";
import { createMetrics, type Metrics } from "../metrics/index.ts";
import { createHttpServer, sendLines, type HttpServer } from "./index.ts";

const OUT_OF_ORDER = errorKind("test_out_of_order", { status: 503, summary: "Broken.", remedy: "Wait." });

const thing = z.strictObject({ count: z.int().optional(), color: z.string().optional() });
const body = z.strictObject({
  things: z.array(thing).optional(),
  byName: z.record(z.string(), thing).default({}),
  either: z
    .discriminatedUnion("kind", [z.strictObject({ kind: z.literal("a"), weight: z.int().optional() })])
    .nullable()
    .optional(),
});

let metrics: Metrics;
let logged: Record<string, unknown>[];
let server: HttpServer;

beforeEach(async () => {
  metrics = createMetrics();
  logged = [];
  server = await createHttpServer({
    log: pino({ level: "debug" }, { write: (line: string) => void logged.push(JSON.parse(line)) }),
    version: "1",
    authenticate: () => ({}),
    ready: async () => true,
    metrics,
  });
  onTestFinished(() => server.close());
  server.app.get("/v1/things/:name", { config: { permission: "self" } }, async () => ({ ok: true }));
  server.app.post("/v1/things", { config: { permission: "self" }, schema: { body } }, async () => ({ ok: true }));
  server.app.post("/v1/large", { config: { permission: "self" }, schema: { body }, bodyLimit: 2 ** 22 }, async () => ({
    ok: true,
  }));
  server.app.get("/v1/broken", { config: { permission: "self" } }, async () => {
    throw new GantryError(OUT_OF_ORDER, "not now");
  });
  server.app.get("/v1/endless", { config: { permission: "self" } }, async (_request, reply) =>
    sendLines(reply, server.closing, async function* endless(signal) {
      yield { n: 1 };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    }),
  );
});

describe("a request", () => {
  it("is logged and counted by its route, not by its path", async () => {
    await server.app.inject({ url: "/v1/things/one?x=1" });
    await server.app.inject({ url: "/v1/things/two" });
    await server.app.inject({ url: "/v1/nowhere/three" });
    await expect.poll(() => logged).toHaveLength(3);
    expect(logged[0]).toMatchObject({ level: 20, method: "GET", route: "/v1/things/:name", status: 200 });
    expect(logged[0]!["milliseconds"]).toBeTypeOf("number");
    expect(logged[2]).toMatchObject({ level: 20, route: "none", status: 404 });
    const text = await metrics.text();
    expect(text).toContain('gantry_http_requests_total{method="GET",route="/v1/things/:name",status="200"} 2');
    expect(text).toContain('gantry_http_requests_total{method="GET",route="none",status="404"} 1');
    expect(text).toContain('gantry_http_request_seconds_count{method="GET",route="/v1/things/:name"} 2');
  });

  it("that fails at the server is a warning", async () => {
    await server.app.inject({ url: "/v1/broken" });
    await expect.poll(() => logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({ level: 40, route: "/v1/broken", status: 503 });
  });

  it("whose reader leaves in the middle is noted too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gantry-requests-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const socketPath = join(folder, "s");
    await server.listenOnSocket(socketPath);
    const outgoing = httpRequest({ socketPath, path: "/v1/endless" }, (answer) => {
      answer.on("error", () => {});
      answer.once("data", () => outgoing.destroy());
    });
    outgoing.on("error", () => {});
    outgoing.end();
    await expect.poll(() => logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({ route: "/v1/endless", status: 200 });
  });
});

describe("an answer", () => {
  it("is not guessed at, and under /v1 not kept", async () => {
    for (const url of ["/v1/things/one", "/v1/nowhere", "/v1/broken", "/v1/%zz"]) {
      const { headers } = await server.app.inject({ url });
      expect([url, headers["x-content-type-options"], headers["cache-control"]]).toEqual([url, "nosniff", "no-store"]);
    }
    const { headers } = await server.app.inject({ url: "/healthz" });
    expect([headers["x-content-type-options"], headers["cache-control"]]).toEqual(["nosniff", undefined]);
  });

  it("to a path that cannot be read is a problem like any other", async () => {
    const answer = await server.app.inject({ url: "/v1/%zz" });
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.json()).toMatchObject({ status: 400, code: "request_invalid" });
  });
});

describe("an unknown key", () => {
  it.each([
    [{ thngs: [] }, "body: there is no 'thngs' here; did you mean 'things'?"],
    [{ things: [{}, { colour: "red" }] }, "body.things.1: there is no 'colour' here; did you mean 'color'?"],
    [{ byName: { a: { cuont: 1 } } }, "body.byName.a: there is no 'cuont' here; did you mean 'count'?"],
    [{ either: { kind: "a", wieght: 1 } }, "body.either: there is no 'wieght' here; did you mean 'weight'?"],
    [{ zzzzzzzz: 1, yyyyyyyy: 2 }, "body: there is no 'zzzzzzzz' here, there is no 'yyyyyyyy' here"],
  ])("in %j is told with the nearest there is", async (payload, message) => {
    const answer = await server.app.inject({ method: "POST", url: "/v1/things", payload });
    expect(answer.json()).toMatchObject({ status: 400, code: "request_invalid", problems: [{ message }] });
  });

  it("among a hundred thousand others in a list is told for the first twenty, by their places", async () => {
    const good = Array.from({ length: 50_000 }, () => ({ color: "red" }));
    const bad = Array.from({ length: 50_000 }, () => ({ colour: "red" }));
    const payload = { things: [...good.slice(0, 12_000), ...bad] };
    expect(JSON.stringify(payload).length).toBeLessThan(2 ** 21);
    const answer = await server.app.inject({ method: "POST", url: "/v1/large", payload });
    expect(answer.statusCode).toBe(400);
    const { problems } = answer.json<{ problems: { message: string }[] }>();
    expect(problems).toHaveLength(20);
    expect(problems[0]!.message).toContain("body.things.12000: ");
    expect(problems[19]!.message).toContain("body.things.12019: ");
    const right = await server.app.inject({ method: "POST", url: "/v1/large", payload: { things: good } });
    expect(right.json()).toEqual({ ok: true });
  });

  it("does not make the answer as long as the request", async () => {
    const payload = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${index}`.repeat(200), 1]));
    const answer = await server.app.inject({ method: "POST", url: "/v1/things", payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.body.length).toBeLessThan(2000);
  });
});

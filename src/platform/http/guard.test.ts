import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { manualClock, systemClock } from "../../kernel/clock.ts";
import { errorKind, GantryError } from "../../kernel/errors.ts";
import { silentLogger } from "../logging/index.ts";
import { createHttpServer, ensureCertificates, type HttpServer } from "./index.ts";

const NOT_LET_IN = errorKind("test_not_let_in_guard", { status: 401, summary: "No.", remedy: "Bring a token." });

let folder: string;
let server: HttpServer;
let port: number;
const clock = manualClock(1_000_000);
const config = { permission: "test" };
const SLOW = { path: "/v1/slow", method: "POST" };
let slow: { begun(): void; left(): void };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-guard-"));
  server = await createHttpServer({
    log: silentLogger(),
    version: "1",
    clock,
    limits: { perAddress: 2, perCredential: 1, refusals: 3 },
    authenticate({ authorization, throughSocket }) {
      if (throughSocket || authorization?.startsWith("Bearer good") === true) return { name: "good" };
      throw new GantryError(NOT_LET_IN, "who are you?");
    },
    ready: async () => true,
    metrics: async () => "",
  });
  server.app.get("/v1/things", { config }, async () => ({}));
  server.app.get("/v1/free", { config: { open: true } }, async () => ({}));
  server.app.post("/v1/login", { config: { open: true, door: true } }, async (request) => {
    if (request.headers["x-password"] !== "right") throw new GantryError(NOT_LET_IN, "wrong");
    return {};
  });
  server.app.post("/v1/slow", { config: { open: true, door: true } }, async (request) => {
    request.raw.socket.once("close", slow.left);
    slow.begun();
    await new Promise((resolve) => request.raw.socket.once("close", resolve));
    return {};
  });
  const certificates = await ensureCertificates(join(folder, "tls"), ["127.0.0.1"], systemClock);
  port = (await server.listen({ host: "127.0.0.1", port: 0 }, certificates)).port!;
  await server.listenOnSocket(join(folder, "s"));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
// Everybody's bucket is full again.
beforeEach(() => clock.advance(3_600_000));

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = "GET", more: object = {}): Promise<Answer> {
  const options = { path, method, headers, agent: false as const, ...more };
  return new Promise((resolve, reject) => {
    const outgoing = (
      "socketPath" in more
        ? httpRequest(options)
        : tlsRequest({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options })
    ).on("response", (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => resolve({ status: answer.statusCode!, headers: answer.headers, text }));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function statuses(count: number, one: (index: number) => Promise<Answer>): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < count; index += 1) all.push((await one(index)).status);
  return all;
}

const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status);

describe("limits", () => {
  it("hold for an address, whatever it says where it comes from, and say when to come again", async () => {
    const others = (index: number) => ({ "x-forwarded-for": `10.0.0.${index}`, "x-real-ip": `10.0.1.${index}` });
    expect(await statuses(20, (index) => ask("/v1/free", others(index)))).toEqual(times(20, 200));
    const refused = await ask("/v1/free", others(99));
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({
      "retry-after": "1",
      "content-type": expect.stringContaining("application/problem+json"),
    });
    expect(JSON.parse(refused.text)).toMatchObject({ code: "rate_limited", details: { retryAfter: 1 } });
    clock.advance(1000);
    expect((await ask("/v1/free")).status).toBe(200);
  });

  it("come before the credential is looked at", async () => {
    expect(await statuses(21, () => ask("/v1/things", { authorization: "Bearer bad" }))).toEqual([
      ...times(20, 401),
      429,
    ]);
  });

  it("hold for a credential, and another one has its own", async () => {
    const good = (name: string) => ({ authorization: `Bearer good ${name}` });
    expect(await statuses(11, () => ask("/v1/things", good("a")))).toEqual([...times(10, 200), 429]);
    expect((await ask("/v1/things", good("b"))).status).toBe(200);
  });

  it("are stricter for refusals at a door: wrong attempts close it, right ones do not", async () => {
    const limit = 3;
    expect(await statuses(10, () => ask("/v1/login", { "x-password": "right" }, "POST"))).toEqual(times(10, 200));
    clock.advance(3_600_000);
    expect(await statuses(limit + 1, () => ask("/v1/login", {}, "POST"))).toEqual([...times(limit, 401), 429]);
    const late = await ask("/v1/login", { "x-password": "right" }, "POST");
    expect([late.status, late.headers["retry-after"]]).toEqual([429, "20"]);
    expect((await ask("/v1/things", { authorization: "Bearer good" })).status).toBe(200);
    clock.advance(20_000);
    expect((await ask("/v1/login", { "x-password": "right" }, "POST")).status).toBe(200);
  });

  it("count who leaves before the answer among the refused", async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const outgoing = tlsRequest({ host: "127.0.0.1", port, rejectUnauthorized: false, agent: false, ...SLOW });
      outgoing.on("error", () => {});
      const [begun, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      slow = { begun: begun.resolve, left: left.resolve };
      outgoing.end();
      await begun.promise;
      outgoing.destroy();
      await left.promise;
    }
    expect((await ask("/v1/login", { "x-password": "right" }, "POST")).status).toBe(429);
  });

  it("do not hold for the owner, who comes through the socket", async () => {
    const through = { socketPath: join(folder, "s") };
    expect(await statuses(50, () => ask("/v1/things", {}, "GET", through))).toEqual(times(50, 200));
    expect(await statuses(10, () => ask("/v1/login", {}, "POST", through))).toEqual(times(10, 401));
  });

  it("hold for connections that become another protocol, which count more", async () => {
    server.onUpgrade(
      "/v1/up",
      (_request, socket) => void socket.end("HTTP/1.1 418 Teapot\r\nconnection: close\r\n\r\n"),
    );
    const up = () => ask("/v1/up", { connection: "upgrade", upgrade: "websocket" });
    expect(await statuses(5, up)).toEqual([...times(4, 418), 429]);
  });
});

describe("an answer to a browser", () => {
  it("loads nothing, stands in no frame, is kept by nobody, and is asked for by TLS alone", async () => {
    for (const answer of [await ask("/v1/free"), await ask("/v1/things"), await ask("/v1/nowhere")]) {
      expect(answer.headers).toMatchObject({
        "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": expect.stringContaining("camera=()"),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "strict-transport-security": "max-age=31536000",
        "cache-control": "no-store",
      });
      expect(Object.keys(answer.headers)).not.toContain("server");
      expect(Object.keys(answer.headers)).not.toContain("x-powered-by");
    }
    const local = await ask("/v1/free", { host: `localhost:${port}` });
    expect(Object.keys(local.headers)).not.toContain("strict-transport-security");
  });

  it("on another site's page is never readable: no request for that is granted", async () => {
    const origin = { origin: "https://evil.example" };
    const preflight = {
      ...origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    };
    const answers = [
      await ask("/v1/things", preflight, "OPTIONS"),
      await ask("/v1/free", preflight, "OPTIONS"),
      await ask("/v1/free", origin),
      await ask("/v1/things", { ...origin, authorization: "Bearer good" }),
    ];
    for (const { headers } of answers)
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 200, 200]);
  });
});

import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as tlsRequest } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { errorKind, GantryError } from "../../kernel/errors.ts";
import { manualClock, systemClock } from "../../kernel/clock.ts";
import { createMetrics } from "../metrics/index.ts";
import { createHttpServer, ensureCertificates, sendLines, SERVER_NAME, type HttpServer } from "./index.ts";
import { socketPath } from "../socket-path/index.ts";

const NOT_LET_IN = errorKind("test_not_let_in", { status: 401, summary: "No.", remedy: "Bring a token." });
const TEAPOT = errorKind("test_teapot", { status: 418, summary: "Short and stout.", remedy: "Ask for tea." });

let folder: string;
let server: HttpServer;
let logged: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-http-"));
  logged = [];
  server = await createHttpServer({
    log: pino({}, { write: (line: string) => void logged.push(line) }),
    version: "1.2.3",
    authenticate({ authorization, throughSocket }) {
      if (throughSocket) return { name: "owner" };
      if (authorization === "Bearer good") return { name: "token" };
      throw new GantryError(NOT_LET_IN, "who are you?");
    },
    ready: async () => true,
    metrics: createMetrics(),
  });
  server.app.get("/v1/who", { config: { permission: "self" } }, async (request) => request.principal);
  server.app.post(
    "/v1/echo",
    { config: { permission: "self" }, schema: { body: z.strictObject({ count: z.int() }) } },
    async (request) => ({
      got: request.body.count,
    }),
  );
  server.app.get("/v1/fail", { config: { permission: "self" } }, async () => {
    throw new Error("the secret inside");
  });
  server.app.get("/v1/tea", { config: { permission: "self" } }, async () => {
    throw new GantryError(TEAPOT, "no coffee", { where: { file: "pot.yaml", line: 3, column: 1 } });
  });
  server.app.get("/v1/lines", { config: { permission: "self" } }, async (_request, reply) =>
    sendLines(reply, server.closing, async function* lines() {
      yield { n: 1 };
      yield { n: 2 };
      throw new GantryError(TEAPOT, "boiled dry");
    }),
  );
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

function ask(options: Record<string, unknown>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const open = "socketPath" in options ? httpRequest : tlsRequest;
    const outgoing = open({ ...options, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () =>
        resolve({ status: answer.statusCode!, headers: answer.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

describe("over the Unix socket", () => {
  const path = (): string => join(folder, "gantry.sock");
  beforeEach(() => server.listenOnSocket(path()));

  it("knows its owner", async () => {
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    const answer = await ask({ socketPath: path(), path: "/v1/who" });
    expect(JSON.parse(answer.text)).toEqual({ name: "owner" });
    expect(answer.headers["x-request-id"]).toBeTruthy();
  });

  it("says what is wrong with a request, and where", async () => {
    const headers = { "content-type": "application/json" };
    const wrong = await ask({ socketPath: path(), path: "/v1/echo", method: "POST", headers }, '{"count":"x"}');
    expect(wrong.status).toBe(400);
    expect(wrong.headers["content-type"]).toContain("application/problem+json");
    expect(JSON.parse(wrong.text)).toMatchObject({
      code: "request_invalid",
      problems: [{ message: expect.stringContaining("count") }],
    });
    const broken = await ask({ socketPath: path(), path: "/v1/echo", method: "POST", headers }, "{");
    expect(JSON.parse(broken.text)).toMatchObject({ status: 400, code: "request_invalid" });
    const large = await ask(
      { socketPath: path(), path: "/v1/echo", method: "POST", headers },
      `{"count":1,"x":"${"y".repeat(2 ** 21)}"}`,
    );
    expect(JSON.parse(large.text)).toMatchObject({ status: 413, code: "request_too_large" });
    const unknown = await ask({ socketPath: path(), path: "/v1/nothing?x=1" });
    expect(JSON.parse(unknown.text)).toMatchObject({
      status: 404,
      code: "endpoint_unknown",
      detail: "there is no endpoint GET /v1/nothing",
    });
  });

  it("tells coded errors whole, and of others nothing", async () => {
    const tea = await ask({ socketPath: path(), path: "/v1/tea" });
    expect(JSON.parse(tea.text)).toMatchObject({
      status: 418,
      code: "test_teapot",
      where: { file: "pot.yaml", line: 3 },
      hint: "Ask for tea.",
    });
    const fail = await ask({ socketPath: path(), path: "/v1/fail" });
    expect(fail.status).toBe(500);
    expect(fail.text).not.toContain("secret");
    expect(logged.join()).toContain("the secret inside");
  });

  it("streams lines, and ends with the problem that broke them", async () => {
    const answer = await ask({ socketPath: path(), path: "/v1/lines" });
    const lines = answer.text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([{ n: 1 }, { n: 2 }, { problem: expect.objectContaining({ code: "test_teapot" }) }]);
  });

  it("takes over the socket of a dead server, and leaves a live one alone", async () => {
    await expect(server.listenOnSocket(path())).rejects.toMatchObject({ code: "address_in_use" });
    const dead = join(folder, "dead.sock");
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(dead, resolve));
    // A killed server leaves the file behind; closing removes it, so a hard link keeps one.
    const { linkSync } = await import("node:fs");
    linkSync(dead, join(folder, "left.sock"));
    await new Promise<void>((resolve) => other.close(() => resolve()));
    await server.listenOnSocket(join(folder, "left.sock"));
    expect((await ask({ socketPath: join(folder, "left.sock"), path: "/healthz" })).status).toBe(200);
  });
});

describe("over TLS", () => {
  it("lets in nobody without a credential, but to its health", async () => {
    const certificates = await ensureCertificates(join(folder, "tls"), ["127.0.0.1"], systemClock);
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 }, certificates);
    const at = { host: "127.0.0.1", port, ca: certificates.authority };
    expect((await ask({ ...at, path: "/healthz" })).status).toBe(200);
    expect((await ask({ ...at, path: "/readyz" })).status).toBe(200);
    for (const path of ["/v1/who", "/metrics", "/v1/nothing", "/v1/lines"]) {
      const answer = await ask({ ...at, path });
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers["www-authenticate"]).toContain("Bearer");
    }
    const headers = { authorization: "Bearer good" };
    expect(JSON.parse((await ask({ ...at, path: "/v1/who", headers })).text)).toEqual({ name: "token" });
    expect((await ask({ ...at, path: "/metrics", headers })).text).toContain("gantry_http_requests_total{");
    const openRoutes = (await server.routes()).filter((one) => one.open).map((one) => one.route);
    expect(openRoutes).toEqual(["GET /healthz", "GET /readyz"]);
  });

  it("says which address is in use", async () => {
    const certificates = await ensureCertificates(join(folder, "tls"), [], systemClock);
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 }, certificates);
    const again = server.listen({ host: "127.0.0.1", port: port! }, certificates);
    await expect(again).rejects.toMatchObject({
      code: "address_in_use",
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    await expect(server.listen({ host: "192.0.2.1", port: 0 }, certificates)).rejects.toMatchObject({
      code: "listen_address_not_usable",
    });
  });

  it("hands an upgrade to its path, on every listener, and ends it at closing", async () => {
    const sockets = new WebSocketServer({ noServer: true });
    sockets.on("connection", (socket) => socket.send("hello"));
    server.onUpgrade("/v1/link", (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (one) => sockets.emit("connection", one)),
    );
    const certificates = await ensureCertificates(join(folder, "tls"), [], systemClock);
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 }, certificates);
    const trust = { ca: certificates.authority, servername: SERVER_NAME };
    const client = new WebSocket(`wss://127.0.0.1:${port}/v1/link`, trust);
    const closed = new Promise((resolve) => client.once("close", resolve));
    expect(String(await new Promise((resolve) => client.once("message", resolve)))).toBe("hello");
    const other = new WebSocket(`wss://127.0.0.1:${port}/elsewhere`, trust);
    expect(String(await new Promise((resolve) => other.once("error", resolve)))).toContain("404");
    await server.close();
    await closed;
  });
});

describe("the OpenAPI document", () => {
  it("is made from the routes", async () => {
    expect(await server.openApi()).toMatchObject({
      openapi: "3.1.0",
      paths: { "/v1/echo": { post: {} }, "/healthz": { get: {} } },
    });
  });

  it("refers to nothing that is not in it", async () => {
    server.app.post(
      "/v1/any",
      { config: { permission: "self" }, schema: { body: z.object({ any: z.json() }) } },
      async () => null,
    );
    const text = JSON.stringify(await server.openApi());
    for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(text).toContain(`"${name}":{`);
    expect(text).toContain('"any":{}');
  });
});

describe("certificates", () => {
  it("are made once, and the server's anew for a new name or near its end", async () => {
    const clock = manualClock(Date.now());
    const tls = join(folder, "tls");
    const first = await ensureCertificates(tls, ["10.0.0.1"], clock);
    expect(statSync(join(tls, "ca-key.pem")).mode & 0o777).toBe(0o600);
    expect(await ensureCertificates(tls, ["10.0.0.1"], clock)).toEqual(first);
    const second = await ensureCertificates(tls, ["10.0.0.1", "lab.example"], clock);
    expect(second.pin).toBe(first.pin);
    expect(second.chain).not.toBe(first.chain);
    clock.advance(340 * 24 * 3600 * 1000);
    const third = await ensureCertificates(tls, ["10.0.0.1", "lab.example"], clock);
    expect(third.chain).not.toBe(second.chain);
    expect(readFileSync(join(tls, "server.pem"), "utf8")).toBe(third.chain);
  });

  it("that do not fit are a coded error", async () => {
    const { readCertificates } = await import("./index.ts");
    const one = join(folder, "one");
    await ensureCertificates(one, [], systemClock);
    const wrong = readCertificates(join(one, "server.pem"), join(one, "ca-key.pem"));
    await expect(wrong).rejects.toMatchObject({ code: "certificate_invalid" });
    await expect(readCertificates(join(one, "none.pem"), join(one, "ca-key.pem"))).rejects.toMatchObject({
      code: "certificate_invalid",
    });
  });
});

describe("the socket's path", () => {
  it("is in the data folder unless it would be too long", () => {
    expect(socketPath("/data/x", {})).toBe("/data/x/gantry.sock");
    const deep = `/data/${"x".repeat(120)}`;
    expect(socketPath(deep, { XDG_RUNTIME_DIR: "/run/user/7" })).toMatch(
      /^\/run\/user\/7\/gantry\/[0-9a-f]{16}\.sock$/,
    );
    expect(Buffer.byteLength(socketPath(deep, { XDG_RUNTIME_DIR: `/${"y".repeat(200)}` }))).toBeLessThanOrEqual(107);
    expect(socketPath(deep, {})).toBe(socketPath(deep, {}));
  });
});

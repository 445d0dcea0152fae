import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../kernel/clock.ts";
import { errorKind, GantryError } from "../../kernel/errors.ts";
import { silentLogger } from "../logging/index.ts";
import { createHttpServer, ensureCertificates, type HttpServer } from "./index.ts";

// Bytes as somebody writes them who wants to be understood in two ways, over real connections.

const NOT_LET_IN = errorKind("test_not_let_in_raw", { status: 401, summary: "No.", remedy: "Bring a token." });

let folder: string;
let server: HttpServer;
let port: number;
let reached: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-smuggling-"));
  server = await createHttpServer({
    log: silentLogger(),
    version: "1",
    authenticate({ authorization }) {
      if (authorization === "Bearer good") return { name: "good" };
      throw new GantryError(NOT_LET_IN, "who are you?");
    },
    ready: async () => true,
    metrics: async () => "",
    patience: { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 },
  });
  const config = { permission: "test" };
  server.app.get("/v1/things/:name", { config }, async (request) => {
    reached.push(`GET ${(request.params as { name: string }).name}`);
    return { ip: request.ip, host: request.host, protocol: request.protocol };
  });
  server.app.delete("/v1/things/:name", { config }, async () => void reached.push("DELETE"));
  server.app.post("/v1/things", { config, schema: { body: z.looseObject({}) } }, async (request) => {
    reached.push(`POST ${JSON.stringify(request.body)}`);
    return {};
  });
  const certificates = await ensureCertificates(join(folder, "tls"), ["127.0.0.1"], systemClock);
  port = (await server.listen({ host: "127.0.0.1", port: 0 }, certificates)).port!;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  reached = [];
});

function open(): Socket {
  return connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
}

/** Everything the server says to these bytes until it, or silence after `Connection: close`, ends the connection. */
function say(bytes: string, socket: Socket = open()): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    socket.write(Buffer.from(bytes, "latin1"));
  });
}

function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)]
    .map(([, status]) => Number(status))
    .filter((status) => status !== 100);
}

const GOOD = "host: gantry\r\nauthorization: Bearer good\r\n";
const LAST = "connection: close\r\n\r\n";
const JSON_TYPE = "content-type: application/json\r\n";
const HIDDEN = `DELETE /v1/things/hidden HTTP/1.1\r\n${GOOD}${LAST}`;

describe("a request that could be read in two ways", () => {
  it.each([
    ["a length beside chunks", `content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["chunks beside a length", `transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n`],
    ["two lengths", `content-length: 2\r\ncontent-length: 4\r\n\r\n{}`],
    ["the same length twice", `content-length: 2\r\ncontent-length: 2\r\n\r\n{}`],
    ["a list of lengths", `content-length: 2, 4\r\n\r\n{}`],
    ["a length with a sign", `content-length: +2\r\n\r\n{}`],
    ["a negative length", `content-length: -2\r\n\r\n{}`],
    ["a length in hexadecimal", `content-length: 0x2\r\n\r\n{}`],
    ["a length beyond numbers", `content-length: 99999999999999999999999\r\n\r\n{}`],
    ["chunks within another encoding", `transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    ["chunks, named twice", `transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    ["chunks, misspelt", `transfer-encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    [
      "chunks, hidden behind a tab",
      `transfer-encoding:\tchunked\r\nx: y\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n`,
    ],
    ["a chunk without a size", `transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`],
    ["a chunk's size with a space", `transfer-encoding: chunked\r\n\r\n2 x\r\n{}\r\n0\r\n\r\n`],
    ["a chunk that ends elsewhere", `transfer-encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n`],
    ["a folded line", `content-length:\r\n 2\r\n\r\n{}`],
    ["a folded value", `x-some: a\r\n b\r\ncontent-length: 2\r\n\r\n{}`],
    ["a space before the colon", `content-length : 2\r\n\r\n{}`],
    ["a header without a name", `: 2\r\ncontent-length: 2\r\n\r\n{}`],
    ["a bare carriage return", `x-some: a\rcontent-length: 4\r\ncontent-length: 2\r\n\r\n{}`],
    ["a bare line feed in a value", `x-some: a\ncontent-length: 4\r\ncontent-length: 2\r\n\r\n{}`],
    ["a null byte in a value", `x-some: a\0b\r\ncontent-length: 2\r\n\r\n{}`],
    ["two credentials", `authorization: Bearer bad\r\ncontent-length: 2\r\n\r\n{}`],
    ["two hosts", `host: other\r\ncontent-length: 2\r\n\r\n{}`],
    ["two tenants", `gantry-tenant: a\r\ngantry-tenant: b\r\ncontent-length: 2\r\n\r\n{}`],
    ["two types", `content-type: text/plain\r\ncontent-length: 2\r\n\r\n{}`],
  ])("is refused: %s", async (_name, rest) => {
    const answer = await say(`POST /v1/things HTTP/1.1\r\n${GOOD}${JSON_TYPE}connection: close\r\n${rest}${HIDDEN}`);
    expect(statuses(answer)).toEqual([400]);
    expect(answer).toContain("application/problem+json");
    expect(reached).toEqual([]);
  });

  it.each([
    ["no host", `GET /v1/things/a HTTP/1.1\r\nauthorization: Bearer good\r\n${LAST}`],
    ["a whole address as its target", `GET http://other/v1/things/a HTTP/1.1\r\n${GOOD}${LAST}`],
    ["a space in its path", `GET /v1/things/a b HTTP/1.1\r\n${GOOD}${LAST}`],
    ["an older protocol's form", `GET /v1/things/a\r\n\r\n`],
    ["a protocol that is none", `GET /v1/things/a HTTP/9.9\r\n${GOOD}${LAST}`],
    ["dots in its path", `GET /v1/other/../things/a HTTP/1.1\r\n${GOOD}${LAST}`],
    ["encoded dots", `GET /v1/other/%2e%2E/things/a HTTP/1.1\r\n${GOOD}${LAST}`],
    ["one dot", `GET /v1/./things/a HTTP/1.1\r\n${GOOD}${LAST}`],
    ["a null byte in its path", `GET /v1/things/a%00b HTTP/1.1\r\n${GOOD}${LAST}`],
    ["a null byte in its query", `GET /v1/things/a?x=%00 HTTP/1.1\r\n${GOOD}${LAST}`],
    ["a backslash", `GET /v1\\things\\a HTTP/1.1\r\n${GOOD}${LAST}`],
    ["an encoded backslash", `GET /v1/things/a%5c..%5cb HTTP/1.1\r\n${GOOD}${LAST}`],
    ["a fragment", `GET /v1/things/a#b HTTP/1.1\r\n${GOOD}${LAST}`],
    ["what is no UTF-8", `GET /v1/things/%ff%fe HTTP/1.1\r\n${GOOD}${LAST}`],
    ["a percent sign alone", `GET /v1/things/%zz HTTP/1.1\r\n${GOOD}${LAST}`],
  ])("is refused: %s", async (_name, bytes) => {
    const answer = await say(`${bytes}${HIDDEN}`);
    expect(statuses(answer)).toHaveLength(1);
    expect(statuses(answer)[0]).toBeOneOf([400, 505]);
    expect(reached).toEqual([]);
  });

  it("has the path it shows: an encoded slash belongs to a name and leads to no other route", async () => {
    await say(`GET /v1/things/a%2Fb HTTP/1.1\r\n${GOOD}${LAST}`);
    expect(reached).toEqual(["GET a/b"]);
    expect(statuses(await say(`GET /v1%2Fthings/a HTTP/1.1\r\n${GOOD}${LAST}`))).toEqual([404]);
    // Decoded once only.
    await say(`GET /v1/things/%252e%252e HTTP/1.1\r\n${GOOD}${LAST}`);
    expect(reached).toEqual(["GET a/b", "GET %2e%2e"]);
    expect(statuses(await say(`GET /v1//things/a HTTP/1.1\r\n${GOOD}${LAST}`))).toEqual([404]);
  });

  it("has the method it shows", async () => {
    const more = "x-http-method-override: DELETE\r\nx-http-method: DELETE\r\nx-method-override: DELETE\r\n";
    await say(`GET /v1/things/a?_method=DELETE HTTP/1.1\r\n${GOOD}${more}${LAST}`);
    expect(reached).toEqual(["GET a"]);
  });

  it("comes from where it comes from, whatever it says of that", async () => {
    const more =
      "x-forwarded-for: 10.9.8.7\r\nforwarded: for=10.9.8.7\r\nx-real-ip: 10.9.8.7\r\nx-forwarded-host: evil\r\nx-forwarded-proto: http\r\n";
    const answer = await say(`GET /v1/things/a HTTP/1.1\r\n${GOOD}${more}${LAST}`);
    expect(answer).toContain('{"ip":"127.0.0.1","host":"gantry","protocol":"https"}');
  });
});

describe("a connection", () => {
  it("answers requests in a row, each by its own credential", async () => {
    const first = `GET /v1/things/a HTTP/1.1\r\n${GOOD}\r\n`;
    const second = `GET /v1/things/b HTTP/1.1\r\nhost: gantry\r\n\r\n`;
    expect(statuses(await say(first + second + HIDDEN))).toEqual([200, 401, 200]);
    expect(reached).toEqual(["GET a", "DELETE"]);
  });

  it("ends with what is no request, and nothing behind it is read", async () => {
    const answer = await say(`GET /v1/things/a HTTP/1.1\r\n${GOOD}\r\n\0\0\0 nonsense\r\n\r\n${HIDDEN}`);
    expect(statuses(answer).at(-1)).toBe(400);
    expect(reached).toEqual(["GET a"]);
  });

  it("does not take the body of a refused request for the next request", async () => {
    const body = HIDDEN;
    const refused = `POST /v1/things HTTP/1.1\r\nhost: gantry\r\n${JSON_TYPE}content-length: ${body.length}\r\n\r\n${body}`;
    const answer = await say(`${refused}GET /v1/things/a HTTP/1.1\r\n${GOOD}${LAST}`);
    expect(statuses(answer)).toEqual([401, 200]);
    expect(reached).toEqual(["GET a"]);
  });

  it("does not read a body that is too large to its end", async () => {
    const head = `POST /v1/things HTTP/1.1\r\n${GOOD}${JSON_TYPE}content-length: 1048577\r\n\r\n`;
    const answer = await say(head + " ".repeat(1000) + HIDDEN);
    expect(statuses(answer)).toEqual([413]);
    expect(reached).toEqual([]);
  });

  it("ends when a head is too large", async () => {
    const answer = await say(`GET /v1/things/a HTTP/1.1\r\n${GOOD}x-large: ${"a".repeat(64 * 1024)}\r\n${LAST}`);
    expect(statuses(answer)).toEqual([431]);
    expect(answer).toContain("request_head_too_large");
    const many = Array.from({ length: 5000 }, (_, index) => `x-${index}: 1\r\n`).join("");
    expect(statuses(await say(`GET /v1/things/a HTTP/1.1\r\n${GOOD}${many}${LAST}`))).toEqual([431]);
    expect(statuses(await say(`GET /v1/things/${"a".repeat(64 * 1024)} HTTP/1.1\r\n${GOOD}${LAST}`))).toEqual([431]);
    expect(reached).toEqual([]);
  });

  it.each([
    ["a head", `GET /v1/things/a HTTP/1.1\r\n${GOOD}x-slow: `],
    ["a body", `POST /v1/things HTTP/1.1\r\n${GOOD}${JSON_TYPE}content-length: 10\r\n\r\n{`],
    ["a body in chunks", `POST /v1/things HTTP/1.1\r\n${GOOD}${JSON_TYPE}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`],
  ])("ends when %s does not come whole in time", async (_name, bytes) => {
    const answer = await say(bytes);
    expect(statuses(answer)).toEqual([408]);
    expect(answer).toContain("request_too_slow");
    expect(reached).toEqual([]);
  });

  it("that speaks no TLS is told so", async () => {
    const answer = await say(`GET / HTTP/1.1\r\nhost: gantry\r\n\r\n`, connectTcp(port, "127.0.0.1"));
    expect(statuses(answer)).toEqual([400]);
    expect(answer).toContain("tls_needed");
    expect(answer).toContain("https://");
  });

  it("takes TLS 1.2 and 1.3 with ciphers that are still good, and nothing older", async () => {
    async function protocol(options: object): Promise<string | null> {
      const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
      return new Promise((resolve) => {
        socket.once("secureConnect", () => {
          resolve(socket.getProtocol());
          socket.destroy();
        });
        socket.once("error", () => resolve(null));
      });
    }
    expect(await protocol({})).toBe("TLSv1.3");
    expect(await protocol({ maxVersion: "TLSv1.2" })).toBe("TLSv1.2");
    const old = { minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" };
    expect(await protocol({ ...old, maxVersion: "TLSv1.1" })).toBeNull();
    expect(await protocol({ maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA" })).toBeNull();
    expect(await protocol({ maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" })).toBe("TLSv1.2");
  });
});

describe("a compressed body", () => {
  it.each(["gzip", "br", "deflate", "zstd", "gzip, identity"])("is refused: %s", async (encoding) => {
    const answer = await say(
      `POST /v1/things HTTP/1.1\r\n${GOOD}${JSON_TYPE}content-encoding: ${encoding}\r\ncontent-length: 2\r\n${LAST}{}`,
    );
    expect(statuses(answer)).toEqual([415]);
    expect(reached).toEqual([]);
  });
});

describe("a body of JSON", () => {
  async function post(body: string): Promise<string> {
    return say(`POST /v1/things HTTP/1.1\r\n${GOOD}${JSON_TYPE}content-length: ${body.length}\r\n${LAST}${body}`);
  }

  it("may not nest without end, nor change what objects are", async () => {
    expect(statuses(await post(`{"a":${"[".repeat(500_000)}${"]".repeat(500_000)}}`))).toEqual([400]);
    expect(statuses(await post(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`))).toEqual([400]);
    expect(statuses(await post('{"__proto__":{"x":1}}'))).toEqual([400]);
    expect(statuses(await post('{"constructor":{"prototype":{"x":1}}}'))).toEqual([400]);
    expect(reached).toEqual([]);
    expect(statuses(await post(`{"a":${"[".repeat(90)}${"]".repeat(90)}}`))).toEqual([200]);
  });
});

import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { systemClock } from "../kernel/clock.ts";
import { errorKind, GantryError } from "../kernel/errors.ts";
import {
  createHttpServer,
  ensureCertificates,
  sendEvents,
  type HttpServer,
  type ServerSentEvent,
} from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createMetrics } from "../platform/metrics/index.ts";
import { createClient, type GantryClient } from "./index.ts";

const REFUSED = errorKind("test_client_refused", { status: 409, summary: "It is refused.", remedy: "Ask again." });
const NOT_LET_IN = errorKind("test_client_not_let_in", { status: 401, summary: "No.", remedy: "Bring a token." });

let folder: string;
let path: string;
let server: HttpServer;
let asked: string[];
let client: GantryClient;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-client-"));
  path = join(folder, "gantry.sock");
  asked = [];
  server = await startServer();
  client = createClient({ socket: path });
  onTestFinished(async () => {
    client.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });
});

/** A server that has 250 structures, and answers with what it was asked. */
async function startServer(more: (made: HttpServer) => void = () => {}): Promise<HttpServer> {
  const made = await createHttpServer({
    log: silentLogger(),
    version: "1",
    authenticate({ authorization, throughSocket }) {
      if (throughSocket || authorization === "Bearer right") return {};
      throw new GantryError(NOT_LET_IN, "who are you?");
    },
    ready: async () => true,
    metrics: createMetrics(),
  });
  made.app.get(
    "/v1/structures",
    {
      config: { permission: "self" },
      schema: {
        querystring: z.looseObject({ limit: z.coerce.number().default(100), cursor: z.coerce.number().default(0) }),
      },
    },
    async (request) => {
      asked.push(request.url);
      const { cursor, limit } = request.query;
      const end = Math.min(250, cursor + limit);
      const items = Array.from({ length: end - cursor }, (_, index) => ({ id: "x", name: `web${cursor + index}` }));
      return { items, next: end < 250 ? String(end) : null };
    },
  );
  made.app.get("/v1/structures/:name", { config: { permission: "self" } }, async (request) => ({
    name: (request.params as { name: string }).name,
  }));
  made.app.patch("/v1/structures/:name", { config: { permission: "self" } }, async (request) => ({
    headers: request.headers,
    body: request.body,
  }));
  made.app.delete("/v1/structures/:name", { config: { permission: "self" } }, async () => {
    throw new GantryError(REFUSED, "no", { problems: [{ code: "x", message: "because" }], details: { count: 3 } });
  });
  made.app.get("/v1/structures/:name/variables", { config: { permission: "self" } }, async (request) => ({
    asked: request.url,
  }));
  made.app.get("/v1/sites", { config: { permission: "self" } }, async (_request, reply) =>
    reply.type("text/html").send("<html>"),
  );
  more(made);
  await made.listenOnSocket(path);
  return made;
}

describe("a list", () => {
  it("asks for page after page while it is read, with its filters", async () => {
    const names: string[] = [];
    for await (const structure of client.structures.list({ site: "lab & more" })) names.push(structure.name);
    expect(names).toEqual(Array.from({ length: 250 }, (_, index) => `web${index}`));
    expect(asked).toEqual([
      "/v1/structures?site=lab+%26+more",
      "/v1/structures?site=lab+%26+more&cursor=100&limit=1000",
    ]);
  });

  it("ends where it is no longer read, and at its limit", async () => {
    for await (const one of client.structures.list()) if (one.name === "web3") break;
    expect(asked.length).toBe(1);
    expect((await client.structures.list({ limit: 120 }).all()).length).toBe(120);
    expect(await client.structures.list().first()).toMatchObject({ name: "web0" });
    const page = await client.structures.list({ limit: 2 }).page("7");
    expect([page.items.map((one) => one.name), page.next]).toEqual([["web7", "web8"], "9"]);
  });
});

describe("a call", () => {
  it("puts names into the path, as they are", async () => {
    expect(await client.structures.get("a/b c?")).toEqual({ name: "a/b c?" });
    for (const wrong of ["", "..", undefined])
      expect(() => client.structures.get(wrong as string)).toThrow(
        expect.objectContaining({ code: "client_call_invalid" }),
      );
  });

  it("sends versions, switches and bodies as the server takes them", async () => {
    expect(await client.structures.patch("x", { description: "y" }, { ifMatch: 3 })).toMatchObject({
      headers: { "if-match": '"3"', "content-type": "application/json" },
      body: { description: "y" },
    });
    expect(await client.structures.variables("x", { explain: true })).toEqual({
      asked: "/v1/structures/x/variables?explain=true",
    });
  });

  it("fails with the error the server tells of", async () => {
    const failed = client.send("DELETE", "/v1/structures/x");
    await expect(failed).rejects.toBeInstanceOf(GantryError);
    await expect(failed).rejects.toMatchObject({
      code: "test_client_refused",
      message: "no",
      hint: "Ask again.",
      kind: { status: 409 },
      problems: [{ code: "x", message: "because" }],
      details: { count: 3 },
    });
    await expect(client.get("/v1/nothing")).rejects.toMatchObject({ code: "endpoint_unknown" });
    await expect(client.sites.get("x")).rejects.toMatchObject({ code: "endpoint_unknown" });
    await expect(client.sites.list().all()).rejects.toMatchObject({ code: "answer_not_understood" });
  });

  it("says when there is no server, and finds one that came back", async () => {
    await client.structures.get("x");
    await server.close();
    await expect(client.structures.get("x")).rejects.toMatchObject({ code: "server_not_running" });
    server = await startServer();
    expect(await client.structures.get("x")).toEqual({ name: "x" });
  });

  it("tells a file that cannot be read from a server that is not there", async () => {
    const bytes = createReadStream(join(folder, "missing"));
    await expect(client.upload("/v1/anything", bytes)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("ends with its signal", async () => {
    const signal = AbortSignal.abort();
    await expect(client.structures.get("x", { signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("over TLS", () => {
  it("trusts the authority it is given, under any address, and no other", async () => {
    const certificates = await ensureCertificates(join(folder, "tls"), [], systemClock);
    const other = await ensureCertificates(join(folder, "other"), ["127.0.0.1"], systemClock);
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 }, certificates);
    const url = `https://127.0.0.1:${port}`;
    const trusting = createClient({ url, token: "right\n", authority: certificates.authority });
    onTestFinished(() => trusting.close());
    expect(await trusting.structures.get("x")).toEqual({ name: "x" });
    expect(await trusting.structures.patch("x", {}, { ifMatch: "*" })).toMatchObject({ headers: { "if-match": "*" } });
    expect((await trusting.structures.list().all()).length).toBe(250);
    for (const authority of [other.authority, undefined]) {
      const distrusting = createClient({ url, token: "right", authority });
      await expect(distrusting.structures.get("x")).rejects.toMatchObject({ code: "server_unreachable" });
      await expect(distrusting.send("PATCH", "/v1/structures/x", {})).rejects.toMatchObject({
        code: "server_unreachable",
      });
    }
    const stranger = createClient({ url, token: "wrong", authority: certificates.authority });
    onTestFinished(() => stranger.close());
    await expect(stranger.structures.get("x")).rejects.toMatchObject({ code: "test_client_not_let_in" });
  });

  it("asks nobody without a token, or without TLS", () => {
    for (const [url, token] of [
      ["https://127.0.0.1:1", " "],
      ["http://127.0.0.1:1", "right"],
      ["127.0.0.1", "right"],
    ] as const)
      expect(() => createClient({ url, token })).toThrow(expect.objectContaining({ code: "client_address_invalid" }));
  });
});

describe("the events", () => {
  /** Another server in the place of the first one, whose events come from `source`, four at a time; then the connection breaks. */
  async function restart(source: (from: number, signal: AbortSignal) => AsyncIterable<ServerSentEvent>): Promise<void> {
    await server.close();
    server = await startServer((made) =>
      made.app.get("/v1/events", { config: { permission: "self" } }, async (request, reply) => {
        const last = request.headers["last-event-id"];
        asked.push(`${request.url} ${String(last)}`);
        if (last === "gone") throw new GantryError(REFUSED, "gone");
        const from = Number(last ?? 0);
        return sendEvents(
          reply,
          made.closing,
          systemClock,
          () => String(from),
          (signal) => source(from, signal),
        );
      }),
    );
  }

  async function* four(from: number): AsyncGenerator<ServerSentEvent> {
    for (let index = from + 1; index <= from + 4; index += 1) {
      const data = { cursor: String(index), data: "ä\n".repeat(index) };
      yield { id: String(index), event: "job.x", data };
    }
  }

  it("go on over broken connections and a restart of the server", async () => {
    await restart(four);
    const stop = new AbortController();
    const feed = client.events.follow({ type: ["job.*", "node.*"], subject: "job", signal: stop.signal });
    await feed.opened;
    const had: unknown[] = [];
    for await (const event of feed) {
      had.push(event.cursor);
      expect(event.data).toBe("ä\n".repeat(had.length));
      if (had.length === 6) await restart(four);
      if (had.length === 11) stop.abort();
    }
    expect(had).toEqual(Array.from({ length: 11 }, (_, index) => String(index + 1)));
    expect(asked[0]).toBe("/v1/events?type=job.*&type=node.*&subject=job undefined");
  });

  it("end with the error that makes going on impossible", async () => {
    await restart(async function* broken() {
      yield* four(0);
      throw new GantryError(REFUSED, "broken off");
    });
    const had: unknown[] = [];
    const read = async (after?: string): Promise<void> => {
      for await (const event of client.events.follow({ after })) had.push(event.cursor);
    };
    await expect(read()).rejects.toMatchObject({ code: "test_client_refused", message: "broken off" });
    expect(had).toEqual(["1", "2", "3", "4"]);
    await expect(read("gone")).rejects.toMatchObject({ code: "test_client_refused", message: "gone" });
  });

  it("end when the server stays away longer than the reader's patience", async () => {
    await restart(four);
    const feed = client.events.follow({ patience: 0 });
    await feed.opened;
    const read = async (): Promise<void> => {
      for await (const event of feed) if (event.cursor === "4") void server.close();
    };
    await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/^server_(not_running|closing)$/) });
  });

  it("end when the reader gives up while the server is away", async () => {
    await restart(four);
    const stop = new AbortController();
    const had: unknown[] = [];
    for await (const event of client.events.follow({ signal: stop.signal })) {
      had.push(event.cursor);
      if (event.cursor === "4") void server.close().then(() => stop.abort());
    }
    expect(had).toEqual(["1", "2", "3", "4"]);
  });
});

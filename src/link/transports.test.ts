import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket, connect as connectTcp } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type CloseReason, type Connection, memoryPair } from "./connection.ts";
import { connect } from "./connect.ts";
import { FRAME_LIMIT } from "./frames.ts";
import { SERVER_NAME as PLATFORM_NAME } from "../platform/http/index.ts";
import { request, SERVER_NAME, trustingAgent } from "./request.ts";
import { createTestAuthority, startTestServer, type TestAuthority, type TestServer } from "./testing.ts";

let tls: TestAuthority;
beforeAll(async () => {
  tls = await createTestAuthority();
});

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serverWith(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer(tls, options);
  ends.push(server.close);
  return server;
}

function agentWith(environment: NodeJS.ProcessEnv = {}, authority: string | null = tls.authority) {
  const agent = trustingAgent({ authority: authority ?? undefined, environment });
  ends.push(() => agent.destroy());
  return agent;
}

interface Listened {
  readonly frames: string[];
  /** Resolves when so many frames have arrived. */
  count(frames: number): Promise<string[]>;
  readonly closed: Promise<CloseReason>;
}

function listen(connection: Connection): Listened {
  const frames: string[] = [];
  const waiting: { count: number; resolve: (frames: string[]) => void }[] = [];
  const closed = Promise.withResolvers<CloseReason>();
  connection.listen({
    frame(text) {
      frames.push(text);
      for (const one of waiting) if (frames.length >= one.count) one.resolve(frames);
    },
    closed: closed.resolve,
  });
  return {
    frames,
    count: (count) =>
      new Promise((resolve) => {
        if (frames.length >= count) resolve(frames);
        else waiting.push({ count, resolve });
      }),
    closed: closed.promise,
  };
}

type Pair = [client: Connection, server: Connection];

async function over(transport: "websocket" | "poll"): Promise<Pair> {
  const server = await serverWith();
  const { connection } = await connect({ urls: [server.url], transport, agent: agentWith(), timeout: 5000 });
  return [connection, server.connections[0]!];
}

describe.each<[string, () => Promise<Pair>]>([
  ["WebSocket", () => over("websocket")],
  ["long-poll", () => over("poll")],
  ["memory", async () => memoryPair()],
])("a connection over %s", (name, open) => {
  it("carries frames both ways, in order, those from before anybody listened too", async () => {
    const [client, server] = await open();
    const sent = Array.from({ length: 500 }, (_, index) => `frame ${index} ä${"x".repeat(index)}`);
    for (const frame of sent) client.send(frame);
    for (const frame of sent) server.send(frame);
    expect(await listen(server).count(500)).toEqual(sent);
    expect(await listen(client).count(500)).toEqual(sent);
  });

  it("carries frames of the largest size", async () => {
    const [client, server] = await open();
    const largest = "x".repeat(FRAME_LIMIT);
    const [atServer, atClient] = [listen(server), listen(client)];
    for (let count = 0; count < 6; count += 1) {
      client.send(largest);
      server.send(largest);
    }
    expect((await atServer.count(6)).every((frame) => frame === largest)).toBe(true);
    expect((await atClient.count(6)).every((frame) => frame === largest)).toBe(true);
  });

  it("tells the executor why the server ended it, after what was sent", async () => {
    const [client, server] = await open();
    const atClient = listen(client);
    const atServer = listen(server);
    server.send("last");
    server.close({ code: "link_superseded", text: "another one came" });
    expect(await atClient.closed).toMatchObject({ code: "link_superseded", text: "another one came" });
    expect(atClient.frames).toEqual(["last"]);
    await atServer.closed;
  });

  it("tells the server that the executor ended it, after what was sent", async () => {
    const [client, server] = await open();
    const [atServer, atClient] = [listen(server), listen(client)];
    client.send("last");
    client.close({ code: "link_stopping", text: "bye" });
    await Promise.all([atServer.closed, atClient.closed]);
    expect(atServer.frames).toEqual(["last"]);
  });

  it("holds frames back while paused", async () => {
    const [client, server] = await open();
    const atServer = listen(server);
    client.send("one");
    await atServer.count(1);
    server.pause();
    client.send("two");
    client.send("three");
    // Something that goes the other way, to see that time has passed for the connection.
    server.send("pong");
    await listen(client).count(1);
    expect(atServer.frames).toEqual(["one"]);
    server.resume();
    expect(await atServer.count(3)).toEqual(["one", "two", "three"]);
  });

  if (name !== "memory") {
    it("ends when the network is cut", async () => {
      const [client, server] = await open();
      const [atClient, atServer] = [listen(client), listen(server)];
      client.send("one");
      await atServer.count(1);
      await ends.pop()?.(); // the client's sockets
      if (name === "WebSocket") await ends.pop()?.(); // a WebSocket has left its agent: the server
      else await ends.pop()?.();
      expect((await atClient.closed).code).toMatch(/closed|link_stopping/);
      await atServer.closed;
    });
  }
});

describe("connecting", () => {
  it("falls back to long-poll where no WebSocket gets through", async () => {
    const server = await serverWith({ webSocket: false });
    const { connection, transport } = await connect({
      urls: [server.url],
      transport: "auto",
      agent: agentWith(),
      timeout: 5000,
    });
    expect(transport).toBe("poll");
    connection.send("hello");
    expect(await listen(server.connections[0]!).count(1)).toEqual(["hello"]);
  });

  it("does not fall back when WebSocket is asked for", async () => {
    const server = await serverWith({ webSocket: false });
    await expect(
      connect({ urls: [server.url], transport: "websocket", agent: agentWith(), timeout: 5000 }),
    ).rejects.toMatchObject({
      code: "link_unreachable",
    });
  });

  it("tries the next address", async () => {
    const server = await serverWith();
    const { url } = await connect({
      urls: ["https://127.0.0.1:1", server.url],
      transport: "auto",
      agent: agentWith(),
      timeout: 5000,
    });
    expect(url).toBe(server.url);
  });

  it("trusts only the server's own authority", async () => {
    const server = await serverWith();
    const other = await createTestAuthority();
    for (const authority of [other.authority, null]) {
      await expect(
        connect({ urls: [server.url], transport: "auto", agent: agentWith({}, authority), timeout: 5000 }),
      ).rejects.toMatchObject({ code: "link_unreachable" });
    }
    expect(server.connections).toEqual([]);
  });

  it("knows the server under its own name, at whatever address, and no other host", async () => {
    expect(SERVER_NAME).toBe(PLATFORM_NAME);
    tls = await createTestAuthority({ dns: [SERVER_NAME], ip: [] });
    const server = await serverWith();
    await connect({ urls: [server.url], transport: "auto", agent: agentWith(), timeout: 5000 });
    tls = await createTestAuthority({ dns: ["elsewhere.example"], ip: [] });
    const wrong = await serverWith();
    await expect(
      connect({ urls: [wrong.url], transport: "auto", agent: agentWith(), timeout: 5000 }),
    ).rejects.toMatchObject({
      code: "link_unreachable",
    });
    tls = await createTestAuthority();
  });

  it.each(["websocket", "poll"] as const)("goes through the proxy HTTPS_PROXY names, over %s", async (transport) => {
    const server = await serverWith();
    const proxy = await startConnectProxy();
    const agent = agentWith({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    const { connection } = await connect({ urls: [server.url], transport, agent, timeout: 5000 });
    connection.send("through");
    expect(await listen(server.connections[0]!).count(1)).toEqual(["through"]);
    expect(proxy.tunnels).toContain(new URL(server.url).host);
  });
});

describe("a server's end", () => {
  it("closes on a frame that is too large, with the reason", async () => {
    const server = await serverWith();
    const socket = new WebSocket(`${server.url.replace("https", "wss")}/v1/link`, { ca: tls.authority });
    await once(socket, "open");
    const closed = once(socket, "close") as Promise<[number]>;
    socket.send("x".repeat(FRAME_LIMIT + 1));
    expect((await listen(server.connections[0]!).closed).code).toBe("link_message_too_large");
    expect((await closed)[0]).toBe(1009);
  });

  it("refuses a poll for a connection it never opened", async () => {
    const server = await serverWith();
    const answer = await fetchWith(server, { method: "GET", headers: { "gantry-connection": "guess" } });
    expect(answer.status).toBe(410);
    expect((await fetchWith(server, { method: "GET", headers: {} })).status).toBe(404);
  });

  it("takes a repeated poll request once, and answers again what was lost", async () => {
    const server = await serverWith();
    const opened = await fetchWith(server, { method: "POST", headers: {} });
    const token = opened.headers["gantry-connection"] as string;
    const atServer = listen(server.connections[0]!);
    for (let count = 0; count < 2; count += 1) {
      const headers = { "gantry-connection": token, "gantry-sequence": "1" };
      expect((await fetchWith(server, { method: "POST", headers, body: "a\nb" })).status).toBe(202);
    }
    expect(await atServer.count(2)).toEqual(["a", "b"]);
    server.connections[0]!.send("c");
    const first = await fetchWith(server, {
      method: "GET",
      headers: { "gantry-connection": token, "gantry-after": "0" },
    });
    const again = await fetchWith(server, {
      method: "GET",
      headers: { "gantry-connection": token, "gantry-after": "0" },
    });
    expect([first.body, again.body]).toEqual(["c", "c"]);
    server.connections[0]!.send("d");
    const headers = { "gantry-connection": token, "gantry-after": again.headers["gantry-sequence"] as string };
    expect((await fetchWith(server, { method: "GET", headers })).body).toBe("d");
  });

  it("ends a poll connection when a numbered request is missing", async () => {
    const server = await serverWith();
    const opened = await fetchWith(server, { method: "POST", headers: {} });
    const headers = { "gantry-connection": opened.headers["gantry-connection"] as string, "gantry-sequence": "3" };
    expect((await fetchWith(server, { method: "POST", headers, body: "a" })).status).toBe(410);
    expect((await listen(server.connections[0]!).closed).code).toBe("link_message_malformed");
  });
});

async function fetchWith(
  server: TestServer,
  options: { method: "GET" | "POST"; headers: Record<string, string>; body?: string },
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const answer = await request(
    { url: server.url, path: "/v1/link/poll", agent: agentWith(), timeout: 5000, ...options },
    10_000_000,
  );
  return { status: answer.status, headers: answer.headers, body: answer.body.toString() };
}

async function startConnectProxy(): Promise<{ port: number; tunnels: string[]; server: Server }> {
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("data", (head) => {
      const target = /^CONNECT (\S+)/.exec(head.toString())?.[1] ?? "";
      tunnels.push(target);
      const [host = "", port = ""] = target.split(":");
      const out = connectTcp(Number(port), host, () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        socket.pipe(out).pipe(socket);
      });
      sockets.add(out);
      for (const one of [socket, out]) one.on("error", () => undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, tunnels, server };
}

afterAll(() => expect(ends).toEqual([]));

import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { callFunction } from "../conformance.ts";
import { createNetModule } from "./index.ts";

const net = createNetModule();

async function listening(server: Server, host: string, port = 0): Promise<number> {
  server.listen(port, host);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("wait_for_port", () => {
  test.each(["127.0.0.1", "::1", "localhost"])("waits until %s takes connections", async (target) => {
    const host = target === "::1" ? "::1" : "127.0.0.1";
    const port = await freePort(host);
    const waiting = callFunction(net, "wait_for_port", { target, port, timeout: 30 });
    const server = createServer((socket) => socket.destroy());
    await listening(server, host, port);
    expect(await waiting).toEqual({ seconds: expect.any(Number) });
  });

  test("is an error after its time, with what was said last", async () => {
    const port = await freePort("127.0.0.1");
    await expect(callFunction(net, "wait_for_port", { target: "127.0.0.1", port, timeout: 0.1 })).rejects.toMatchObject(
      {
        code: "net_port_closed",
        message: `127.0.0.1 port ${port} did not open within 0.1 s: ECONNREFUSED`,
      },
    );
  });

  test("ends when it is cancelled", async () => {
    const port = await freePort("127.0.0.1");
    const stop = new AbortController();
    const waiting = callFunction(net, "wait_for_port", { target: "127.0.0.1", port }, { signal: stop.signal });
    stop.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
  });
});

describe("ping", () => {
  async function program(text: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "gantry-ping-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, "ping");
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return path;
  }

  test("is the percentage the system's program says, also when that ends with an error", async () => {
    const said = await program('echo "$@"; echo "2 packets transmitted, 1 received, 50% packet loss"; exit 1');
    expect(await callFunction(createNetModule({ pingProgram: said }), "ping", { target: "192.0.2.1" })).toBe(50);
    const none = await program('echo "connect: Network is unreachable" >&2; exit 2');
    expect(await callFunction(createNetModule({ pingProgram: none }), "ping", { target: "192.0.2.1" })).toBe(0);
    const broken = await program('echo "Operation not permitted" >&2; exit 2');
    await expect(
      callFunction(createNetModule({ pingProgram: broken }), "ping", { target: "192.0.2.1" }),
    ).rejects.toMatchObject({ code: "net_ping_failed", message: "ping 192.0.2.1: Operation not permitted" });
  });

  test.each(["127.0.0.1", "::1"])("asks %s by TCP where there is no such program, and says so", async (target) => {
    const messages: string[] = [];
    const without = createNetModule({ pingProgram: "/nonexistent/ping" });
    const context = { message: (text: string) => void messages.push(text) };
    expect(await callFunction(without, "ping", { target, count: 2 }, context)).toBe(100);
    expect(messages).toEqual(["there is no ping on the worker's machine: asked by TCP, port 7"]);
  });

  test("of a name without an address is an error", async () => {
    await expect(callFunction(net, "ping", { target: "nowhere.invalid" })).rejects.toMatchObject({
      code: "net_target_unknown",
    });
  });
});

describe("http_check", () => {
  async function serving(): Promise<string> {
    const server = createHttp((request, response) => {
      response.statusCode = request.url === "/broken" ? 500 : 200;
      if (request.url === "/endless") return void response.write("begin");
      response.end("hello there");
    });
    onTestFinished(() => server.closeAllConnections());
    return `http://[::1]:${await listening(server, "::1")}`;
  }

  test("is content with what it should be", async () => {
    const url = await serving();
    const answer = { status: 200, milliseconds: expect.any(Number) };
    expect(await callFunction(net, "http_check", { url })).toEqual(answer);
    expect(await callFunction(net, "http_check", { url, status: 200, contains: "there" })).toEqual(answer);
    // What is looked for came; the rest never does.
    expect(await callFunction(net, "http_check", { url: `${url}/endless`, contains: "begin" })).toEqual(answer);
  });

  test("says what is wrong", async () => {
    const url = await serving();
    await expect(callFunction(net, "http_check", { url: `${url}/broken` })).rejects.toMatchObject({
      code: "net_check_failed",
      message: `${url}/broken answered with status 500, not one below 400`,
      details: { status: 500 },
    });
    await expect(
      callFunction(net, "http_check", { url: `${url}/endless`, contains: "end", timeout: 0.1 }),
    ).rejects.toMatchObject({ code: "net_check_failed", message: `${url}/endless: no answer within 0.1 s` });
    const closed = `http://127.0.0.1:${await freePort("127.0.0.1")}`;
    await expect(callFunction(net, "http_check", { url: closed })).rejects.toMatchObject({ code: "net_check_failed" });
  });

  test("ends when it is cancelled", async () => {
    const stop = new AbortController();
    const parameters = { url: `${await serving()}/endless`, contains: "end" };
    const checking = callFunction(net, "http_check", parameters, { signal: stop.signal });
    stop.abort(new Error("cancelled"));
    await expect(checking).rejects.toThrow("cancelled");
  });
});

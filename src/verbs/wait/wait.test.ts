import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestAuthority } from "../../link/testing.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

describe("WAIT", () => {
  it("waits for a port and for a good answer", async () => {
    let answers = 0;
    const server = createServer((_request, response) => {
      answers += 1;
      response.writeHead(answers < 3 ? 503 : 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await agent.call("wait", { host: "127.0.0.1", port, seconds: 10 });
      await agent.call("wait", { url: `http://127.0.0.1:${port}/`, seconds: 10 });
      expect(answers).toBe(3);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("waits for a command to succeed", async () => {
    const waiting = agent.call("wait", { cmd: "test -f here", seconds: 30 });
    writeFileSync(join(agent.home, "here"), "");
    expect(await waiting).toMatchObject({ waited: expect.any(Number) });
  });

  it("waits for time to pass", async () => {
    expect(await agent.call("wait", { seconds: 0.01 })).toEqual({ changed: false, waited: 0.01 });
  });

  it.each([
    [{ host: "127.0.0.1", port: 1 }, /127\.0\.0\.1 port 1 takes no connections/],
    [{ url: "http://127.0.0.1:1/" }, /does not answer/],
    [{ cmd: "exit 7" }, /exit code 7/],
    [{ cmd: "sleep 1000" }, /does not end/],
  ])("says what is missing when time is up: %j", async (parameters, message) => {
    await expect(agent.call("wait", { ...parameters, seconds: 0.3 })).rejects.toMatchObject({
      code: "wait_timed_out",
      message: expect.stringMatching(message),
    });
  });

  it("looks as often as it is told", async () => {
    const cmd = "echo x >> looks; test $(wc -l < looks) -ge 3";
    expect(await agent.call("wait", { cmd, retry: 2, retry_wait: 0 })).toMatchObject({ changed: false });
    await expect(agent.call("wait", { cmd: "exit 7", retry: 2, retry_wait: 0.01 })).rejects.toMatchObject({
      code: "wait_timed_out",
      message: "the command ends with exit code 7, also at look 3",
    });
  });

  it("takes any certificate where it is told to", async () => {
    const { certificate, key } = await createTestAuthority();
    const server = createTlsServer({ cert: certificate, key }, (_request, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      await expect(agent.call("wait", { url, retry: 0 })).rejects.toMatchObject({ code: "wait_timed_out" });
      expect(await agent.call("wait", { url, insecure: true, retry: 0 })).toMatchObject({ changed: false });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("would change nothing", async () => {
    expect(await agent.call("wait", { seconds: 1000 }, { shared: { plan: true } })).toEqual({
      changed: false,
      diff: "",
    });
  });

  it("ends when it is stopped", async () => {
    const stop = new AbortController();
    const waiting = agent.call("wait", { seconds: 1000 }, { signal: stop.signal });
    stop.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
    await expect(agent.call("wait", { seconds: 1000, timeout: 0.05 })).rejects.toMatchObject({
      code: "function_timed_out",
    });
  });
});

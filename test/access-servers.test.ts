import { mkdtempSync, rmSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { testComposition } from "../src/server/testing.ts";
import { postgresUrl } from "./support/databases.ts";
import { describeReal } from "./support/real.ts";

// Two servers on one PostgreSQL, with nothing between them: what one takes away, the other one takes away too.

interface Server {
  send(method: string, path: string, body?: unknown, token?: string): Promise<IncomingMessage>;
  /** As the administrator. */
  ask<Body>(method: string, path: string, body?: unknown): Promise<Body>;
}

async function start(database: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-access-servers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const made = await testComposition(folder, "the right token", { database });
  onTestFinished(() => made.close());
  const socketPath = join(folder, "gantry.sock");
  await made.composition.http.listenOnSocket(socketPath);
  const server: Server = {
    send: (method, path, body, token) =>
      new Promise((resolve, reject) => {
        const headers = {
          "if-match": "*",
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        };
        const outgoing = request({ socketPath, method, path, agent: false, headers }, resolve);
        outgoing.on("error", reject);
        outgoing.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    async ask(method, path, body) {
      const answer = await server.send(method, path, body);
      const text = await textOf(answer);
      expect(answer.statusCode, text).toBeLessThan(300);
      return (text === "" ? undefined : JSON.parse(text)) as never;
    },
  };
  return server;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return text;
}

describeReal("postgresql", "two servers on one database", () => {
  let first: Server;
  let second: Server;
  let token: string;
  let bindingId: string;

  beforeEach(async () => {
    const database = await postgresUrl();
    first = await start(database);
    second = await start(database);
    await first.ask("POST", "/v1/accounts", { name: "robot" });
    bindingId = (await first.ask<{ id: string }>("POST", "/v1/role-bindings", { account: "robot", role: "viewer" })).id;
    token = (await first.ask<{ token: string }>("POST", "/v1/accounts/robot/tokens", { name: "t" })).token;
  });

  async function statusAt(server: Server): Promise<number | undefined> {
    const answer = await server.send("GET", "/v1/sites", undefined, token);
    answer.resume();
    return answer.statusCode;
  }

  it("both let in who has a token, and neither does once it is revoked at one", async () => {
    expect([await statusAt(first), await statusAt(second)]).toEqual([200, 200]);
    await first.ask("DELETE", "/v1/accounts/robot/tokens/t");
    expect(await statusAt(first)).toBe(401);
    await vi.waitFor(async () => expect(await statusAt(second)).toBe(401), { timeout: 20_000 });
  });

  it("give and take rights together", async () => {
    expect(await statusAt(second)).toBe(200);
    await first.ask("DELETE", `/v1/role-bindings/${bindingId}`);
    await vi.waitFor(async () => expect(await statusAt(second)).toBe(403), { timeout: 20_000 });
    await second.ask("POST", "/v1/role-bindings", { account: "robot", role: "operator" });
    expect(await statusAt(second)).toBe(200);
    await vi.waitFor(async () => expect(await statusAt(first)).toBe(200), { timeout: 20_000 });
  });

  describe("a stream at one of them", () => {
    it("ends when the token is revoked at the other one", async () => {
      const answer = await second.send("GET", "/v1/events?follow=true", undefined, token);
      const rest = textOf(answer);
      await first.ask("PATCH", "/v1/accounts/robot", { disabled: true });
      expect(await rest).toContain('"code":"unauthenticated"');
    });
  });
});

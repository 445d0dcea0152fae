import { mkdtempSync, rmSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { testComposition, type TestComposition } from "./testing.ts";

let folder: string;
let made: TestComposition;
let socketPath: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-admission-"));
  socketPath = join(folder, "gantry.sock");
  made = await testComposition(folder, "the right token");
  await made.composition.http.listenOnSocket(socketPath);
});
afterAll(async () => {
  await made.close();
  rmSync(folder, { recursive: true });
});

function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const outgoing = request({ socketPath, method, path, agent: false, headers: { ...type, ...headers } }, resolve);
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    onTestFinished(() => void outgoing.destroy());
  });
}

async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await send(method, path, body, { "if-match": "*" });
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  expect(answer.statusCode, text).toBeLessThan(300);
  return (text === "" ? undefined : JSON.parse(text)) as Answer;
}

interface Reader {
  readonly token: string;
  readonly tokenId: string;
  readonly bindingId: string;
}

async function reader(account: string): Promise<Reader> {
  await ask("POST", "/v1/accounts", { name: account });
  const binding = await ask<{ id: string }>("POST", "/v1/role-bindings", { account, role: "viewer" });
  const token = await ask<{ id: string; token: string }>("POST", `/v1/accounts/${account}/tokens`, { name: "t" });
  return { token: token.token, tokenId: token.id, bindingId: binding.id };
}

/** Opens a stream, waits until it listens, and gives all it writes from then on. */
async function listening(path: string, token: string, accept = "*/*"): Promise<() => Promise<string>> {
  const answer = await send("GET", path, undefined, { authorization: `Bearer ${token}`, accept });
  expect(answer.statusCode).toBe(200);
  const chunks = answer[Symbol.asyncIterator]();
  await chunks.next();
  return async () => {
    let text = "";
    for (let one = await chunks.next(); one.done !== true; one = await chunks.next()) text += String(one.value);
    return text;
  };
}

describe("a stream", () => {
  it.each([
    ["lines", "*/*"],
    ["server-sent events", "text/event-stream"],
  ])("of %s ends when its token is revoked, and says why", async (what, accept) => {
    const account = what.replaceAll(" ", "-");
    const { token, tokenId } = await reader(account);
    const rest = await listening("/v1/events?follow=true", token, accept);
    await ask("DELETE", `/v1/accounts/${account}/tokens/${tokenId}`);
    const text = await rest();
    expect(text).toContain('"code":"unauthenticated"');
    expect(text).toContain(accept === "*/*" ? '{"problem":{' : "event: problem\n");
  });

  it("ends when its account is disabled", async () => {
    const { token } = await reader("gone");
    const rest = await listening("/v1/events?follow=true", token);
    await ask("PATCH", "/v1/accounts/gone", { disabled: true });
    expect(await rest()).toContain('"code":"unauthenticated"');
  });

  it("ends when the role that allowed it is taken away, and goes on when another is given", async () => {
    const { token, bindingId } = await reader("changed");
    const rest = await listening("/v1/events?follow=true", token);
    await ask("POST", "/v1/role-bindings", { account: "changed", role: "operator" });
    const second = await ask<{ id: string }>("POST", "/v1/sites", { name: "still-told" });
    expect(second.id).toBeTypeOf("string");
    await ask("DELETE", `/v1/role-bindings/${bindingId}`);
    const { items } = await ask<{ items: { id: string }[] }>("GET", "/v1/role-bindings?account=changed");
    await ask("DELETE", `/v1/role-bindings/${items[0]!.id}`);
    const text = await rest();
    expect(text).toContain('"name":"still-told"');
    expect(text).toContain('"code":"forbidden"');
  });
});

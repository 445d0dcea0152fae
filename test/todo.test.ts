import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Json, JsonObject } from "../src/kernel/json.ts";
import { testComposition, type TestComposition } from "../src/server/testing.ts";

// What people are asked to do, from a server with everything in it: scripts ask, a simulated person answers over the API.

let folder: string;
let made: TestComposition;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-todo-"));
  made = await testComposition(folder, "token", { keepJobs: 1_000_000, keepEvents: 1_000_000 });
  await made.composition.http.listenOnSocket(join(folder, "gantry.sock"));
  await made.composition.start({ urls: ["https://127.0.0.1:1"], modules: [], workerFolder: join(folder, "worker") });
  onTestFinished(async () => {
    await made.close();
    rmSync(folder, { recursive: true });
  });
});

async function call(
  method: string,
  path: string,
  body?: Json,
  token?: string,
): Promise<{ status: number; value: JsonObject }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; value: JsonObject }>();
  const headers = {
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    "if-match": "*",
  };
  const outgoing = request({ socketPath: join(folder, "gantry.sock"), method, path, headers }, (answer) => {
    let text = "";
    answer.on("data", (chunk) => (text += String(chunk)));
    answer.on("end", () => resolve({ status: answer.statusCode ?? 0, value: JSON.parse(text || "{}") as JsonObject }));
  });
  outgoing.on("error", reject);
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

async function ask(method: string, path: string, body?: Json): Promise<JsonObject> {
  const { status, value } = await call(method, path, body);
  expect(status, `${method} ${path}: ${JSON.stringify(value)}`).toBeLessThan(300);
  return value;
}

async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function start(script: string): Promise<string> {
  await ask("POST", "/v1/sites", { name: "lab" });
  await ask("POST", "/v1/blueprints", {
    name: "machine",
    builds: "foundation",
    foundationTypes: ["manual"],
    scripts: { work: script },
  });
  const attributes = { location: "rack 4, unit 7" };
  await ask("POST", "/v1/foundations", { name: "m1", site: "lab", type: "manual", blueprint: "machine", attributes });
  const { items } = await ask("POST", "/v1/jobs", { script: "work", foundation: "m1" });
  return String((items as readonly JsonObject[])[0]!["id"]);
}

/** The one thing that is asked, when it has come. */
function todo(): Promise<JsonObject> {
  return until(async () => {
    const { items } = await ask("GET", "/v1/todos");
    return (items as readonly JsonObject[])[0];
  });
}

async function answer(body: JsonObject = {}, outcome = "done"): Promise<JsonObject> {
  const asked = await todo();
  await ask("POST", `/v1/todos/${String(asked["id"])}/${outcome}`, body);
  return asked;
}

async function ended(id: string): Promise<JsonObject> {
  const job = await until(async () => {
    const found = await ask("GET", `/v1/jobs/${id}`);
    return ["done", "failed", "cancelled"].includes(String(found["status"])) ? found : undefined;
  });
  return job;
}

describe("what a person is asked", () => {
  it("names the machine, where it stands and what to do; the script goes on with the answer, and the log says who gave it", async () => {
    const id = await start("where = manual.ask( text='which rack?' )\nfoundation.rack = where\n");
    const asked = await answer({ value: "four", note: "looked twice" });
    expect(asked).toMatchObject({
      kind: "task",
      job: id,
      script: "work",
      target: { kind: "foundation", name: "m1" },
      text: "which rack?",
      details: {},
      expiresAt: null,
    });
    expect(await ended(id)).toMatchObject({ status: "done" });
    expect(await ask("GET", "/v1/foundations/m1")).toMatchObject({ identifiers: { rack: "four" } });
    const log = JSON.stringify(await ask("GET", `/v1/jobs/${id}/log`));
    expect(log).toContain("manual.ask answered by");
    expect(log).toContain("looked twice");
    expect((await ask("GET", "/v1/todos"))["items"]).toEqual([]);
    const audit = JSON.stringify(await ask("GET", "/v1/audit"));
    expect(audit).toContain("job.answered");
  });

  it("goes through a life of a manual foundation: asks for what is not so, and for nothing that is so already", async () => {
    const id = await start(
      [
        "foundation.create()",
        "foundation.create()",
        "foundation.power_on()",
        "foundation.start()",
        "foundation.power = foundation.power_state()",
        "foundation.wait_for_poweroff()",
        "foundation.power_off()",
        "foundation.destroy()",
        "foundation.destroy()",
        "foundation.link = foundation.link_test()",
      ].join("\n"),
    );
    const texts: unknown[] = [];
    for (let count = 0; count < 4; count += 1) {
      const { text, details } = await answer();
      texts.push(text);
      expect(details).toEqual({ location: "rack 4, unit 7" });
    }
    expect(texts).toEqual(["set up m1", "switch m1 on", "say when m1 is off", "take m1 down"]);
    expect(await ended(id)).toMatchObject({ status: "done" });
    expect(await ask("GET", "/v1/foundations/m1")).toMatchObject({
      identifiers: { power: { power: "on" }, link: true, manual_power: "off" },
    });
  });

  it("fails its job with the reason when it cannot be done, and is asked again by a retry", async () => {
    const id = await start("foundation.create()");
    await answer({ note: "the disk does not fit" }, "failed");
    expect(await ended(id)).toMatchObject({
      status: "failed",
      failure: { message: expect.stringContaining("the disk does not fit") },
    });
    await ask("POST", `/v1/jobs/${id}/retry`);
    await answer();
    expect(await ended(id)).toMatchObject({ status: "done" });
  });

  it("is also a job that its script paused: done lets it go on, and nothing else is said of it", async () => {
    const id = await start("pause( msg='plug it in' )");
    expect(await todo()).toMatchObject({ id, kind: "paused", text: "plug it in" });
    expect(await call("POST", `/v1/todos/${id}/failed`, { note: "no" })).toMatchObject({ status: 422 });
    expect(await call("POST", `/v1/todos/${id}/done`, { note: "yes" })).toMatchObject({
      status: 422,
      value: { code: "todo_answer_refused" },
    });
    await answer();
    expect(await ended(id)).toMatchObject({ status: "done" });
    expect(await call("POST", `/v1/todos/${id}/done`, {})).toMatchObject({
      status: 404,
      value: { code: "todo_not_found" },
    });
  });

  it("fails when nobody answers in time", async () => {
    const id = await start("manual.ask( text='quick!', within=0:01 )");
    expect(await todo()).toMatchObject({ text: "quick!", expiresAt: expect.any(Number) });
    expect(await ended(id)).toMatchObject({ status: "failed", failure: { code: "task_timed_out" } });
    expect((await ask("GET", "/v1/todos"))["items"]).toEqual([]);
  });

  it("is seen by who may see the job, answered by who controls it, and once, however many answer", async () => {
    const id = await start("where = manual.ask( text='which rack?' )\nfoundation.rack = where\n");
    await ask("POST", "/v1/sites", { name: "far" });
    const tokenOf = async (account: string, permissions: readonly string[], site: string): Promise<string> => {
      await ask("POST", "/v1/accounts", { name: account });
      await ask("POST", "/v1/roles", { name: account, permissions: [...permissions] });
      await ask("POST", "/v1/role-bindings", { account, role: account, scope: { kind: "site", name: site } });
      return String((await ask("POST", `/v1/accounts/${account}/tokens`, { name: "t" }))["token"]);
    };
    const far = await tokenOf("far", ["job.read", "job.control"], "far");
    const reader = await tokenOf("reader", ["job.read"], "lab");
    const asked = await todo();
    const done = `/v1/todos/${String(asked["id"])}/done`;
    const seen = async (token: string) =>
      ((await call("GET", "/v1/todos", undefined, token)).value["items"] as Json[]).length;
    expect([await seen(far), await seen(reader)]).toEqual([0, 1]);
    const refused = await call("POST", done, { value: "x" }, far);
    expect([refused.status, refused.value["code"]]).toEqual([404, "todo_not_found"]);
    expect((await call("POST", done, { value: "x" }, reader)).status).toBe(403);
    const answers = await Promise.all(["one", "two", "three"].map((value) => call("POST", done, { value })));
    expect(answers.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
    for (const { status } of answers) expect([200, 404, 409]).toContain(status);
    expect(await ended(id)).toMatchObject({ status: "done" });
  });

  it("is nothing that a person cannot do", async () => {
    const id = await start("manual.ask( text='' )");
    expect(await ended(id)).toMatchObject({ failure: { message: expect.stringContaining("'text' must say") } });
  });
});

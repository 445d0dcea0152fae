import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../src/kernel/clock.ts";
import { openSnapshot } from "../src/platform/database/index.ts";
import { createLoginClient, type LoginAnswer, type LoginClient } from "./support/login-client.ts";

// Logins with local passwords, asked as a client asks: over the socket of a whole server.

const HOUR = 60 * 60 * 1000;
const WORD = "correct horse battery";

let folder: string;
let gantry: LoginClient;
let ahead = 0;

const call: LoginClient["call"] = (...parameters) => gantry.call(...parameters);
const logIn: LoginClient["logIn"] = (...parameters) => gantry.logIn(...parameters);
const audited: LoginClient["audited"] = (action) => gantry.audited(action);

async function person(name: string, password: string | undefined = WORD): Promise<void> {
  expect(await call("POST", "/v1/accounts", { kind: "person", name })).toMatchObject({ status: 201 });
  if (password !== undefined)
    expect((await call("PUT", `/v1/accounts/${name}/password`, { password })).status).toBe(204);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-login-"));
  const clock = { now: () => systemClock.now() + ahead, after: systemClock.after };
  gantry = await createLoginClient(folder, {}, { database: join(folder, "gantry.db"), clock });
});
afterAll(async () => {
  await gantry.close();
  rmSync(folder, { recursive: true });
});

describe("a login with a local password", () => {
  it("gives a session of twelve hours that is the person, until it ends or is ended", async () => {
    await person("alice");
    const { status, body } = await logIn("alice", WORD);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token: expect.stringMatching(/^gantry_account_/), account: { name: "alice" } });
    expect(body.expiresAt - systemClock.now() - ahead).toBeGreaterThan(11.9 * HOUR);
    const who = await call("GET", "/v1/whoami", undefined, body.token);
    expect(who.body).toMatchObject({ kind: "person", name: "alice", token: { kind: "session" } });
    expect((await call("DELETE", "/v1/session", undefined, body.token)).status).toBe(204);
    expect((await call("GET", "/v1/whoami", undefined, body.token)).status).toBe(401);

    const other = (await logIn("alice", WORD)).body.token;
    ahead += 12 * HOUR + 1;
    expect((await call("GET", "/v1/whoami", undefined, other)).status).toBe(401);
  });

  it("may open one tenant alone, and hides tenants in which the person has no right", async () => {
    await person("tessa");
    await call("POST", "/v1/role-bindings", { account: "tessa", role: "viewer" });
    const session = await logIn("tessa", WORD, { tenant: "default" });
    expect(session.status).toBe(200);
    const own = await call("GET", "/v1/tokens", undefined, session.body.token);
    expect(own.body.items).toMatchObject([{ kind: "session", tenantId: expect.any(String) }]);
    await call("POST", "/v1/tenants", { name: "hidden" });
    for (const tenant of ["hidden", "nothing"])
      expect((await logIn("tessa", WORD, { tenant })).body).toMatchObject({ code: "tenant_unknown" });
  });

  it("is refused alike for a wrong password, an unknown name, no password, a disabled account and a service account", async () => {
    await person("right");
    await person("disabled");
    await person("without", undefined);
    await call("PATCH", "/v1/accounts/disabled", { disabled: true });
    await call("POST", "/v1/accounts", { name: "robot" });
    const answers = [
      await logIn("right", "not the password"),
      await logIn("unknown", WORD),
      await logIn("without", ""),
      await logIn("disabled", WORD),
      await logIn("robot", WORD),
      await logIn("Right", WORD),
      await logIn("right\u0000", WORD),
    ];
    expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, body: { code: "login_refused" } });
  });

  it("is in the audit, right or wrong, without the password", async () => {
    await person("noted");
    await logIn("noted", WORD);
    await logIn("noted", "a wrong pass word");
    await logIn("a wrong pass word", "x");
    const subject = { kind: "person", name: "noted" };
    expect(await audited("login.succeeded")).toContainEqual(
      expect.objectContaining({
        subject: expect.objectContaining(subject),
        actor: expect.objectContaining({ kind: "person", name: "noted" }),
        data: expect.objectContaining({ way: "password", address: "socket" }),
      }),
    );
    const failures = await audited("login.failed");
    expect(failures).toContainEqual(
      expect.objectContaining({
        subject: expect.objectContaining(subject),
        actor: expect.objectContaining({ kind: "anonymous" }),
        data: { way: "password", address: "socket", reason: "wrong", count: 1 },
      }),
    );
    expect(JSON.stringify(failures)).not.toContain("a wrong pass word");
    expect(await audited("account.password_set")).toContainEqual(
      expect.objectContaining({ subject: expect.objectContaining({ name: "noted" }) }),
    );
    const snapshot = await openSnapshot(join(folder, "gantry.db"));
    try {
      for (const table of await snapshot.tables())
        for await (const rows of snapshot.rows(table)) expect(JSON.stringify(rows)).not.toContain(WORD);
    } finally {
      await snapshot.close();
    }
  });

  it("goes on for others while 10,000 fail, and the audit sums these up", async () => {
    await person("victim");
    await person("other");
    const before = (await audited("login.failed")).length;
    const codes = new Map<string, number>();
    let left = 10_000;
    let seen = 0;
    const guessers = Array.from({ length: 50 }, async () => {
      while (left > 0) {
        left -= 1;
        const own = left;
        // Half of them at one name, half at names without end.
        const { body } = await logIn(own % 2 === 0 ? "victim" : `name-${own}`, "guessed pass word");
        codes.set(body.code, (codes.get(body.code) ?? 0) + 1);
        // Others are served in between, all the time.
        if (own % 500 === 0) {
          expect((await call("GET", "/v1/whoami")).status).toBe(200);
          seen += 1;
        }
      }
    });
    await Promise.all(guessers);
    expect(seen).toBe(20);
    expect([...codes.keys()].sort()).toEqual(["login_busy", "login_refused", "login_wait"]);
    expect(codes.get("login_wait")).toBeGreaterThan(1000);
    expect((await logIn("other", WORD)).status).toBe(200);
    const waits = await logIn("victim", WORD);
    expect([waits.status, waits.body.code]).toEqual([429, "login_wait"]);
    expect(Number(waits.headers["retry-after"])).toBeGreaterThan(0);
    expect((await audited("login.failed")).length - before).toBeLessThan(110);
    ahead += HOUR;
    expect((await logIn("victim", WORD)).status).toBe(200);
  });

  it("ends the oldest of more than twenty sessions", async () => {
    await person("many");
    const first = (await logIn("many", WORD)).body.token;
    for (let at = 0; at < 20; at += 1) expect((await logIn("many", WORD)).status).toBe(200);
    expect((await call("GET", "/v1/whoami", undefined, first)).status).toBe(401);
  });
});

describe("a password", () => {
  it("is changed by its owner with the one there was, and ends the other sessions", async () => {
    await person("owner");
    const [one, two] = [(await logIn("owner", WORD)).body.token, (await logIn("owner", WORD)).body.token];
    const change = (body: object): Promise<LoginAnswer> => call("PUT", "/v1/password", body, one);
    expect((await change({ password: "another long word" })).body.code).toBe("request_invalid");
    expect((await change({ password: "another long word", old: "not it at all" })).body.code).toBe(
      "old_password_wrong",
    );
    expect((await change({ password: "short", old: WORD })).body.code).toBe("password_invalid");
    expect((await change({ password: "another long word", old: WORD })).status).toBe(204);
    expect((await call("GET", "/v1/whoami", undefined, one)).status).toBe(200);
    expect((await call("GET", "/v1/whoami", undefined, two)).status).toBe(401);
    expect((await logIn("owner", WORD)).status).toBe(401);
    expect((await logIn("owner", "another long word")).status).toBe(200);
  });

  it("is not guessed by changing it: the waits of logins hold here as well", async () => {
    await person("guessed");
    const token = (await logIn("guessed", WORD)).body.token;
    const answers: string[] = [];
    for (let at = 0; at < 12; at += 1)
      answers.push((await call("PUT", "/v1/password", { password: WORD, old: `guess number ${at}` }, token)).body.code);
    expect(answers.slice(0, 10)).toEqual(Array(10).fill("old_password_wrong"));
    expect(answers).toContain("login_wait");
  });

  it("is set for others by who manages the server alone, and for people alone", async () => {
    await person("boss");
    await person("staff");
    await call("POST", "/v1/role-bindings", { account: "boss", role: "admin" });
    const token = (await logIn("boss", WORD)).body.token;
    const body = { password: "another long word" };
    await call("POST", "/v1/role-bindings", { account: "staff", role: "viewer" });
    expect((await call("PUT", "/v1/accounts/staff/password", body, token)).body.code).toBe("forbidden");
    expect((await call("PUT", "/v1/accounts/boss/password", body, token)).body.code).toBe("old_password_wrong");
    await call("POST", "/v1/accounts", { name: "machine" });
    expect((await call("PUT", "/v1/accounts/machine/password", body)).body.code).toBe("password_invalid");
    expect((await call("PUT", "/v1/accounts/nobody/password", body)).body.code).toBe("account_unknown");
    expect((await call("PUT", "/v1/password", { ...body, old: WORD })).body.code).toBe("account_needed");
  });
});

it("a token that is not of a session is not ended by logging out", async () => {
  await person("personal");
  const { token } = (await call("POST", "/v1/accounts/personal/tokens", { name: "mine" })).body;
  expect((await call("DELETE", "/v1/session", undefined, token)).body.code).toBe("session_needed");
  expect((await call("DELETE", "/v1/session")).body.code).toBe("session_needed");
  expect((await call("GET", "/v1/whoami", undefined, token)).status).toBe(200);
});

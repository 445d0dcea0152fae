import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../src/kernel/clock.ts";
import { createBench } from "./support/gantry.ts";
import { signed, signedByPublicKey, startIssuer, unsigned, type Draft, type TestIssuer } from "./support/issuer.ts";
import { createLoginClient, type LoginAnswer, type LoginClient } from "./support/login-client.ts";

const BACK = "http://127.0.0.1:45678/callback";
const CALLBACK = "https://gantry.example:7411/v1/login/oidc/callback";

async function serverFor(
  issuer: TestIssuer,
  authority = issuer.authority,
): Promise<LoginClient & { wait(ms: number): void }> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-oidc-"));
  let ahead = 0;
  const oidc = {
    issuer: issuer.url,
    clientId: issuer.clientId,
    clientSecret: issuer.clientSecret,
    scopes: "openid profile",
    nameClaim: "preferred_username",
    groupsClaim: "groups",
    redirect: CALLBACK,
    ca: authority,
    timeout: 5000,
    keysEvery: 0,
  };
  const clock = { now: () => systemClock.now() + ahead, after: systemClock.after };
  const client = await createLoginClient(folder, { oidc }, { clock });
  onTestFinished(async () => {
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { ...client, wait: (milliseconds) => void (ahead += milliseconds) };
}

interface Begun {
  readonly flow: string;
  readonly url: string;
}

async function begin(gantry: LoginClient): Promise<Begun> {
  const { status, body } = await gantry.call("POST", "/v1/login/oidc", { redirect: BACK });
  expect(status, JSON.stringify(body)).toBe(200);
  return body as unknown as Begun;
}

const finish = (gantry: LoginClient, flow: string, query: string): Promise<LoginAnswer> =>
  gantry.call("POST", "/v1/login/oidc/finish", { flow, query });

async function whole(gantry: LoginClient, issuer: TestIssuer): Promise<LoginAnswer> {
  const { flow, url } = await begin(gantry);
  const { redirect, query } = await issuer.browse(url);
  expect(redirect).toBe(BACK);
  return finish(gantry, flow, query);
}

describe("a login by an issuer", () => {
  it("goes by code, PKCE, state and nonce, makes the account, and gives its groups' rights", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    await gantry.call("POST", "/v1/role-bindings", { directoryGroup: "operators", role: "operator" });
    const asked = new URL((await begin(gantry)).url).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: "code",
      code_challenge_method: "S256",
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
    const first = await whole(gantry, issuer);
    expect(first).toMatchObject({ status: 200, body: { account: { name: "olga", displayName: "Olga of Example" } } });
    expect((await gantry.call("GET", "/v1/structures", undefined, first.body.token)).status).toBe(200);
    // Another name, and out of the group: the same account, without the rights.
    issuer.person = { sub: "1", preferred_username: "renamed", groups: [] };
    const second = await whole(gantry, issuer);
    expect(second.body.account).toMatchObject({ name: "olga" });
    expect((await gantry.call("GET", "/v1/structures", undefined, second.body.token)).status).toBe(403);
    expect(await gantry.audited("login.succeeded")).toMatchObject([
      { data: { way: "oidc" } },
      { data: { way: "oidc" } },
    ]);
  });

  it("makes one account, also when the first two logins come at once, and keeps no control characters", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    issuer.person = { sub: "1", preferred_username: "olga", name: "Ol\u0000ga\u001b[2J", groups: ["a\u0000", "b"] };
    const both = await Promise.all([whole(gantry, issuer), whole(gantry, issuer)]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect((await gantry.call("GET", "/v1/accounts")).body.items).toMatchObject([
      { name: "olga", displayName: "Olga[2J", directoryGroups: ["b"] },
    ]);
    issuer.person = { sub: "2\u0000", preferred_username: "paul" };
    expect((await whole(gantry, issuer)).body.code).toBe("account_invalid");
  });

  it("never becomes an account of the same name that is not the issuer's, nor a disabled one", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    await gantry.call("POST", "/v1/accounts", { kind: "person", name: "olga" });
    expect((await whole(gantry, issuer)).body.code).toBe("account_name_taken");
    issuer.person = { sub: "2", preferred_username: "not a name!" };
    expect((await whole(gantry, issuer)).body.code).toBe("account_invalid");
    issuer.person = { sub: "3", preferred_username: "paul" };
    const { token } = (await whole(gantry, issuer)).body;
    await gantry.call("PATCH", "/v1/accounts/paul", { disabled: true });
    expect((await gantry.call("GET", "/v1/whoami", undefined, token)).status).toBe(401);
    expect((await whole(gantry, issuer)).body.code).toBe("login_refused");
  });

  const past = (claims: Draft["claims"]): Draft["claims"] => ({ ...claims, iat: 1_000_000_000, exp: 1_000_000_300 });
  it.each<[string, (draft: Draft) => Promise<string>]>([
    ["alg: none", unsigned],
    ["HS256 with the public key", signedByPublicKey],
    ["a wrong audience", ({ claims, key }) => signed({ ...claims, aud: "another" }, key)],
    ["a wrong issuer", ({ claims, key }) => signed({ ...claims, iss: "https://other.example" }, key)],
    ["an end in the past", ({ claims, key }) => signed(past(claims), key)],
    ["no end", ({ claims: { exp: _exp, ...claims }, key }) => signed(claims, key)],
    ["a wrong nonce", ({ claims, key }) => signed({ ...claims, nonce: "another" }, key)],
    ["no nonce", ({ claims: { nonce: _nonce, ...claims }, key }) => signed(claims, key)],
    ["no subject", ({ claims: { sub: _sub, ...claims }, key }) => signed(claims, key)],
    [
      "a changed payload",
      async ({ claims, key }) => {
        const [head, , signature] = (await signed(claims, key)).split(".");
        return [head, Buffer.from(JSON.stringify({ ...claims, sub: "root" })).toString("base64url"), signature].join(
          ".",
        );
      },
    ],
    ["rubbish", async () => "rubbish"],
  ])("is refused with an ID token with %s, and the audit knows", async (_, bad) => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    issuer.bad = bad;
    expect(await whole(gantry, issuer)).toMatchObject({ status: 401, body: { code: "id_token_refused" } });
    expect(await gantry.audited("login.failed")).toMatchObject([{ data: { way: "oidc", reason: "id_token_refused" } }]);
    expect((await gantry.call("GET", "/v1/accounts")).body.items).toEqual([]);
    issuer.bad = undefined;
    expect((await whole(gantry, issuer)).status).toBe(200);
  });

  it("takes the issuer's new key at once, and the old one no more", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    expect((await whole(gantry, issuer)).status).toBe(200);
    await issuer.rotate();
    expect((await whole(gantry, issuer)).status).toBe(200);
    issuer.bad = ({ claims, former }) => signed(claims, former[0]!);
    expect((await whole(gantry, issuer)).body.code).toBe("id_token_refused");
  });

  it("ends once, where it was begun, with what came for it", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    const [mine, theirs] = [await begin(gantry), await begin(gantry)];
    const [myCode, theirCode] = [await issuer.browse(mine.url), await issuer.browse(theirs.url)];
    // Somebody else's state and code, put into my browser.
    expect((await finish(gantry, mine.flow, theirCode.query)).body.code).toBe("id_token_refused");
    expect((await finish(gantry, mine.flow, myCode.query)).body.code).toBe("login_flow_unknown");
    expect((await finish(gantry, theirs.flow, theirCode.query)).status).toBe(200);
    expect((await finish(gantry, theirs.flow, theirCode.query)).body.code).toBe("login_flow_unknown");
    // A code that was used, with a state that is right.
    const again = await begin(gantry);
    const used = new URLSearchParams(theirCode.query);
    used.set("state", new URL(again.url).searchParams.get("state") ?? "");
    expect((await finish(gantry, again.flow, used.toString())).body.code).toBe("id_token_refused");
    const late = await begin(gantry);
    const { query } = await issuer.browse(late.url);
    gantry.wait(11 * 60 * 1000);
    expect((await finish(gantry, late.flow, query)).body.code).toBe("login_flow_unknown");
    expect((await finish(gantry, "made up", query)).body.code).toBe("login_flow_unknown");
  });

  it.each([
    "https://evil.example/callback",
    "http://evil.example/callback",
    "http://127.0.0.1@evil.example:1/callback",
    "http://127.0.0.1:1/other",
  ])("comes back to the asker's own machine alone, not to %s", async (redirect) => {
    const gantry = await serverFor(await startIssuer());
    expect((await gantry.call("POST", "/v1/login/oidc", { redirect })).body.code).toBe("request_invalid");
  });

  it("in a browser is bound to it by a cookie that carries no right", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    const sent = await gantry.call("GET", "/v1/login/oidc");
    expect(sent.status).toBe(302);
    const cookie = String(sent.headers["set-cookie"]);
    expect(cookie).toMatch(
      /^gantry_login=[\w-]{43}; Path=\/v1\/login\/oidc\/callback; Max-Age=600; HttpOnly; Secure; SameSite=Lax$/,
    );
    const { redirect, query } = await issuer.browse(String(sent.headers["location"]));
    expect(redirect).toBe(CALLBACK);
    const path = `/v1/login/oidc/callback?${query}`;
    expect((await gantry.call("GET", path)).body.code).toBe("login_flow_unknown");
    const other = String((await gantry.call("GET", "/v1/login/oidc")).headers["set-cookie"]).split(";")[0];
    expect((await gantry.call("GET", path, undefined, undefined, other)).body.code).toBe("id_token_refused");
    expect((await gantry.call("GET", path, undefined, undefined, cookie.split(";")[0])).status).toBe(200);
    expect((await gantry.call("GET", "/v1/whoami", undefined, "x", cookie.split(";")[0])).status).toBe(401);
  });

  it("waits while the issuer is down or not trusted: local logins go on", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    await gantry.call("POST", "/v1/accounts", { kind: "person", name: "local" });
    await gantry.call("PUT", "/v1/accounts/local/password", { password: "the word kept here" });
    const begun = await begin(gantry);
    const { query } = await issuer.browse(begun.url);
    const untrusted = await serverFor(issuer, (await startIssuer()).authority);
    expect((await untrusted.call("POST", "/v1/login/oidc", { redirect: BACK })).body.code).toBe("login_unavailable");
    await issuer.stop();
    expect((await finish(gantry, begun.flow, query)).body.code).toBe("login_unavailable");
    gantry.wait(11 * 60 * 1000);
    expect((await gantry.call("POST", "/v1/login/oidc", { redirect: BACK })).body.code).toBe("login_unavailable");
    expect((await gantry.logIn("local", "the word kept here")).status).toBe(200);
  });

  it("is not there where no issuer is set, and a JWT is no token", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    let token = "";
    issuer.bad = async ({ claims, key }) => (token = await signed(claims, key));
    await whole(gantry, issuer);
    expect((await gantry.call("GET", "/v1/whoami", undefined, token)).status).toBe(401);
    const folder = mkdtempSync(join(tmpdir(), "gantry-oidc-"));
    const without = await createLoginClient(folder, {});
    onTestFinished(async () => {
      await without.close();
      rmSync(folder, { recursive: true, force: true });
    });
    expect((await without.call("POST", "/v1/login/oidc", { redirect: BACK })).body.code).toBe("login_way_missing");
    expect((await without.call("POST", "/v1/login/device")).body.code).toBe("login_way_missing");
  });
});

describe("a login on another device", () => {
  it("waits until it is confirmed there, asking the issuer no more often than it wants", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    const begun = (await gantry.call("POST", "/v1/login/device")).body as unknown as { flow: string; userCode: string };
    const poll = (): Promise<LoginAnswer> => gantry.call("POST", "/v1/login/device/poll", { flow: begun.flow });
    for (let at = 0; at < 5; at += 1) expect((await poll()).body).toMatchObject({ session: null, interval: 1 });
    expect(issuer.asked.get("/token")).toBe(undefined);
    gantry.wait(1500);
    expect((await poll()).body).toMatchObject({ session: null });
    expect(issuer.asked.get("/token")).toBe(1);
    issuer.confirm(begun.userCode);
    gantry.wait(1500);
    expect((await poll()).body).toMatchObject({ session: { account: { name: "olga" } } });
    expect((await poll()).body.code).toBe("login_flow_unknown");
    expect(await gantry.audited("login.succeeded")).toMatchObject([{ data: { way: "device" } }]);
  });

  it("is not begun without end: the issuer is asked for 100 of an address at a time", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    for (let at = 0; at < 100; at += 1) expect((await gantry.call("POST", "/v1/login/device")).status).toBe(200);
    const refused = await gantry.call("POST", "/v1/login/device");
    expect(refused).toMatchObject({ status: 429, body: { code: "login_busy" } });
    expect(issuer.asked.get("/device")).toBe(100);
    gantry.wait(11 * 60 * 1000);
    expect((await gantry.call("POST", "/v1/login/device")).status).toBe(200);
  });

  it("is refused when it is refused there, and with a bad ID token", async () => {
    const issuer = await startIssuer();
    const gantry = await serverFor(issuer);
    for (const [allowed, bad, code] of [
      [false, undefined, "login_refused"],
      [true, unsigned, "id_token_refused"],
    ] as const) {
      const begun = (await gantry.call("POST", "/v1/login/device")).body as unknown as {
        flow: string;
        userCode: string;
      };
      issuer.confirm(begun.userCode, allowed);
      issuer.bad = bad;
      gantry.wait(1500);
      const poll = await gantry.call("POST", "/v1/login/device/poll", { flow: begun.flow });
      expect(poll).toMatchObject({ status: 401, body: { code } });
    }
  });
});

describe("gantry login", () => {
  it("logs in by a browser of the machine, and by another device", async () => {
    const issuer = await startIssuer();
    const bench = createBench();
    onTestFinished(async () => {
      expect(await bench.clear()).toEqual([]);
    });
    const file = (name: string, content: string): string => {
      const path = join(bench.folder, name);
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    };
    const environment = {
      GANTRY_OIDC_ISSUER: issuer.url,
      GANTRY_OIDC_CLIENT_ID: issuer.clientId,
      GANTRY_OIDC_CLIENT_SECRET_FILE: file("secret", issuer.clientSecret),
      GANTRY_OIDC_CA: file("issuer.pem", issuer.authority),
    };
    const started = await bench.gantry(["server", "start"], environment);
    expect(started.code, started.error).toBe(0);
    const url = /https:\S+/.exec(started.out)?.[0] ?? "";
    const elsewhere = { GANTRY_DATA: "", XDG_CONFIG_HOME: join(bench.folder, "config") };
    const words = ["login", "prod", "--url", url, "--ca", join(bench.dataFolder, "tls/ca.pem")];

    const browser = bench.start([...words, "--oidc"], elsewhere);
    await browser.printed(/https:\S+\/authorize\S+\n/);
    const { redirect, query } = await issuer.browse(browser.text().match(/https:\S+\/authorize\S+/)?.[0] ?? "");
    expect((await fetch(redirect.replace("callback", "other"))).status).toBe(404);
    expect(await (await fetch(`${redirect}?${query}`)).text()).toContain("go back to the terminal");
    const first = await browser.ended;
    expect([first.code, first.out]).toEqual([0, expect.stringContaining("as olga")]);

    const device = bench.start([...words, "--device"], elsewhere);
    await device.printed(/^ {2}[0-9A-F]{8}\n/m);
    issuer.confirm(device.text().match(/^ {2}([0-9A-F]{8})$/m)?.[1] ?? "");
    const second = await device.ended;
    expect([second.code, second.out]).toEqual([0, expect.stringContaining("as olga")]);
    expect((await bench.gantry(["whoami"], elsewhere)).out).toContain("olga (Olga of Example)");
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createLoginClient, type LoginClient } from "./support/login-client.ts";
import { describeReal } from "./support/real.ts";
import { GROUPS, LOOKUP, PEOPLE, startSlapd, type Slapd } from "./support/slapd.ts";

const WORD = "the word of the directory";

function person(uid: string, more: readonly string[] = []): string {
  return [
    `dn: uid=${uid},${PEOPLE}`,
    "objectClass: inetOrgPerson",
    `uid: ${uid}`,
    `cn: ${uid} of Example`,
    `sn: ${uid}`,
    `mail: ${uid}@example.org`,
    `userPassword: ${WORD}`,
    ...more,
    "",
    "",
  ].join("\n");
}

function group(name: string, members: readonly string[], below = GROUPS): string {
  const lines = members.map((uid) => `member: uid=${uid},${PEOPLE}`);
  return [`dn: cn=${name},${below}`, "objectClass: groupOfNames", `cn: ${name}`, ...lines, "", ""].join("\n");
}

const ENTRIES = [
  ...["anna", "bert", "clash", "zoe"].map((uid) => person(uid)),
  group("operators", ["anna"]),
  group("inside", ["bert"]),
  group("operators", ["bert"], `cn=inside,${GROUPS}`),
].join("");

interface Wish {
  readonly url?: string;
  readonly startTls?: boolean;
  readonly ca?: string;
  readonly timeout?: number;
}

async function serverFor(slapd: Pick<Slapd, "tlsUrl" | "authority">, wish: Wish = {}): Promise<LoginClient> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-ldap-"));
  const client = await createLoginClient(folder, {
    ldap: {
      url: wish.url ?? slapd.tlsUrl,
      startTls: wish.startTls ?? false,
      ca: wish.ca ?? slapd.authority,
      bind: LOOKUP,
      base: PEOPLE,
      filter: "(uid={name})",
      attributes: { id: "entryUUID", name: "uid", display: "cn", mail: "mail" },
      groups: { base: GROUPS, filter: "(member={dn})", attribute: "memberOf" },
      timeout: wish.timeout ?? 5000,
    },
  });
  onTestFinished(async () => {
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return client;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
  });
  return (server.address() as { readonly port: number }).port;
}

describeReal("slapd", "people of a directory", () => {
  it("log in with its password, and get an account at the first login", async () => {
    const gantry = await serverFor(await startSlapd(ENTRIES));
    const first = await gantry.logIn("anna", WORD);
    expect(first).toMatchObject({ status: 200, body: { account: { name: "anna", displayName: "anna of Example" } } });
    const second = await gantry.logIn("ANNA", WORD);
    expect(second.body.account).toEqual(first.body.account);
    const shown = await gantry.call("GET", "/v1/accounts/anna");
    expect(shown.body).toMatchObject({ source: "ldap", email: "anna@example.org", directoryGroups: ["operators"] });
    for (const [name, password] of [
      ["anna", "wrong"],
      ["nobody", WORD],
      ["anna", ""],
    ] as const)
      expect(await gantry.logIn(name, password)).toMatchObject({ status: 401, body: { code: "login_refused" } });
    expect((await gantry.call("PUT", "/v1/accounts/anna/password", { password: WORD })).body.code).toBe(
      "password_invalid",
    );
  });

  it("are not found by injection: what is typed stays a value", async () => {
    const gantry = await serverFor(await startSlapd(ENTRIES));
    const tries = [
      "*",
      "ann*",
      "anna)(uid=*",
      "*)(uid=*))(|(uid=*",
      "anna\u0000",
      "anna\\2a",
      `uid=anna,${PEOPLE}`,
      "\u202eanna",
      "\ufeffanna",
      "anna)(objectClass=*",
      "\ud800",
    ];
    for (const name of tries)
      expect([name, (await gantry.logIn(name, WORD)).body.code]).toEqual([name, "login_refused"]);
    const accounts = await gantry.call("GET", "/v1/accounts");
    expect(accounts.body.items).toEqual([]);
  });

  it("have the rights their groups have, and not those of a group of the same name elsewhere", async () => {
    const gantry = await serverFor(await startSlapd(ENTRIES));
    await gantry.call("POST", "/v1/role-bindings", { directoryGroup: "operators", role: "operator" });
    const anna = (await gantry.logIn("anna", WORD)).body.token;
    expect((await gantry.call("GET", "/v1/structures", undefined, anna)).status).toBe(200);
    // A group of the same name somewhere else in the directory is another one.
    const bert = await gantry.logIn("bert", WORD);
    const groups = (await gantry.call("GET", "/v1/accounts/bert")).body["directoryGroups"];
    expect(groups).toEqual([`cn=operators,cn=inside,${GROUPS}`, "inside"].toSorted());
    expect((await gantry.call("GET", "/v1/structures", undefined, bert.body.token)).status).toBe(403);
  });

  it("are never taken for a local account of the same name, nor the other way round", async () => {
    const gantry = await serverFor(await startSlapd(ENTRIES));
    await gantry.call("POST", "/v1/accounts", { kind: "person", name: "clash" });
    await gantry.call("PUT", "/v1/accounts/clash/password", { password: "the word kept here" });
    expect((await gantry.logIn("clash", WORD)).body.code).toBe("login_refused");
    expect((await gantry.logIn("CLASH", WORD)).body.code).toBe("account_name_taken");
    expect((await gantry.logIn("clash", "the word kept here")).status).toBe(200);
  });

  it("are refused when their account is disabled here", async () => {
    const gantry = await serverFor(await startSlapd(ENTRIES));
    const { token } = (await gantry.logIn("zoe", WORD)).body;
    await gantry.call("PATCH", "/v1/accounts/zoe", { disabled: true });
    expect((await gantry.call("GET", "/v1/whoami", undefined, token)).status).toBe(401);
    expect((await gantry.logIn("zoe", WORD)).body.code).toBe("login_refused");
  });

  it("wait while the directory is down: local logins and tokens go on", async () => {
    const slapd = await startSlapd(ENTRIES);
    const gantry = await serverFor(slapd);
    await gantry.call("POST", "/v1/accounts", { kind: "person", name: "local" });
    await gantry.call("PUT", "/v1/accounts/local/password", { password: "the word kept here" });
    const { token } = (await gantry.logIn("anna", WORD)).body;
    await slapd.stop();
    for (let at = 0; at < 12; at += 1)
      expect(await gantry.logIn("anna", WORD)).toMatchObject({ status: 503, body: { code: "login_unavailable" } });
    expect((await gantry.logIn("local", "the word kept here")).status).toBe(200);
    expect((await gantry.call("GET", "/v1/whoami", undefined, token)).status).toBe(200);
  });

  it("wait no longer than the time-out for a directory that says nothing", async () => {
    const silent = createServer();
    const port = await listening(silent);
    const sockets = new Set<{ destroy(): void }>();
    silent.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
    const gantry = await serverFor(
      { tlsUrl: `ldaps://127.0.0.1:${port}`, authority: "" },
      { timeout: 200, url: `ldap://127.0.0.1:${port}`, startTls: true },
    );
    expect((await gantry.logIn("anna", WORD)).body.code).toBe("login_unavailable");
    for (const socket of sockets) socket.destroy();
  });

  it("are asked over TLS by the right authority alone, from the beginning or by StartTLS", async () => {
    const slapd = await startSlapd(ENTRIES);
    const other = await startSlapd("");
    const upgraded = await serverFor(slapd, { url: slapd.url, startTls: true });
    expect((await upgraded.logIn("anna", WORD)).status).toBe(200);
    for (const wish of [{ ca: other.authority }, { ca: other.authority, url: slapd.url, startTls: true }]) {
      const wrong = await serverFor(slapd, wish);
      expect((await wrong.logIn("anna", WORD)).body.code).toBe("login_unavailable");
    }
  });
});

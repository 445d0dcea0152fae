import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { startVault, type VaultEmulator } from "../../test/support/vault.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { manualClock, systemClock } from "../kernel/clock.ts";
import { ensureCertificates } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import type { MasterKeySettings } from "./providers.ts";
import type { Secrets } from "./secrets.ts";
import { openRoom, SECRET_ROOM_MIGRATIONS, testFolder, type TestRoom } from "./testing/room.ts";
import { createVault, type VaultSettings } from "./vault.ts";

// Against an emulator of Vault, written after its public API documentation.

const VALUE = "a value";

async function emulator(): Promise<VaultEmulator> {
  const vault = await startVault();
  onTestFinished(() => vault.close());
  vault.tokens.set("hvs.good", { seconds: 0, renewable: false });
  vault.roles.set("gantry", "s.ecret");
  return vault;
}

function file(name: string, text: string, mode = 0o600): string {
  const path = join(testFolder(), name);
  writeFileSync(path, `${text}\n`, { mode });
  return path;
}

function withToken(vault: VaultEmulator, source: string, token = "hvs.good"): Partial<MasterKeySettings> {
  const rest = { ca: null, namespace: null, roleId: null, secretIdFile: null };
  return { source, vault: { ...rest, address: vault.url, tokenFile: file("token", token) } };
}

function withRole(vault: VaultEmulator, source: string): Partial<MasterKeySettings> {
  const rest = { ca: null, namespace: null, tokenFile: null };
  return { source, vault: { ...rest, address: vault.url, roleId: "gantry", secretIdFile: file("secret", "s.ecret") } };
}

async function keep(secrets: Secrets, name = "db"): Promise<string> {
  const owner = { kind: "tenant", name: "default" } as const;
  const data = { name, owner, kind: "text", value: Buffer.from(VALUE), description: "", expiresAt: null } as const;
  return (await secrets.service.create(ADMINISTRATOR, data)).id;
}

async function read(secrets: Secrets, id: string): Promise<string | undefined> {
  return (await secrets.service.value(ADMINISTRATOR, id)).value.text();
}

async function roomWith(settings: Partial<MasterKeySettings>): Promise<TestRoom> {
  return openRoom(await openSqlite(SECRET_ROOM_MIGRATIONS), settings);
}

const TRANSIT = "vault-transit:transit/gantry";
const KV = "vault-kv:secret/gantry/server#master-key";

describe("the transit engine", () => {
  it("wraps the data keys; the master key is never here", async () => {
    const vault = await emulator();
    const room = await roomWith(withToken(vault, TRANSIT));
    const id = await keep(room.secrets);
    const { wrapped } = await room.database.kysely.selectFrom("data_key").select("wrapped").executeTakeFirstOrThrow();
    expect(Buffer.from(wrapped).toString()).toMatch(/^vault:v1:/);
    expect(await read(await room.again(), id)).toBe(VALUE);
    expect((await room.secrets.keys.status(ADMINISTRATOR)).masterKey).toMatchObject({ id: "transit/transit/gantry" });
  });

  it("asks once for each data key: later, Vault may be away", async () => {
    const vault = await emulator();
    const room = await roomWith(withToken(vault, TRANSIT));
    const id = await keep(room.secrets);
    vault.sealed = true;
    const asked = vault.asked.length;
    for (let count = 0; count < 5; count += 1) expect(await read(room.secrets, id)).toBe(VALUE);
    await keep(room.secrets, "more");
    expect(vault.asked).toHaveLength(asked);
    await expect(room.secrets.sealer.seal("new tenant", Buffer.of(1), [])).rejects.toMatchObject({
      code: "master_key_unreachable",
      message: expect.stringContaining("Vault is sealed"),
    });
  });

  it("may be sealed at the start: secrets are locked until it is not", async () => {
    const vault = await emulator();
    const room = await roomWith(withToken(vault, TRANSIT));
    const id = await keep(room.secrets);
    vault.sealed = true;
    const next = await room.again();
    expect(next.state()).toMatchObject({ state: "locked", reason: expect.stringContaining("Vault is sealed") });
    await expect(read(next, id)).rejects.toMatchObject({ code: "secrets_locked" });
    vault.sealed = false;
    room.clock.advance(10_000);
    await next.keys.unlock();
    expect(await read(next, id)).toBe(VALUE);
  });

  it("goes over to a new version of its key, after which the old one may be forgotten", async () => {
    const vault = await emulator();
    const room = await roomWith(withToken(vault, TRANSIT));
    const id = await keep(room.secrets);
    vault.rotate("transit", "gantry");
    expect(await room.secrets.keys.rotateMaster(ADMINISTRATOR)).toMatchObject({ dataKeys: 1 });
    vault.forget("transit", "gantry", 2);
    expect(await read(await room.again(), id)).toBe(VALUE);
  });

  it("with another key of the same name does not open, and says so", async () => {
    const room = await roomWith(withToken(await emulator(), TRANSIT));
    await keep(room.secrets);
    const next = await room.again(withToken(await emulator(), TRANSIT));
    expect(next.state()).toMatchObject({
      state: "locked",
      reason: expect.stringContaining("cipher: message authentication failed"),
    });
  });
});

describe("the KV engine", () => {
  const key = (byte: number) => ({ "master-key": Buffer.alloc(32, byte).toString("base64") });

  it("gives the key, also an older version of it, and goes over to the one put there last", async () => {
    const vault = await emulator();
    vault.values.set("secret/gantry/server", [key(1)]);
    const room = await roomWith(withRole(vault, KV));
    const id = await keep(room.secrets);
    await expect(room.secrets.keys.rotateMaster(ADMINISTRATOR)).rejects.toMatchObject({ code: "master_key_unchanged" });
    vault.values.set("secret/gantry/server", [key(1), null, key(3)]);
    expect(await read(await room.again(), id)).toBe(VALUE);
    expect(await room.secrets.keys.rotateMaster(ADMINISTRATOR)).toMatchObject({ source: KV, dataKeys: 1 });
    vault.values.set("secret/gantry/server", [null, null, key(3)]);
    expect(await read(await room.again(), id)).toBe(VALUE);
  });

  it("without the field, or with something else in it, is told", async () => {
    const vault = await emulator();
    const reason = async (): Promise<string | null> => (await roomWith(withToken(vault, KV))).secrets.state().reason;
    expect(await reason()).toContain("answers 404");
    vault.values.set("secret/gantry/server", [{ other: "x" }]);
    expect(await reason()).toContain("no text in 'master-key'");
    vault.values.set("secret/gantry/server", [{ "master-key": "canary" }]);
    expect(await reason()).toContain("does not hold 32 bytes in base64");
    expect(await reason()).not.toContain("canary");
  });

  it("can be gone over to from a file, and from there to transit", async () => {
    const vault = await emulator();
    vault.values.set("secret/gantry/server", [key(1)]);
    const { vault: settings } = withToken(vault, KV);
    const room = await roomWith({ vault: settings! });
    const id = await keep(room.secrets);
    for (const source of [KV, TRANSIT]) {
      expect(await room.secrets.keys.rotateMaster(ADMINISTRATOR, source)).toMatchObject({ source, configured: false });
      expect(await read(room.secrets, id)).toBe(VALUE);
      expect(await read(await room.again(), id)).toBe(VALUE);
    }
  });
});

describe("who we are", () => {
  function vaultOf(vault: VaultEmulator, settings: Partial<VaultSettings>, clock = manualClock()) {
    const none = { ca: null, namespace: null, tokenFile: null, roleId: null, secretIdFile: null };
    const made = createVault({ settings: { url: vault.url, ...none, ...settings }, clock, log: silentLogger() });
    onTestFinished(() => made.close());
    return { ask: () => made.ask("POST", "transit/encrypt/k", { plaintext: "" }), clock };
  }

  const role = () => ({ roleId: "gantry", secretIdFile: file("secret", "s.ecret") });

  it("is said by AppRole once, and renewed before the lease ends", async () => {
    const vault = await emulator();
    vault.leaseSeconds = 60;
    const { ask, clock } = vaultOf(vault, role());
    await ask();
    await ask();
    expect(vault.asked.filter((one) => one.includes("login"))).toHaveLength(1);
    const renewals = () => vault.asked.filter((one) => one.includes("renew-self")).length;
    for (let count = 1; count <= 3; count += 1) {
      clock.advance(40_000);
      await expect.poll(renewals).toBe(count);
    }
    await ask();
    expect(vault.asked.filter((one) => one.includes("login"))).toHaveLength(1);
  });

  it("is said again when the token is not believed any more", async () => {
    const vault = await emulator();
    const { ask } = vaultOf(vault, role());
    await ask();
    vault.tokens.clear();
    await ask();
    expect(vault.asked.filter((one) => one.includes("login"))).toHaveLength(2);
  });

  it("is said by the token that is in the file now", async () => {
    const vault = await emulator();
    const tokenFile = file("token", "hvs.good");
    const { ask } = vaultOf(vault, { tokenFile });
    await ask();
    vault.tokens.clear();
    vault.tokens.set("hvs.new", { seconds: 0, renewable: false });
    await expect(ask()).rejects.toMatchObject({
      code: "master_key_unreachable",
      message: expect.stringContaining("403"),
    });
    writeFileSync(tokenFile, "hvs.new");
    await ask();
  });

  it.each([
    ["a wrong secret id", { roleId: "gantry", secretIdFile: "wrong" }, "invalid role or secret ID"],
    ["a wrong token", { tokenFile: "wrong" }, "permission denied"],
  ])("with %s is refused, and no secret is told", async (_what, settings, message) => {
    const vault = await emulator();
    const path = file("given", "canary-token");
    const named = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, value === "wrong" ? path : value]),
    );
    const failed: unknown = await vaultOf(vault, named)
      .ask()
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "master_key_unreachable", message: expect.stringContaining(message) });
    expect(JSON.stringify(failed)).not.toContain("canary-token");
    expect((failed as Error).message).not.toContain("canary-token");
  });

  it("with a file that others may read is not said at all", async () => {
    const vault = await emulator();
    const { ask } = vaultOf(vault, { tokenFile: file("token", "hvs.good", 0o644) });
    await expect(ask()).rejects.toMatchObject({ code: "file_not_private" });
    expect(vault.asked).toEqual([]);
  });

  it.each([
    ["http://vault.example:8200", "must begin with https://"],
    ["https://user:word@vault.example", "hold no user"],
    ["ftp://127.0.0.1", "must begin with https://"],
  ])("goes to no address like %s", async (url, message) => {
    const vault = await emulator();
    expect(() => vaultOf(vault, { url, tokenFile: "/x" })).toThrow(message);
  });

  it("is said only to a server whose authority is trusted", async () => {
    const folder = join(testFolder(), "tls");
    mkdirSync(folder, { mode: 0o700 });
    const { chain, key } = await ensureCertificates(folder, ["127.0.0.1"], systemClock);
    const vault = await startVault({ cert: chain, key });
    onTestFinished(() => vault.close());
    vault.roles.set("gantry", "s.ecret");
    const trusting = vaultOf(vault, { ...role(), ca: join(folder, "ca.pem") });
    await trusting.ask();
    const asked = vault.asked.length;
    await expect(vaultOf(vault, role()).ask()).rejects.toMatchObject({ code: "master_key_unreachable" });
    expect(vault.asked).toHaveLength(asked);
  });
});

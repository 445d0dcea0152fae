import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMINISTRATOR } from "../src/access/testing.ts";
import { createClient, type GantryClient } from "../src/client/index.ts";
import { openRoom, SECRET_ROOM_MIGRATIONS } from "../src/secrets/testing/room.ts";
import { openPostgres } from "./support/databases.ts";
import { createBench, type Bench } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

/** Secrets as a user keeps them, and the days on which the master key is not the right one. */

const CANARY = "canary-91c4e7";
const PEM = "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n";

let bench: Bench;
let client: GantryClient;

beforeAll(async () => {
  bench = createBench();
  expect(await bench.gantry(["server", "start"])).toMatchObject({ code: 0 });
  for (const words of [
    ["site", "lab"],
    ["structure", "web1", "site=lab"],
    ["group", "web"],
  ])
    expect(await bench.gantry(["create", ...words])).toMatchObject({ code: 0 });
  client = createClient({ dataFolder: bench.dataFolder });
});

afterAll(async () => {
  client.close();
  expect(await bench.clear()).toEqual([]);
});

function write(name: string, content: string | Uint8Array): string {
  const path = join(bench.folder, name);
  writeFileSync(path, content);
  return path;
}

function secret(...words: readonly string[]) {
  return bench.gantry(["secret", ...words]);
}

describe("a secret on the command line", () => {
  it("is kept for its owner, listed without its value, read, replaced and deleted", async () => {
    const file = write("value", `${CANARY}\n`);
    expect(
      await secret("set", "db", "--structure", "web1", "--value-file", file, "--description", "of the shop"),
    ).toEqual(
      expect.objectContaining({ code: 0, out: "Secret db of structure web1 kept (text, 13 bytes)\n", error: "" }),
    );
    await secret("set", "db", "--site", "lab", "--value-file", write("pem", PEM));
    await secret("set", "db", "--value-file", write("blob", Uint8Array.of(255, 0, 10)));
    const { out } = await secret("list");
    expect(out.split("\n").map((line) => line.split(/ {2,}/).slice(0, 4).join("|"))).toEqual([
      "NAME|OWNER|KIND|BYTES",
      "db|structure web1|text|13",
      "db|site lab|pem|63",
      "db|tenant default|blob|3",
      "",
    ]);
    expect(out).not.toContain(CANARY);
    expect(await secret("get", "db", "--structure", "web1")).toMatchObject({ code: 0, out: CANARY });
    expect(await secret("get", "db", "--site", "lab")).toMatchObject({ code: 0, out: PEM });
    const place = join(bench.folder, "got");
    expect(await secret("get", "db", "--out", place)).toMatchObject({ code: 0, out: "" });
    expect([...readFileSync(place)]).toEqual([255, 0, 10]);
    expect(statSync(place).mode & 0o777).toBe(0o600);
    expect(await secret("get", "db")).toMatchObject({ code: 2, error: expect.stringContaining("--out FILE") });

    const replaced = await secret("set", "db", "--structure", "web1", "--value-file", write("value", "second"));
    expect(replaced.out).toBe("Secret db of structure web1 replaced (text, 6 bytes)\n");
    const shown = JSON.parse((await secret("show", "db", "--structure", "web1", "-o", "json")).out) as object;
    expect(shown).toMatchObject({ description: "of the shop", version: 2, size: 6 });
    expect(await secret("delete", "db", "--site", "lab")).toMatchObject({ code: 2 });
    expect(await secret("delete", "db", "--site", "lab", "--yes")).toMatchObject({ code: 0 });
    expect(await secret("show", "db", "--site", "lab")).toMatchObject({
      code: 1,
      error: expect.stringContaining("the site 'lab' has no secret 'db' (secret_unknown)"),
    });
  });

  it.each([
    [["set", "x", "--site", "nowhere", "--value-file", "value"], "there is no site 'nowhere' (secret_invalid)"],
    [["set", "x", "--site", "lab", "--group", "web", "--value-file", "value"], "a secret has one owner"],
    [["set", "a/b", "--value-file", "value"], "must be letters, digits"],
    [["set", "x", "--kind", "pem", "--value-file", "value"], "the value is not PEM"],
    [["set", "x", "--value-file", "missing"], "cannot be read"],
    [["set", "x", "--value-file", "value", "--expires", "soon"], "--expires 'soon' is not a time"],
    [["set", "x"], "--value-file"],
    [["set", "x", "a value", "--value-file", "value"], "too many arguments"],
  ])("is refused: %j", async (words, message) => {
    write("value", "value");
    const ended = await bench.gantry([
      "secret",
      ...words.map((word) => (word === "value" ? join(bench.folder, word) : word)),
    ]);
    expect(ended.code).toBe(2);
    expect(ended.error).toContain(message);
    expect(ended.error).not.toMatch(/^\s+at /m);
  });

  it("goes with its owner", async () => {
    await bench.gantry(["create", "structure", "gone", "site=lab"]);
    await secret("set", "x", "--structure", "gone", "--value-file", write("value", "v"));
    const { items } = await client.get<{ items: { id: string }[] }>("/v1/secrets?name=x");
    await bench.gantry(["delete", "structure", "gone", "--yes"]);
    expect((await client.get<{ items: object[] }>("/v1/secrets?name=x")).items).toEqual([]);
    await expect(client.get(`/v1/secrets/${items[0]!.id}/value`)).rejects.toMatchObject({ code: "secret_unknown" });
  });
});

describe("over HTTP", () => {
  it("a value is not stored by anybody on the way, and wants the version that was read", async () => {
    const body = { name: "http", owner: { kind: "tenant" }, value: CANARY };
    const made = await client.send<{ id: string }>("POST", "/v1/secrets", body);
    const opened = await client.get<object>(`/v1/secrets/${made.id}/value`);
    expect(opened).toMatchObject({ value: CANARY, encoding: "utf8" });
    const replace = (headers: Record<string, string>) =>
      client.send("PUT", `/v1/secrets/${made.id}`, { value: "b" }, headers);
    await expect(replace({})).rejects.toMatchObject({ code: "version_required" });
    await expect(replace({ "if-match": '"7"' })).rejects.toMatchObject({ code: "version_mismatch" });
    expect(await replace({ "if-match": '"1"' })).toMatchObject({ version: 2 });
    const once = (value: string) =>
      client.send("POST", "/v1/secrets", { ...body, name: "once", value }, { "idempotency-key": "k1" });
    expect(await once("a")).toEqual(await once("a"));
    await expect(once("b")).rejects.toMatchObject({ code: "idempotency_key_reused" });
    const largest = { ...body, name: "large", kind: "blob", encoding: "base64" };
    const mebibyte = Buffer.alloc(1024 * 1024, 1);
    await client.send("POST", "/v1/secrets", { ...largest, value: mebibyte.toString("base64") });
    const more = Buffer.concat([mebibyte, Buffer.of(1)]).toString("base64");
    await expect(client.send("POST", "/v1/secrets", { ...largest, value: more })).rejects.toMatchObject({
      code: "secret_invalid",
    });
  });
});

describe("the master key", () => {
  const keyFile = (): string => join(bench.dataFolder, "master.key");

  async function restart(environment?: NodeJS.ProcessEnv): Promise<void> {
    await bench.gantry(["server", "stop"]);
    expect(await bench.gantry(["server", "start"], environment)).toMatchObject({ code: 0 });
  }

  it("that is a wrong one locks secrets, says so everywhere, and nothing else", async () => {
    const { masterKey } = JSON.parse((await secret("status", "-o", "json")).out) as { masterKey: { id: string } };
    renameSync(keyFile(), join(bench.folder, "kept"));
    writeFileSync(keyFile(), Buffer.alloc(32, 1).toString("base64"), { mode: 0o600 });
    await restart();
    const status = await secret("status");
    expect(status.code).toBe(1);
    expect(status.out).toMatch(new RegExp(`^State: +locked\nNeeded key: ${masterKey.id} `));
    expect(status.error).toContain("Nothing can be opened or written:");
    for (const words of [
      ["get", "db", "--structure", "web1"],
      ["set", "new", "--value-file", write("value", "v")],
      ["rotate-data"],
      ["rotate-master"],
      ["unlock"],
    ]) {
      const ended = await secret(...words);
      expect([words, ended.code]).toEqual([words, 1]);
      expect(ended.error).toContain(`the master key ${masterKey.id}`);
      expect(ended.error).toContain("(secrets_locked)");
    }
    expect((await secret("list")).out).toContain("structure web1");
    expect(await client.get("/readyz")).toEqual({ status: "ok", secrets: "locked" });
    expect((await bench.gantry(["server", "status"])).out).toContain("secrets: locked");
    expect(readFileSync(join(bench.dataFolder, "server.log"), "utf8")).toContain('"msg":"secrets are locked"');
    expect(await bench.gantry(["create", "site", "other"])).toMatchObject({ code: 0 });

    renameSync(join(bench.folder, "kept"), keyFile());
    expect(await secret("unlock")).toMatchObject({ code: 0, out: expect.stringMatching(/^State: +open\n/) });
    expect(await secret("get", "db", "--structure", "web1")).toMatchObject({ code: 0, out: "second" });
  });

  it("is gone over to the environment, and from there to another file", async () => {
    const key = Buffer.alloc(32, 0x5a).toString("base64");
    await restart({ GANTRY_MASTER_KEY: key });
    expect((await secret("status")).error).toBe("");
    expect(await secret("rotate-master")).toMatchObject({ code: 0, out: expect.stringContaining("(environment)") });
    expect(await secret("get", "db", "--structure", "web1")).toMatchObject({ code: 0, out: "second" });
    await restart();
    expect((await secret("status")).code).toBe(1);
    await restart({ GANTRY_MASTER_KEY: key });
    const back = join(bench.folder, "new.key");
    expect((await secret("rotate-master", "--to", `file:${back}`)).error).toContain(
      `master_key_source to file:${back}`,
    );
    await restart();
    expect(await secret("get", "db", "--structure", "web1")).toMatchObject({ code: 0, out: "second" });
  });

  it("in a setting that is no place of a key is told at the start", async () => {
    await bench.gantry(["server", "stop"]);
    const ended = await bench.gantry(["server", "run"], { GANTRY_MASTER_KEY_SOURCE: "vault-transt:a/b" });
    expect(ended.code).not.toBe(0);
    expect(ended.error).toContain("did you mean 'vault-transit'?");
    const lacking = await bench.gantry(["server", "run"], { GANTRY_MASTER_KEY_SOURCE: "vault-transit:transit/gantry" });
    expect(lacking.error).toContain("needs the setting vault_address");
    expect(await bench.gantry(["server", "start"])).toMatchObject({ code: 0 });
  });
});

it("what was kept is in no file of the server", async () => {
  const canaries = [CANARY, Buffer.from(CANARY).toString("base64").slice(0, 16), "Y2FuYXJ5"];
  await bench.gantry(["server", "stop"]);
  for (const entry of readdirSync(bench.dataFolder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const content = readFileSync(join(entry.parentPath, entry.name));
    for (const canary of canaries) expect([entry.name, content.includes(canary)]).toEqual([entry.name, false]);
  }
});

describeReal("postgresql", "secrets on PostgreSQL", () => {
  it("are kept, sealed anew and wrapped anew", async () => {
    const { secrets, again } = await openRoom(await openPostgres(SECRET_ROOM_MIGRATIONS));
    const owner = { kind: "tenant", name: "default" } as const;
    const data = { owner, kind: "text", value: Buffer.from(CANARY), description: "", expiresAt: null } as const;
    const ids: string[] = [];
    for (let count = 0; count < 300; count += 1)
      ids.push((await secrets.service.create(ADMINISTRATOR, { name: `n${count}`, ...data })).id);
    const twice = secrets.service.create(ADMINISTRATOR, { name: "n0", ...data });
    await expect(twice).rejects.toMatchObject({ code: "secret_name_taken" });
    await secrets.keys.rotateData(ADMINISTRATOR);
    await secrets.settled();
    await secrets.keys.rotateMaster(ADMINISTRATOR);
    const next = await again();
    expect(await next.keys.status(ADMINISTRATOR)).toMatchObject({ state: "open", secrets: 300, left: 0 });
    for (const id of ids) expect((await next.service.value(ADMINISTRATOR, id)).value.text()).toBe(CANARY);
  });

  it("have one data key, however many servers make the first one", async () => {
    const { again } = await openRoom(await openPostgres(SECRET_ROOM_MIGRATIONS));
    const servers = await Promise.all([again(), again(), again()]);
    const all = await Promise.all(
      servers.flatMap(({ sealer }) => Array.from({ length: 5 }, () => sealer.sealing("t", 1))),
    );
    expect(new Set(all.map(({ generation }) => generation))).toEqual(new Set([1]));
  });
});

import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { vaultText } from "../src/exchange/vault.ts";
import { canary, random, tracesBelow } from "./support/canaries.ts";
import { createBench, type Bench } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

/** Secrets in exports for Ansible: left out, or encrypted by whoever exports, and read by the real Ansible. */

const run = promisify(execFile);
const TENANT = canary("tenant", `it's "${random(16)}" {{ x }}\nand more: ${random(16)} für`);
const SITE = canary("site", random(24));
const PEM = canary("pem", `-----BEGIN PRIVATE KEY-----\n${random(64)}\n${random(64)}\n-----END PRIVATE KEY-----\n`);

let bench: Bench;
const place = (name: string): string => join(bench.folder, name);

beforeAll(() => {
  bench = createBench();
});
afterAll(async () => {
  expect(await bench.clear()).toEqual([]);
});

async function gantry(...words: readonly string[]): Promise<string> {
  const end = await bench.gantry(words);
  expect([end.code, end.error]).toEqual([0, ""]);
  return end.out;
}

function ansible(program: string, ...words: readonly string[]): Promise<{ stdout: string }> {
  const environment = { ...process.env, ANSIBLE_NOCOLOR: "1", ANSIBLE_LOCALHOST_WARNING: "0" };
  return run(program, [...words], { cwd: place("out"), env: environment });
}

async function keep(name: string, value: string, ...owner: readonly string[]): Promise<void> {
  writeFileSync(place("value"), value);
  await gantry("secret", "set", name, ...owner, "--value-file", place("value"));
  writeFileSync(place("value"), "");
}

describeReal("ansible", "secrets in an export for Ansible", () => {
  beforeAll(async () => {
    await gantry("server", "start");
    await gantry("create", "site", "lab", 'variables.tls={"$secret":"tls"}');
    await gantry(
      "create",
      "group",
      "web",
      'variables.database={"user":"app","password":{"$secret":"db"}}',
      "variables.plain=here",
    );
    for (const name of ["web1", "web2"])
      await gantry("create", "structure", name, "site=lab", 'groups=["web"]', 'variables.token={"$secret":"token"}');
    await gantry("create", "structure", "apart", "site=lab", 'variables.plain={"$secret":"token"}', 'groups=["web"]');
    await keep("db", TENANT.value);
    await keep("token", SITE.value, "--site", "lab");
    await keep("token", `own-${random(16)}`, "--structure", "web2");
    await keep("tls", PEM.value, "--site", "lab");
    writeFileSync(place("password"), "correct horse\n", { mode: 0o600 });
  });

  it("are left out, and what was is listed", async () => {
    await gantry("inventory", "export", "--out", "out");
    expect(tracesBelow(place("out"), [TENANT, SITE, PEM], () => false)).toEqual([]);
    const { stdout } = await ansible("ansible-inventory", "--list");
    const list = JSON.parse(stdout) as Record<string, { hostvars: Record<string, object> }>;
    const { hostvars } = list["_meta"]!;
    expect(hostvars["web1"]).toMatchObject({ plain: "here" });
    for (const name of ["tls", "database", "token"]) expect(hostvars["web1"]).not.toHaveProperty(name);
    // What a group says under the same name is not taken for it.
    expect(hostvars["apart"]).toMatchObject({ plain: null });
    const left = JSON.parse(readFileSync(join(place("out"), "gantry-secrets.json"), "utf8")) as {
      hosts: Record<string, { variables: object }>;
    };
    expect(left.hosts["web1"]?.variables).toEqual({
      database: { user: "app", password: { $secret: "db" } },
      tls: { $secret: "tls" },
      token: { $secret: "token" },
    });
    const dynamic = await gantry("inventory", "export", "--format", "json", "--out", "list.json").then(() =>
      readFileSync(place("list.json"), "utf8"),
    );
    expect(JSON.parse(dynamic)).toMatchObject({ _meta: { left_out: { apart: expect.arrayContaining(["plain"]) } } });
  });

  it("are encrypted by a password that the server never has, and used by a real playbook", async () => {
    await gantry("inventory", "export", "--out", "out", "--vault-password-file", "password");
    expect(tracesBelow(place("out"), [TENANT, SITE, PEM], () => false)).toEqual([]);
    expect(tracesBelow(bench.dataFolder, [canary("password", "correct horse")], () => false)).toEqual([]);
    expect(readFileSync(join(place("out"), "hosts/host_vars/web1.yml"), "utf8")).toContain("!vault |");
    writeFileSync(
      join(place("out"), "check.yml"),
      `- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: "{{ {'token': token | default(plain), 'user': database.user, 'password': database.password} | to_json }}"
        dest: "{{ inventory_dir }}/../seen-{{ inventory_hostname }}.json"
    - ansible.builtin.copy: { src: "{{ tls }}", dest: "{{ inventory_dir }}/../seen.pem" }
`,
    );
    await ansible("ansible-playbook", "--vault-password-file", "../password", "check.yml");
    const seen = (name: string) => JSON.parse(readFileSync(join(place("out"), `seen-${name}.json`), "utf8")) as object;
    const database = { user: "app", password: TENANT.value };
    expect(seen("web1")).toEqual({ token: SITE.value, ...database });
    expect(seen("apart")).toEqual({ token: SITE.value, ...database });
    // The nearest secret of the name: its own.
    expect(seen("web2")).toMatchObject({ token: expect.stringMatching(/^own-/), ...database });
    expect(readFileSync(join(place("out"), "seen.pem"), "utf8")).toBe(PEM.value);
  });

  it("go into a folder alone, by a password that is for its owner alone", async () => {
    const tgz = await bench.gantry([
      "inventory",
      "export",
      "--format",
      "tgz",
      "--out",
      "x.tgz",
      "--vault-password-file",
      "password",
    ]);
    expect(tgz.error).toContain("--vault-password-file goes with --format folder");
    writeFileSync(place("open"), "correct horse", { mode: 0o644 });
    const open = await bench.gantry(["inventory", "export", "--out", "y", "--vault-password-file", "open"]);
    expect([open.code, open.error]).toEqual([expect.any(Number), expect.stringContaining("file_not_private")]);
  });
});

describeReal("ansible", "a vault text", () => {
  it.each([0, 1, 15, 16, 17, 5000])("of %i bytes is opened by ansible-vault", async (size) => {
    const value = Buffer.from(random(size));
    mkdirSync(place("out"), { recursive: true });
    writeFileSync(place("password-of-texts"), "another", { mode: 0o600 });
    writeFileSync(place("text"), vaultText(value, Buffer.from("another"), Buffer.from(random(32))));
    const { stdout } = await ansible(
      "ansible-vault",
      "decrypt",
      "--output=-",
      "--vault-password-file",
      "../password-of-texts",
      "../text",
    );
    expect(stdout).toBe(value.toString());
  });
});

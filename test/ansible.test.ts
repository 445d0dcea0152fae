import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { createAnsiblePlanner } from "../src/exchange/ansible.ts";
import { bundleFiles, dynamicInventory, type ExportRecord } from "../src/exchange/ansible-render.ts";
import { yamlText } from "../src/exchange/ansible-yaml.ts";
import { tgzOf } from "../src/exchange/bundle.ts";
import { placeFolder } from "../src/exchange/bundle-folder.ts";
import { worlds } from "../src/exchange/testing/worlds.ts";
import { createResolver } from "../src/inventory/index.ts";
import type { Json, JsonObject } from "../src/kernel/json.ts";
import { createBench, ROOT, type Bench } from "./support/gantry.ts";
import { startGitServer, type GitServer } from "./support/git.ts";
import { describeReal } from "./support/real.ts";
import { startSshServer, type SshServer } from "./support/sshd.ts";

const run = promisify(execFile);
const SEED = 20260101;
const RECORD: ExportRecord = { tenant: "t", revision: 1, exportedAt: "", group: "all", configurations: [] };

/** `_meta` holds the variables of hosts; everything else is a group. */
type Listed = Readonly<
  Record<
    string,
    {
      readonly hosts?: readonly string[];
      readonly children?: readonly string[];
      readonly hostvars?: Readonly<Record<string, JsonObject>>;
    }
  >
>;

function variablesIn(list: Listed): Readonly<Record<string, JsonObject>> {
  return list["_meta"]?.hostvars ?? {};
}

/** What Ansible makes of the inventory of a folder, or of the one named. */
async function listed(cwd: string, ...words: readonly string[]): Promise<Listed> {
  const { stdout } = await run("ansible-inventory", ["--list", ...words], {
    cwd,
    env: environment(),
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout) as Listed;
}

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, ANSIBLE_NOCOLOR: "1", ANSIBLE_LOCALHOST_WARNING: "0", ...more };
}

/** Groups and variables, in one order. */
function normal(list: Listed): JsonObject {
  const { _meta: _variables, ...groups } = list;
  const sorted = Object.entries(groups).map(([name, { hosts = [], children = [] }]) => [
    name,
    { hosts: hosts.toSorted(), children: children.toSorted() },
  ]);
  return { groups: Object.fromEntries(sorted) as Json, variables: variablesIn(list) };
}

describeReal("ansible", "an exported inventory", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gantry-ansible-"));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each(fc.sample(worlds(), { numRuns: 12, seed: SEED }).map((world, index) => [index, world] as const))(
    "resolves every host of world %i as we do",
    async (_index, world) => {
      const hosts = [...world.structures.keys()];
      const inventory = createAnsiblePlanner(world, { builtIn: true }).plan(hosts);
      await placeFolder(tgzOf(bundleFiles(inventory, RECORD), new Date(0)), join(folder, "out"), {
        force: false,
        each: false,
      });
      const script = join(folder, "script");
      writeFileSync(join(folder, "list.json"), [...dynamicInventory(inventory)].join(""));
      writeFileSync(script, `#!/bin/sh\ncat ${join(folder, "list.json")}\n`, { mode: 0o755 });
      const [ofFolder, ofScript] = await Promise.all([listed(join(folder, "out")), listed(folder, "-i", script)]);
      const resolver = createResolver(world);
      const expected = Object.fromEntries(
        hosts.map((host) => {
          const address = world.structures.get(host)?.managementAddress ?? null;
          const { values } = resolver.structure(host);
          return [host, address === null ? values : { ...values, ansible_host: address }];
        }),
      );
      expect(variablesIn(ofFolder)).toEqual(expected);
      expect(variablesIn(ofScript)).toEqual(expected);
      expect(normal(ofScript)).toEqual(normal(ofFolder));
    },
  );

  it("has values that Ansible's parser reads as they were", async () => {
    const text = fc.string({ unit: "binary", maxLength: 12 });
    const keys = fc.string({ unit: fc.constantFrom(..."aZ09_-"), minLength: 1, maxLength: 5 });
    const values = fc.oneof(
      text,
      fc.constantFrom("yes", "No", "~", "1:30", "0o7", "2020-01-01", "<<", "=", "a: b", "- x", "!vault", "{{ x }}"),
      fc.constantFrom("\u0085\u2028", "0x1f", "a\nb\n", "e1", "1e3", ".5", "1_0", "\ufeff", "null", "NaN"),
      fc.jsonValue({ maxDepth: 3 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const made = fc.sample(fc.dictionary(keys, values, { maxKeys: 20 }), { numRuns: 100, seed: SEED });
    const maps = made.map((one) => JSON.parse(JSON.stringify(one)) as JsonObject);
    mkdirSync(join(folder, "vars"));
    for (const [index, one] of maps.entries()) writeFileSync(join(folder, `vars/${index}.yml`), yamlText(one));
    const program = [
      "import json, sys",
      "from ansible.parsing.dataloader import DataLoader",
      "loader = DataLoader()",
      `print(json.dumps([loader.load_from_file('vars/%d.yml' % i) for i in range(${maps.length})]))`,
    ];
    const { stdout } = await run("/usr/bin/python3", ["-c", program.join("\n")], {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(JSON.parse(stdout)).toEqual(maps);
  });
});

const PEM = "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n";

const PLAYBOOK = `
- hosts: all
  gather_facts: false
  tasks:
    - name: A file that a variable brought
      ansible.builtin.copy:
        src: "{{ certificate }}"
        dest: "{{ target }}/{{ inventory_hostname }}.pem"
    - name: Variables
      ansible.builtin.copy:
        content: "{{ motd }} {{ dns | to_json }} {{ _site }}"
        dest: "{{ target }}/{{ inventory_hostname }}.txt"
`;

describeReal(["ansible", "sshd", "git"], "a server's inventory, run by Ansible", () => {
  let bench: Bench;
  let ssh: SshServer;
  let git: GitServer;
  let commit: string;
  let target: string;

  beforeAll(async () => {
    bench = createBench();
    ssh = await startSshServer();
    git = await startGitServer();
    commit = git.commit({ "web/a.yml": "motd: from git\nfrom_git: true\n" });
    target = join(bench.folder, "target");
    mkdirSync(target);
    const started = await bench.gantry(["server", "start"]);
    expect(started.code, started.error).toBe(0);
    await bulk([
      create("site", { name: "lab", kind: "region", variables: { dns: ["192.0.2.53"], target } }),
      create("site", { name: "rack", parent: "lab", variables: { ">dns": ["192.0.2.54"] } }),
      create("group", {
        name: "web",
        variables: { ">motd": "!", port: 80, certificate: { $file: "tls/web.pem", content: PEM } },
        configuration: { url: git.url, revision: "main", path: "web" },
      }),
      create("group", { name: "spare", includes: ["nobody"] }),
      create("group", { name: "near", parent: "web", priority: 5, variables: { ansible_connection: "local" } }),
      create("group", {
        name: "far",
        parent: "web",
        variables: {
          ansible_user: ssh.user,
          ansible_port: ssh.port,
          ansible_ssh_private_key_file: { $file: "ssh/key", content: ssh.key },
          ansible_ssh_common_args: `-F none -o UserKnownHostsFile=${ssh.knownHosts} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes`,
        },
      }),
      create("structure", { name: "web1", hostname: "web1", site: "rack", groups: ["near"], labels: { tier: "gold" } }),
      create("structure", {
        name: "web2",
        hostname: "web2",
        site: "lab",
        groups: ["far"],
        managementAddress: "127.0.0.1",
        variables: { motd: "own", "-dns": "192.0.2.53" },
      }),
    ]);
  });

  afterAll(async () => {
    await ssh?.stop();
    await git?.stop();
    expect(await bench.clear()).toEqual([]);
  });

  function create(kind: string, data: object): object {
    return { action: "create", kind, data };
  }

  async function bulk(edits: readonly object[]): Promise<void> {
    const { createClient } = await import("../src/client/index.ts");
    const client = createClient({ dataFolder: bench.dataFolder });
    await client.send("POST", "/v1/bulk", { edits });
    client.close();
  }

  async function exported(format: string, ...words: readonly string[]): Promise<string> {
    const out = join(bench.folder, `${format}-${words.join("").replaceAll(/\W/g, "")}`);
    const { code, error } = await bench.gantry(["inventory", "export", "--format", format, "--out", out, ...words]);
    expect(code, error).toBe(0);
    return out;
  }

  async function resolved(name: string): Promise<JsonObject> {
    const { out, code, error } = await bench.gantry(["structure", "vars", name, "-o", "json"]);
    expect(code, error).toBe(0);
    return JSON.parse(out) as JsonObject;
  }

  it("is the same as a folder, a tgz, a zip, a document, and by the script and the plug-in", async () => {
    const folder = await exported("folder");
    const [tgz, zip, json] = [await exported("tgz"), await exported("zip"), await exported("json")];
    for (const [archive, words] of [
      [tgz, ["tar", "-xzf", tgz, "-C"]],
      [zip, ["python3", "-m", "zipfile", "-e", zip]],
    ] as const) {
      mkdirSync(`${archive}.d`);
      await run(words[0], [...words.slice(1), `${archive}.d`]);
    }
    const script = join(bench.folder, "list");
    writeFileSync(script, `#!/bin/sh\ncat ${json}\n`, { mode: 0o755 });
    cpSync(join(ROOT, "examples/ansible"), join(bench.folder, "ansible"), { recursive: true });
    const ours = { GANTRY_DATA: bench.dataFolder };
    const asked = join(bench.folder, "ansible");
    async function live(source: string): Promise<Listed> {
      const { stdout } = await run("ansible-inventory", ["--list", "-i", source], {
        cwd: asked,
        env: environment(ours),
      });
      return JSON.parse(stdout) as Listed;
    }
    const expected = await listed(folder);
    expect(variablesIn(expected)["web1"]).toMatchObject({
      motd: "from git!",
      from_git: true,
      dns: ["192.0.2.53", "192.0.2.54"],
    });
    expect(normal(await listed(`${tgz}.d`))).toEqual(normal(expected));
    expect(normal(await listed(`${zip}.d`))).toEqual(normal(expected));
    // Without a folder, files stay in their variables.
    const document = withoutFiles(await listed(bench.folder, "-i", script));
    expect(document).toEqual(withoutFiles(expected));
    expect(withoutFiles(await live("gantry_inventory.py"))).toEqual(document);
    expect(withoutFiles(await live("gantry.yml"))).toEqual(document);
    const { stdout } = await run(join(asked, "gantry_inventory.py"), ["--host", "web2"], { env: environment(ours) });
    expect(JSON.parse(stdout)).toMatchObject({ motd: "own", _name: "web2" });
  });

  it("is asked for over HTTPS with a token, by the script and the plug-in", async () => {
    cpSync(join(ROOT, "examples/ansible"), join(bench.folder, "afar"), { recursive: true });
    const { urls } = JSON.parse(readFileSync(join(bench.dataFolder, "server.json"), "utf8")) as {
      urls: readonly string[];
    };
    const elsewhere = {
      GANTRY_DATA: join(bench.folder, "nothing"),
      GANTRY_URL: urls[0],
      GANTRY_TOKEN_FILE: join(bench.dataFolder, "admin.token"),
      GANTRY_CA: join(bench.dataFolder, "tls/ca.pem"),
    };
    function asked(source: string, settings: NodeJS.ProcessEnv) {
      return run("ansible-inventory", ["--list", "-i", source], {
        cwd: join(bench.folder, "afar"),
        env: environment({ ...elsewhere, ...settings, ANSIBLE_INVENTORY_UNPARSED_FAILED: "1" }),
      });
    }
    const expected = withoutFiles(await listed(await exported("folder")));
    for (const source of ["gantry_inventory.py", "gantry.yml"]) {
      const { stdout } = await asked(source, {});
      expect(withoutFiles(JSON.parse(stdout) as Listed), source).toEqual(expected);
      for (const [settings, message] of [
        [{ GANTRY_TOKEN: "wrong" }, "unauthenticated"],
        [{ GANTRY_TOKEN_FILE: undefined }, "there is no token"],
        [{ GANTRY_CA: undefined }, "certificate verify failed"],
        [{ GANTRY_URL: urls[0]!.replace("https", "http") }, "is not an address like https://"],
      ] as const) {
        const refused = asked(source, settings).then(
          () => "not refused",
          ({ stderr }: { readonly stderr: string }) => stderr.replaceAll(/\s+/g, " "),
        );
        expect(await refused, source).toContain(message);
      }
    }
  });

  function withoutFiles(list: Listed): JsonObject {
    const variables = Object.entries(variablesIn(list)).map(([host, values]) => [
      host,
      { ...values, certificate: null, ansible_ssh_private_key_file: null },
    ]);
    return { ...normal(list), variables: Object.fromEntries(variables) as Json };
  }

  it("resolves hosts as the server does, but for what comes from git and files", async () => {
    const list = await listed(await exported("folder"));
    for (const host of ["web1", "web2"]) {
      const values = await resolved(host);
      const { from_git: _fromGit, ansible_host: _address, ...others } = variablesIn(list)[host]!;
      const changed = { certificate: expect.any(String) as string };
      const key = host === "web2" ? { ansible_ssh_private_key_file: expect.any(String) as string } : {};
      expect(others).toEqual({ ...values, ...changed, ...key, ...(host === "web1" ? { motd: "from git!" } : {}) });
    }
  });

  it("says what it was made from, and keeps its modes", async () => {
    const folder = await exported("folder");
    const record = JSON.parse(readFileSync(join(folder, "gantry-snapshot.json"), "utf8")) as ExportRecord;
    expect(record).toMatchObject({ tenant: "default", group: "all" });
    expect(record.revision).toBeGreaterThan(0);
    expect(record.configurations).toEqual([{ group: "web", url: git.url, revision: "main", path: "web", commit }]);
    expect(readFileSync(join(folder, "hosts/group_vars/web.yml"), "utf8")).toContain('motd: "from git!"\n');
    expect(readdirSync(join(folder, "hosts")).toSorted()).toEqual(["group_vars", "host_vars", "inventory.json"]);
    expect(statSync(folder).mode & 0o022).toBe(0);
    expect(statSync(join(folder, "ansible.cfg")).mode & 0o777).toBe(0o644);
  });

  it("runs a playbook over local and over SSH, with the files that variables bring", async () => {
    const folder = await exported("folder");
    writeFileSync(join(folder, "site.yml"), PLAYBOOK);
    const { stdout } = await run("ansible-playbook", ["site.yml"], { cwd: folder, env: environment() });
    expect(stdout).toMatch(/web1\s+: ok=2\s+changed=2.*\n.*web2\s+: ok=2\s+changed=2/);
    expect(readFileSync(join(target, "web1.pem"), "utf8")).toBe(PEM);
    expect(readFileSync(join(target, "web2.pem"), "utf8")).toBe(PEM);
    expect(readFileSync(join(target, "web1.txt"), "utf8")).toBe('from git! ["192.0.2.53", "192.0.2.54"] rack');
    expect(readFileSync(join(target, "web2.txt"), "utf8")).toBe("own [] lab");
  });

  it.each([
    [["--site", "rack"], ["web1"]],
    [["--group", "far"], ["web2"]],
    [["--group", "lab", "--label", "tier=gold"], ["web1"]],
    [["--vars", 'dns[1]:"192.0.2.54"'], ["web1"]],
    [
      ["--host", "web1", "--host", "web2"],
      ["web1", "web2"],
    ],
  ])("is of those that filters leave: %j", async (words, hosts) => {
    const list = await listed(await exported("folder", ...words));
    expect(Object.keys(variablesIn(list)).toSorted()).toEqual(hosts);
  });

  it("is one bundle for each host", async () => {
    const folder = await exported("folder", "--each");
    expect(readdirSync(folder).toSorted()).toEqual(["gantry-snapshot.json", "web1", "web2"]);
    const all = await listed(await exported("folder"));
    for (const host of ["web1", "web2"]) {
      expect(variablesIn(await listed(join(folder, host)))).toEqual({ [host]: variablesIn(all)[host] });
    }
  });

  it("is refused with a reason", async () => {
    for (const [words, message] of [
      [["--group", "wbe"], "there is no group 'wbe'; did you mean 'web'?"],
      [["--site", "nowhere"], "there is no site 'nowhere'"],
      [["--host", "web9"], "there is no structure 'web9'"],
      [["--vars", "dns"], "dns"],
      [["--each", "--format", "json"], "not json"],
    ] as const) {
      const { code, error } = await bench.gantry(["inventory", "export", "--out", join(bench.folder, "x"), ...words]);
      expect(code, error).toBeGreaterThan(0);
      expect(error).toContain(message);
    }
    const { code, error } = await bench.gantry(["inventory", "export", "--out", bench.folder]);
    expect(code).not.toBe(0);
    expect(error).toContain("export_folder_occupied");
  });
});

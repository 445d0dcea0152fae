import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { request as secureRequest } from "node:https";
import { tmpdir } from "node:os";
import { join, resolve as resolvePath } from "node:path";
import { parse } from "smol-toml";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../src/kernel/clock.ts";
import type { JsonObject } from "../src/kernel/json.ts";
import { testComposition, type TestComposition } from "../src/server/testing.ts";

// What a machine is told that boots, from a server with everything in it: over HTTPS as a machine asks, and over the socket as its owner.

const BLUEPRINTS = resolvePath(
  import.meta.dirname,
  "..",
  process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance",
  "tscript/blueprints",
);

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type: string;
}

const WIPE = `
signaling.reset( pxe_name='disk-wipe' )
dhcp.set_pxe( interface=foundation.provisioning_interface, pxe='disk-wipe' )
signaling.wait_for_completion()
dhcp.set_pxe( interface=foundation.provisioning_interface, pxe='normal-boot' )
`;

let folder: string;
let made: TestComposition;
let ahead: number;
let port: number;

async function serve(): Promise<void> {
  made = await testComposition(folder, "the right token", {
    database: join(folder, "gantry.db"),
    keepJobs: 1_000_000,
    keepEvents: 1_000_000,
    clock: { now: () => systemClock.now() + ahead, after: systemClock.after },
    limits: { perAddress: 0, perCredential: 0, refusals: 20 },
  });
  await made.composition.http.listenOnSocket(join(folder, "gantry.sock"));
  const listener = await made.composition.http.listen({ host: "127.0.0.1", port: 0 }, made.keeper.current);
  port = Number(new URL(listener.url).port);
  await made.composition.start({ urls: [listener.url], modules: [], workerFolder: join(folder, "worker") });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-boot-"));
  ahead = 0;
  await serve();
  onTestFinished(async () => {
    await made.close();
    rmSync(folder, { recursive: true });
  });
});

function answered(sent: ReturnType<typeof request>, body: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    sent.on("response", (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += String(chunk)));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, text, type: answer.headers["content-type"] ?? "" }),
      );
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** As the server's owner. */
async function ask<Body = JsonObject>(method: string, path: string, body?: unknown): Promise<Body> {
  const headers = { ...(body !== undefined && { "content-type": "application/json" }), "if-match": "*" };
  const { status, text } = await answered(
    request({ socketPath: join(folder, "gantry.sock"), method, path, headers }),
    body,
  );
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
  return (text === "" ? undefined : JSON.parse(text)) as Body;
}

/** As a machine on the network. */
function machine(
  method: string,
  path: string,
  key?: string,
  more: Record<string, string> = {},
  body?: unknown,
): Promise<Answer> {
  const headers = {
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    ...(body !== undefined && { "content-type": "application/json" }),
    ...more,
  };
  const options = { host: "127.0.0.1", port, method, path, headers, rejectUnauthorized: false, agent: false as const };
  return answered(secureRequest(options), body);
}

async function until<Value>(look: () => Promise<Value | undefined | false>): Promise<Value> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function fill(wipe = WIPE): Promise<void> {
  await ask("POST", "/v1/sites", {
    name: "lab",
    variables: { pxe_location: "http://files.lab/", dns_servers: ["10.0.0.2"] },
  });
  await ask("POST", "/v1/zones", { name: "lab.example" });
  await ask("PATCH", "/v1/sites/lab", { zone: "lab.example" });
  await ask("POST", "/v1/networks", { name: "front", site: "lab" });
  await ask("POST", "/v1/address-blocks", {
    name: "front",
    site: "lab",
    subnet: "10.0.0.0/24",
    gateway: "10.0.0.1",
    network: "front",
  });
  await ask("POST", "/v1/blueprints", {
    name: "machine",
    builds: "foundation",
    foundationTypes: ["switch"],
    scripts: { wipe },
  });
  await ask("POST", "/v1/blueprints", {
    name: "web",
    builds: "structure",
    foundationBlueprints: ["machine"],
    scripts: { install: wipe },
    templates: {
      "motd.txt": "{{ structure_name }} at {{ _primary_address.address }}\n",
      "secret.txt": "{{ database }}\n",
    },
    variables: { structure_name: "{{ _hostname }}", database: { $secret: "database" } },
  });
  for (const name of ["m1", "m2"]) {
    await ask("POST", "/v1/foundations", { name, site: "lab", type: "switch", blueprint: "machine", attributes: {} });
    await ask("POST", "/v1/interfaces", {
      foundation: name,
      device: "eth0",
      mac: `52:54:00:00:00:0${name.slice(1)}`,
      network: "front",
      provisioning: true,
    });
    await ask("POST", "/v1/structures", {
      name: `web${name.slice(1)}`,
      site: "lab",
      blueprint: "web",
      foundation: name,
      addresses: [{ block: "front", address: `10.0.0.1${name.slice(1)}` }],
    });
  }
  await ask("POST", "/v1/secrets", {
    name: "database",
    owner: { kind: "tenant", name: "default" },
    kind: "text",
    value: "canary {{ one }}",
    encoding: "utf8",
    description: "",
  });
  await ask("POST", "/v1/boot-profiles", { name: "normal-boot", script: "sanboot --drive 0x80" });
  await ask("POST", "/v1/boot-profiles", {
    name: "disk-wipe",
    script: "kernel {{ __pxe_location }}wipe url={{ __pxe_template_location }}\nboot\n",
    template: "{{ _foundation }} {{ _primary_interface_mac }}{% if nothing %}!{% endif %}\n",
  });
}

interface BootShown {
  readonly settings: readonly { readonly interface: string; readonly profile: string }[];
  readonly signal: { readonly name: string; readonly outcome: string | null } | null;
  readonly keyExpiresAt: number | null;
}

const foundationId = async (name: string): Promise<string> =>
  (await ask<{ id: string }>("GET", `/v1/foundations/${name}`)).id;
const booted = (name: string): Promise<BootShown> => ask("GET", `/v1/foundations/${name}/boot`);

async function start(script: string, target: object): Promise<string> {
  const { items } = await ask<{ items: { id: string }[] }>("POST", "/v1/jobs", { script, ...target });
  return items[0]!.id;
}

/** The key that the machine was given for the boot that is set now. */
async function keyOf(name: string, profile = "disk-wipe"): Promise<string> {
  const id = await foundationId(name);
  await until(async () => (await booted(name)).settings[0]?.profile === profile);
  return (await until(() => made.composition.boot.keys.current(id))).key;
}

const job = (id: string): Promise<{ status: string; failure: { message: string } | null }> =>
  ask("GET", `/v1/jobs/${id}`);
const ended = (id: string, status: string): Promise<true> =>
  until(async () => {
    const now = await job(id);
    if (["done", "failed"].includes(now.status)) expect(now, JSON.stringify(now)).toMatchObject({ status });
    return now.status === status;
  });
const waits = (id: string): Promise<true> => until(async () => (await job(id)).status === "waiting");

describe("a machine that boots", () => {
  it("is told its script, template and configuration by its key, until it says that it is done", async () => {
    await fill();
    const id = await start("wipe", { foundation: "m1" });
    const key = await keyOf("m1");
    const script = await machine("GET", `/v1/boot/keys/${key}/script`);
    expect([script.status, script.type]).toEqual([200, "text/plain; charset=utf-8"]);
    const template = `https://127.0.0.1:${port}/v1/boot/keys/${key}/template`;
    expect(script.text).toBe(`#!ipxe\nkernel http://files.lab/wipe url=${template}\nboot\n`);
    expect((await machine("GET", new URL(template).pathname)).text).toBe("m1 52:54:00:00:00:01\n");
    expect((await machine("GET", "/v1/boot/script", key)).text).toBe(script.text);
    const configuration = JSON.parse((await machine("GET", "/v1/boot/configuration", key)).text) as JsonObject;
    expect(configuration).toMatchObject({ foundation: "m1", structure: null, site: "lab", blueprint: "machine" });
    expect(configuration["variables"]).toMatchObject({ _primary_interface: "eth0", dns_servers: ["10.0.0.2"] });

    await waits(id);
    expect((await machine("POST", `/v1/boot/keys/${key}/signal`)).status).toBe(204);
    await ended(id, "done");
    // Its boot is over.
    expect((await machine("POST", "/v1/boot/signal", key)).status).toBe(401);
    expect(await booted("m1")).toMatchObject({
      settings: [{ interface: "eth0", profile: "normal-boot" }],
      signal: { name: "disk-wipe", outcome: "done" },
      keyExpiresAt: null,
    });
    const { items } = await ask<{ items: { type: string; data: JsonObject }[] }>("GET", "/v1/events?type=boot.*");
    expect(items.map(({ type, data }) => `${type} ${String(data["profile"] ?? data["outcome"])}`)).toEqual([
      "boot.profile_set disk-wipe",
      "boot.signalled done",
      "boot.profile_set normal-boot",
    ]);
  });

  it("of a structure is given its secrets and blueprint's templates, as no template itself", async () => {
    await fill();
    const id = await start("install", { structure: "web1" });
    const key = await keyOf("m1");
    const { text } = await machine("GET", "/v1/boot/configuration", key);
    expect(JSON.parse(text)).toMatchObject({
      structure: "web1",
      variables: { database: "canary {{ one }}", structure_name: "web1", _fqdn: "web1.lab.example" },
    });
    expect(text).not.toContain("web2");
    expect((await machine("GET", "/v1/boot/templates/secret.txt", key)).text).toBe("canary {{ one }}\n");
    expect((await machine("GET", `/v1/boot/keys/${key}/templates/nothing`)).status).toBe(404);
    const { items } = await ask<{ items: { action: string; data: JsonObject }[] }>(
      "GET",
      "/v1/audit?action=secret.used",
    );
    expect(items[0]?.data["purpose"]).toMatchObject({ structure: "web1", variable: "database" });
    await waits(id);
    await machine("POST", "/v1/boot/signal", key);
    await ended(id, "done");
  });

  it("may ask by the token of its structure, which opens no secret and says nothing for the machine", async () => {
    await fill();
    const { token } = await ask<{ token: string }>("POST", "/v1/structures/web1/tokens", {});
    const { text } = await machine("GET", "/v1/boot/configuration", token);
    expect(JSON.parse(text)).toMatchObject({ structure: "web1", variables: { database: { $secret: "database" } } });
    expect(await machine("GET", "/v1/boot/templates/secret.txt", token)).toMatchObject({ status: 403 });
    expect(await machine("GET", "/v1/boot/script", token)).toMatchObject({ status: 404 });
    expect(await machine("POST", "/v1/boot/signal", token)).toMatchObject({ status: 403 });
  });

  it("is refused with one answer, whatever is wrong", async () => {
    await fill();
    await ask("POST", "/v1/tenants", { name: "other" });
    const { key } = await ask<{ key: string }>("POST", "/v1/foundations/m1/boot-key");
    const paths = ["configuration", "script", "template", "templates/motd.txt"];
    const refusals = new Set<string>();
    async function refused(asked: string, more: Record<string, string> = {}): Promise<void> {
      for (const path of paths) {
        const byPath = await machine("GET", `/v1/boot/keys/${asked}/${path}`, undefined, more);
        refusals.add(`${byPath.status} ${byPath.text}`);
        const byHeader = await machine("GET", `/v1/boot/${path}`, asked, more);
        refusals.add(`${byHeader.status} ${byHeader.text}`);
      }
    }
    expect((await machine("GET", "/v1/boot/configuration", key)).status).toBe(200);
    const other = await machine("GET", "/v1/boot/configuration", key, { "gantry-tenant": "other" });
    refusals.add(`${other.status} ${other.text}`);
    // It was guessed, or is another's that has ended.
    await refused(`gantry_boot_${"A".repeat(43)}`);
    const elsewhere = await machine("GET", "/v1/sites", key);
    refusals.add(`${elsewhere.status} ${elsewhere.text}`);
    ahead = 4 * 60 * 60 * 1000;
    const late = await machine("GET", "/v1/boot/configuration", key);
    refusals.add(`${late.status} ${late.text}`);
    expect([...refusals].map((one) => one.replaceAll(/"instance":"[^"]*",?/g, ""))).toHaveLength(1);
    expect([...refusals][0]).toContain("401 ");
    expect([...refusals][0]).toContain("the token is not valid");
    // Without any key the address alone opens nothing.
    for (const path of paths) expect((await machine("GET", `/v1/boot/${path}`)).status).toBe(401);
  });

  it("is named to nobody who may not see it, nor is another by a name that is nearly its own", async () => {
    await fill();
    await ask("POST", "/v1/sites", { name: "far" });
    await ask("POST", "/v1/accounts", { name: "paul" });
    await ask("POST", "/v1/roles", { name: "reads", permissions: ["inventory.read"] });
    await ask("POST", "/v1/role-bindings", { account: "paul", role: "reads", scope: { kind: "site", name: "far" } });
    const { token } = await ask<{ token: string }>("POST", "/v1/accounts/paul/tokens", { name: "t" });
    for (const name of ["m1", "m", "m11"]) {
      const { status, text } = await machine("GET", `/v1/foundations/${name}/boot`, token);
      expect([status, JSON.parse(text).detail]).toEqual([404, `there is no foundation '${name}'`]);
    }
  });

  it("has no more than some guesses", async () => {
    await fill();
    const statuses = new Set<number>();
    for (let index = 0; index < 30; index += 1)
      statuses.add((await machine("GET", `/v1/boot/keys/gantry_boot_${"A".repeat(43)}/script`)).status);
    expect([...statuses]).toEqual([401, 429]);
  });

  it("loses its key with its job, and with its foundation", async () => {
    await fill();
    const id = await start("wipe", { foundation: "m1" });
    const key = await keyOf("m1");
    await ask("POST", `/v1/jobs/${id}/cancel`);
    await until(async () => (await job(id)).status === "cancelled");
    expect((await machine("GET", "/v1/boot/script", key)).status).toBe(401);
    const made2 = await ask<{ key: string }>("POST", "/v1/foundations/m2/boot-key");
    expect((await machine("GET", "/v1/boot/configuration", made2.key)).status).toBe(200);
    await ask("DELETE", "/v1/structures/web2");
    await ask("DELETE", "/v1/interfaces/m2%2Feth0");
    await ask("DELETE", "/v1/foundations/m2");
    expect((await machine("GET", "/v1/boot/configuration", made2.key)).status).toBe(401);
  });
});

describe("a wait for a machine", () => {
  it("ends also when the machine spoke before it, or twice, or while the server was away", async () => {
    await fill(WIPE.replace("signaling.wait", "delay( seconds=3600 )\nsignaling.wait"));
    const id = await start("wipe", { foundation: "m1" });
    const key = await keyOf("m1");
    await waits(id);
    for (let index = 0; index < 2; index += 1)
      expect((await machine("POST", `/v1/boot/keys/${key}/signal`)).status).toBe(204);
    await made.close();
    ahead = 3_600_000;
    await serve();
    await ended(id, "done");
  });

  it("does not end by what an earlier boot says", async () => {
    await fill(WIPE.replace("signaling.wait", "signaling.wait_for_completion()\nsignaling.reset()\nsignaling.wait"));
    const id = await start("wipe", { foundation: "m1" });
    const first = await keyOf("m1");
    await machine("POST", "/v1/boot/signal", first);
    const second = await until(async () => {
      const now = await made.composition.boot.keys.current(await foundationId("m1"));
      return now !== undefined && now.key !== first && now.key;
    });
    expect((await machine("POST", "/v1/boot/signal", first)).status).toBe(401);
    await waits(id);
    expect((await booted("m1")).signal).toMatchObject({ outcome: null });
    await machine("POST", "/v1/boot/signal", second);
    await ended(id, "done");
  });

  it("fails when the machine says so, and a retry waits anew", async () => {
    await fill();
    const id = await start("wipe", { foundation: "m1" });
    const key = await keyOf("m1");
    await waits(id);
    await machine("POST", "/v1/boot/signal", key, {}, { outcome: "failed", message: "disk 2 does not answer" });
    await ended(id, "failed");
    expect((await job(id)).failure?.message).toContain("disk 2 does not answer");
    expect((await machine("GET", "/v1/boot/script", key)).status).toBe(401);
    await ask("POST", `/v1/jobs/${id}/retry`);
    await waits(id);
    // Its machine boots again, by the same key.
    expect((await machine("GET", "/v1/boot/script", key)).status).toBe(200);
    expect((await machine("POST", "/v1/boot/signal", key)).status).toBe(204);
    await ended(id, "done");
  });
});

describe("dhcp.set_pxe", () => {
  it.each([
    [
      "pxe='disk-wype'",
      "foundation.provisioning_interface",
      "there is no boot profile 'disk-wype'; did you mean 'disk-wipe'?",
    ],
    ["pxe='disk-wipe'", "'eth1'", "m1 has no interface 'eth1'; did you mean 'eth0'?"],
    ["pxe='disk-wipe'", "None", "no interface of m1 has `provisioning: true`"],
  ])("says what is wrong with %s on %s", async (pxe, device, message) => {
    await fill(`dhcp.set_pxe( interface=${device}, ${pxe} )`);
    const id = await start("wipe", { foundation: "m1" });
    await ended(id, "failed");
    expect((await job(id)).failure?.message).toContain(message);
    expect((await booted("m1")).settings).toEqual([]);
  });

  it("keeps a profile that is set from being removed, and follows its new name", async () => {
    await fill("dhcp.set_pxe( interface='eth0', pxe='disk-wipe' )");
    await ended(await start("wipe", { foundation: "m1" }), "done");
    const { script, template } = await ask("GET", "/v1/boot-profiles/disk-wipe");
    await ask("PUT", "/v1/boot-profiles/disk-wipe", { name: "wipe", script, template });
    expect((await booted("m1")).settings).toMatchObject([{ profile: "wipe" }]);
    await expect(ask("DELETE", "/v1/boot-profiles/wipe")).rejects.toThrow("boot_profile_in_use");
    await ask("DELETE", "/v1/boot-profiles/normal-boot");
  });
});

describe("boot profiles of Contractor", () => {
  it.each([
    ["ubuntu", "resources-ubuntu.toml"],
    ["esx", "resources-vmware.toml"],
  ])("%s renders as for its own server", async (name, file) => {
    await fill();
    const { pxe } = parse(readFileSync(join(BLUEPRINTS, file), "utf8")) as unknown as {
      pxe: Record<string, { boot_script: string; template: string }>;
    };
    const { boot_script: script, template } = pxe[name]!;
    await ask("POST", "/v1/boot-profiles", { name, script, template });
    await ask("PATCH", "/v1/blueprints/web", {
      scripts: { install: `dhcp.set_pxe( interface='eth0', pxe='${name}' )\nsignaling.wait_for_completion()` },
      variables: { ntp_servers: ["10.0.0.3"], package_list: ["curl"], postinstall_command_list: [] },
    });
    await start("install", { structure: "web1" });
    const key = await keyOf("m1", name);
    const shown = {
      script: await machine("GET", "/v1/boot/script", key),
      template: await machine("GET", "/v1/boot/template", key),
    };
    expect([shown.script.status, shown.template.status], shown.template.text).toEqual([200, 200]);
    expect(shown.script.text).toContain(`https://127.0.0.1:${port}/v1/boot/keys/${key}/template`);
    if (name === "ubuntu") {
      expect(shown.script.text).toContain("interface=eth0 domain=lab.example hostname=web1 BOOTIF=52-54-00-00-00-01");
      expect(shown.template.text).toContain(
        "netcfg/get_ipaddress string 10.0.0.11\nd-i netcfg/get_netmask string 255.255.255.0",
      );
      expect(shown.template.text).toContain("netcfg/get_nameservers string 10.0.0.2");
    } else {
      expect(shown.template.text).toContain("--uplink-name=eth0");
      expect(shown.template.text).toContain("--ipv4=10.0.0.11 --netmask=255.255.255.0");
    }
    expect(shown.script.text + shown.template.text).not.toMatch(/\{[{%]/);
  });

  it("that refer to themselves end with an error", async () => {
    await fill();
    await ask("PATCH", "/v1/structures/web1", { variables: { one: "{{ two }}.", two: "{{ one }}" } });
    const { key } = await ask<{ key: string }>("POST", "/v1/foundations/m1/boot-key");
    const { status, text } = await machine("GET", "/v1/boot/configuration", key);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(text).toContain("template_never_settles");
  });
});

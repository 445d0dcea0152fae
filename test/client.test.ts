import { spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, GantryError, type GantryClient } from "../src/client/index.ts";
import { createBench, ROOT, type Bench } from "./support/gantry.ts";

// The client, the shell and the commands for every kind, against one server with a lab in it.

let bench: Bench;
let client: GantryClient;

beforeAll(async () => {
  bench = createBench();
  const started = await bench.gantry(["server", "start"]);
  expect(started.code, started.error).toBe(0);
  client = createClient({ dataFolder: bench.dataFolder });
});

afterAll(async () => {
  client.close();
  expect(await bench.clear()).toEqual([]);
});

/** Standard output of a command that must end well. */
async function out(...args: readonly string[]): Promise<string> {
  const ended = await bench.gantry(args);
  expect([args, ended.code, ended.error]).toEqual([args, 0, ended.error]);
  return ended.out;
}

/** The same, with a text for it to read. */
function piped(text: string, ...args: readonly string[]): Promise<{ code: number | null; out: string; error: string }> {
  return new Promise((resolve) => {
    const child = spawn(join(ROOT, "gantry"), [...args], {
      env: { ...process.env, GANTRY_DATA: bench.dataFolder, NO_COLOR: "1" },
    });
    const said = { out: "", error: "" };
    child.stdout.on("data", (chunk) => (said.out += String(chunk)));
    child.stderr.on("data", (chunk) => (said.error += String(chunk)));
    child.on("close", (code) => resolve({ code, ...said }));
    child.stdin.end(text);
  });
}

describe("the commands for every kind", () => {
  it("make, list, change and delete", async () => {
    await out("create", "site", "lab", "kind=lab", "variables.ntp=10.0.0.1");
    await out("create", "group", "web", "priority=10", "variables.port=8080");
    await out("create", "structure", "web1", "site=lab", "groups=[web]", "labels.rack=7", "variables.forward=true");
    await out("create", "structure", "web2", "site=lab", "labels.rack=8");
    expect(await out("get", "structures", "-o", "name")).toBe("web1\nweb2\n");
    expect(await out("get", "structures", "--group", "web", "-o", "name")).toBe("web1\n");
    expect(await out("get", "structures", "--label", "rack=8", "-o", "name")).toBe("web2\n");
    expect(await out("get", "structures", "--vars", "port=8080", "-o", "name")).toBe("web1\n");
    const some = await bench.gantry(["get", "structures", "--limit", "1", "-o", "name"]);
    expect([some.out, some.error]).toEqual(["web1\n", "These are the first 1; there are more: --limit shows them.\n"]);
    expect(await out("get", "structures", "--sort", "-name", "-o", "name")).toBe("web2\nweb1\n");
    expect(await out("get", "structures", "--fields", "name,labels", "-o", "csv")).toBe(
      'name,labels\r\nweb1,"{""rack"":""7""}"\r\nweb2,"{""rack"":""8""}"\r\n',
    );
    await out("set", "structure", "web1", "role=web", "variables.tls.key=null", "--remove", "labels.rack");
    expect(JSON.parse(await out("show", "structure", "web1", "-o", "json"))).toMatchObject({
      role: "web",
      labels: {},
      variables: { forward: true, tls: { key: null } },
    });
    expect(await out("set", "structure", "web1", "role=web")).toContain("nothing to change");
    await out("structure", "set", "web1", "port=9090", "forward=");
    const table = await out("structure", "vars", "web1", "--explain");
    expect(table).toMatch(/^port +9090 +structure web1 +group web: 8080$/m);
    expect(table).toMatch(/^ntp +"10\.0\.0\.1" +site lab +-$/m);
    expect(JSON.parse(await out("structure", "vars", "web1", "--explain", "-o", "json"))).toMatchObject({
      port: { value: 9090, overrode: [{ value: 8080 }] },
    });
    await out("delete", "structure", "web2", "--yes");
    expect(await out("get", "structures", "-o", "name")).toBe("web1\n");
  });

  it("take many from a file, all or none", async () => {
    const good = await piped("- {name: n1, vlan: 7}\n- {name: n2, mtu: 9000}\n", "create", "network", "--file", "-");
    expect([good.code, good.out]).toEqual([0, "network n1 created\nnetwork n2 created\n"]);
    const bad = await piped("- {name: n3}\n- {name: n4, vlan: 9999}\n", "create", "network", "--file", "-");
    expect([bad.code, bad.out]).toEqual([2, ""]);
    expect(bad.error).toContain("vlan");
    expect(await out("get", "networks", "-o", "name")).toBe("n1\nn2\n");
  });

  it("delete several at once: all of them, or none", async () => {
    await out("create", "network", "k1");
    await out("create", "network", "k2");
    expect((await bench.gantry(["delete", "network", "k1", "k3", "--yes"])).error).toContain("not_found");
    expect(await out("get", "networks", "-o", "name")).toContain("k1\nk2\n");
    const before = (await client.events.list({ limit: 1000 }).page()).items.length;
    expect(await out("delete", "networks", "k1", "k2", "k1", "--yes")).toBe("network k1 deleted\nnetwork k2 deleted\n");
    expect((await client.events.list({ limit: 1000 }).page()).items.length).toBe(before + 2);
    expect(await out("get", "networks", "-o", "name")).not.toContain("k1");
  });

  it("say what would go along, and delete nothing without a yes", async () => {
    await out("create", "site", "rack1", "parent=lab");
    const unasked = await bench.gantry(["delete", "site", "lab"]);
    expect([unasked.code, unasked.error]).toEqual([2, expect.stringContaining("confirmation_needed")]);
    expect(unasked.error).toContain("- delete site rack1");
    expect(unasked.error).toContain("- delete structure web1");
    const several = await bench.gantry(["delete", "site", "rack1", "lab"]);
    expect([several.code, several.out]).toEqual([2, ""]);
    expect(several.error).toContain("- delete structure web1");
    expect(several.error).not.toContain("- delete site rack1");
    const refused = await bench.gantry(["delete", "site", "lab", "--yes"]);
    expect(refused.code).toBe(2);
    expect(refused.error).toContain("- delete site rack1");
    expect(refused.error).toContain("- delete structure web1");
    expect(refused.error).toContain("removal_needs_cascade");
    await out("delete", "site", "lab", "--cascade", "--yes");
    expect((await bench.gantry(["get", "sites"])).error).toContain("There are no sites.");
  });

  it("give out addresses and take them back", async () => {
    await out("create", "site", "office");
    await out("create", "address-block", "desk", "site=office", "subnet=10.9.0.0/29", "reserved=[10.9.0.1]");
    await out("create", "structure", "pc1", "site=office");
    expect(await out("address", "allocate", "desk", "--structure", "pc1", "--count", "2")).toBe("10.9.0.2\n10.9.0.3\n");
    expect(await out("address", "allocate", "desk", "--structure", "pc1", "--address", "10.9.0.6")).toBe("10.9.0.6\n");
    expect(await out("address", "list", "desk")).toMatch(/10\.9\.0\.2 +pc1 +- +held\n10\.9\.0\.3 +pc1/);
    await out("address", "release", "desk", "10.9.0.2");
    await out("address", "release", "desk", "--structure", "pc1");
    expect(JSON.parse(await out("address", "list", "desk", "-o", "json"))).toMatchObject({ items: [] });
    expect((await bench.gantry(["address", "release", "desk"])).code).toBe(2);
  });

  it("name what was probably meant", async () => {
    const kind = await bench.gantry(["get", "strcutures"]);
    expect([kind.code, kind.error]).toEqual([2, expect.stringContaining("Did you mean 'structures'?")]);
    const command = await bench.gantry(["delte", "site", "lab"]);
    expect([command.code, command.error]).toEqual([2, expect.stringContaining("Did you mean delete?")]);
    const setting = await bench.gantry(["create", "site", "x", "knd=lab"]);
    expect([setting.code, setting.error]).toEqual([2, expect.stringContaining("knd")]);
    const filter = await bench.gantry(["get", "jobs", "--site", "lab"]);
    expect([filter.code, filter.error]).toEqual([2, expect.stringContaining("a list of jobs takes no --site")]);
    const jobs = await bench.gantry(["delete", "job", "x", "--yes"]);
    expect([jobs.code, jobs.error]).toEqual([2, expect.stringContaining("jobs cannot be deleted")]);
  });
});

describe("the client", () => {
  it("speaks HTTPS with a token, and trusts the server's authority alone", async () => {
    const { urls } = JSON.parse(await out("server", "status", "-o", "json")) as { urls: string[] };
    const remote = createClient({
      url: urls[0]!,
      token: readFileSync(join(bench.dataFolder, "admin.token"), "utf8"),
      authority: readFileSync(join(bench.dataFolder, "tls/ca.pem"), "utf8"),
    });
    await remote.groups.create({ name: "remote" });
    expect(await remote.groups.get("remote")).toMatchObject({ name: "remote", version: 1 });
    const changed = await remote.groups.patch("remote", { priority: 3 }, { ifMatch: 1 });
    expect(changed).toMatchObject({ priority: 3, version: 2 });
    await expect(remote.groups.patch("remote", { priority: 4 }, { ifMatch: 1 })).rejects.toMatchObject({
      code: "version_mismatch",
      kind: { status: 412 },
    });
    await expect(remote.groups.get("nope")).rejects.toBeInstanceOf(GantryError);
    remote.close();
  });

  it("follows what happens over a restart of the server, by kind and name", async () => {
    await out("create", "site", "watched");
    const follow = bench.start([
      "events",
      "--follow",
      "--type",
      "inventory.*",
      "--subject",
      "site/watched",
      "-o",
      "json",
    ]);
    const feed = client.events.follow({ type: "inventory.changed" });
    await feed.opened;
    const seen: string[] = [];
    const changes = ["one", "two", "three"];
    const reading = (async () => {
      for await (const event of feed) if (seen.push(event.id) === changes.length) return;
    })();
    for (const description of changes) {
      await out("set", "site", "watched", `description=${description}`);
      if (description === "two") {
        await out("server", "stop");
        await out("server", "start");
      }
    }
    await reading;
    expect(new Set(seen).size).toBe(3);
    await follow.printed(/three|"fields":\["description"\]/);
    follow.child.kill("SIGINT");
    await follow.ended;
  });
});

/** The program on a terminal (made by `script`): each answer is typed once its question is there. */
function onTerminal(args: readonly string[], talk: readonly (readonly [RegExp, string])[]): Promise<string> {
  return new Promise((resolve) => {
    const command = [join(ROOT, "gantry"), ...args].map((one) => `'${one}'`).join(" ");
    const child = spawn("script", ["-qec", command, "/dev/null"], {
      env: { ...process.env, GANTRY_DATA: bench.dataFolder, NO_COLOR: "1", TERM: "dumb" },
    });
    const open = [...talk];
    let [all, seen] = ["", 0];
    child.stdout.on("data", (chunk) => {
      all += String(chunk);
      const [next] = open;
      const found = next?.[0].exec(all.slice(seen));
      if (next === undefined || found === null || found === undefined) return;
      open.shift();
      seen = all.length;
      child.stdin.write(`${next[1]}\n`);
    });
    child.on("close", () => resolve(stripVTControlCharacters(all)));
  });
}

describe("on a terminal", () => {
  it("delete asks, says what would go along, and asks again", async () => {
    await out("create", "site", "old");
    await out("create", "site", "older", "parent=old");
    const talk = [
      [/Delete site old\? \[y\/N\]/, "y"],
      [/Go on\? \[y\/N\]/, "n"],
    ] as const;
    const said = await onTerminal(["delete", "site", "old"], talk);
    expect(said).toContain("- delete site older");
    expect(said).toContain("Nothing was changed.");
    expect(await out("get", "sites", "--parent", "old", "-o", "name")).toBe("older\n");
    await onTerminal(["delete", "site", "old"], [talk[0], [talk[1][0], "y"]]);
    expect((await bench.gantry(["show", "site", "older"])).error).toContain("(not_found)");
  });

  it("the shell keeps what was typed, for its owner alone, and goes on after an error", async () => {
    const prompt = /gantry> /;
    const said = await onTerminal(
      ["shell"],
      [
        [prompt, 'await gantry.sites.get("nope")'],
        [prompt, "const { items } = await gantry.sites.list().page()"],
        [prompt, "Array.isArray(items)"],
        [prompt, ".exit"],
      ],
    );
    expect(said).toMatch(/error: there is no site 'nope'.* \(not_found\)/);
    expect(said).toMatch(/^true\r?$/m);
    const history = join(bench.dataFolder, "shell-history");
    expect(readFileSync(history, "utf8")).toContain("Array.isArray(items)");
    expect(statSync(history).mode & 0o777).toBe(0o600);
  });
});

describe("the shell", () => {
  it("prints the value of an expression, and what statements print", async () => {
    expect(await out("shell", "--eval", "(await gantry.sites.list().all()).length >= 0")).toBe("true\n");
    const script = [
      'await gantry.groups.create({ name: "shelled" });',
      "for await (const one of gantry.groups.list()) if (one.name === 'shelled') console.log(one.name);",
    ];
    expect(await piped(script.join("\n"), "shell")).toEqual({ code: 0, out: "shelled\n", error: "" });
    const imported = "const { sep } = await import('node:path'); console.log(sep)";
    expect(await out("shell", "--eval", imported)).toBe("/\n");
  });

  it("shows errors as the command line does, and where code is wrong", async () => {
    const unknown = await bench.gantry(["shell", "--eval", 'gantry.sites.get("nope")']);
    expect([unknown.code, unknown.error]).toEqual([1, expect.stringMatching(/^error: .*'nope' \(not_found\)\n {2}/)]);
    const wrong = await piped("const one = 1;\nnone();\n", "shell");
    expect([wrong.code, wrong.error]).toEqual([
      1,
      expect.stringContaining("error: standard input:2:1: ReferenceError: none is not defined (shell_code_failed)"),
    ]);
  });
});

import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../src/kernel/clock.ts";
import { createKeyPair, deriveSharedKey, joinByKey, LINK_PATHS, pinOf, serverProof } from "../src/link/index.ts";
import { keepOwnCertificates } from "../src/platform/http/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { type LinkServer, startServer, TENANT, testFolder, until } from "./link-support.ts";
import { type Bench, createBench, type Ended, type Running } from "./support/gantry.ts";
import { freePort } from "./support/names.ts";

// Agents that join by the key that they and the server were given: as a user does it, and with somebody in the middle.

const KEY = "canary secrete 7f3a";
const run = promisify(execFile);

describe("a server and agents with one shared key", () => {
  let bench: Bench;
  let address: string;
  let server: Running;
  const agents: Running[] = [];

  beforeAll(async () => {
    bench = createBench();
    address = `127.0.0.1:${await freePort()}`;
    server = bench.start(["server", "run"], { GANTRY_SHARED_KEY: KEY, GANTRY_LISTEN: address });
    await server.printed(/Listening on/);
  });
  afterAll(async () => {
    for (const { child, ended } of agents) {
      child.kill("SIGTERM");
      await ended;
    }
    expect(await bench.clear()).toEqual([]);
  });

  function start(name: string, environment: NodeJS.ProcessEnv): Running {
    const [state, home] = [join(bench.folder, name), join(bench.folder, `${name}-home`)];
    const agent = bench.start(["agent", "--state", state, "--home", home, "--name", name], {
      GANTRY_CONFIG: "/dev/null",
      ...environment,
    });
    agents.push(agent);
    return agent;
  }

  async function nodes(): Promise<Record<string, { id: string; state: string }>> {
    const { out } = await bench.gantry(["get", "nodes", "-o", "json"]);
    const items = JSON.parse(out) as { name: string; id: string; state: string }[];
    return Object.fromEntries(items.map(({ name, ...more }) => [name, more]));
  }

  it("know each other without a token; afterwards the agent's own key is enough", async () => {
    const environment = { GANTRY_SERVER_ADDRESS: address, GANTRY_SHARED_KEY: KEY };
    const first = start("one", environment);
    await Promise.all([first, start("two", environment)].map((agent) => agent.printed(/connected to the server/)));
    const before = await nodes();
    expect(before["one"]?.state).toBe("connected");
    first.child.kill("SIGTERM");
    await first.ended;
    await start("one", {}).printed(/connected to the server/);
    expect((await nodes())["one"]?.id).toBe(before["one"]?.id);
    const audit = await bench.gantry(["audit", "list", "-o", "json"]);
    expect(audit.out).toMatch(/"shared key"/);
  });

  it("refuse an agent with another key, and one with a name that is taken", async () => {
    const ended: Ended[] = [];
    for (const [name, key] of [
      ["three", `${KEY}!`],
      ["two", KEY],
    ] as const) {
      const environment = { GANTRY_SERVER_ADDRESS: address, GANTRY_SHARED_KEY: key };
      const state = join(bench.folder, `${name}-other`);
      ended.push(await bench.gantry(["agent", "--state", state, "--home", state, "--name", name], environment));
    }
    expect(ended.map(({ code }) => code)).toEqual([1, 1]);
    expect(ended[0]?.error).toMatch(/three does not have the shared key of this server \(shared_key_wrong\)/);
    expect(ended[1]?.error).toMatch(/a node named two has joined before.*\(executor_name_taken\)/);
    expect(Object.keys(await nodes())).not.toContain("three");
  });

  it("keep the key to themselves: neither a command, nor a log, nor a support bundle, nor a file has it", async () => {
    const printed = await bench.gantry(["exec", "--verb", "RUN", "env"]);
    expect(printed.code, printed.out + printed.error).toBe(0);
    expect(printed.out).toMatch(/PATH=/);
    await bench.gantry(["support-bundle", "--out", join(bench.folder, "bundle.tar.gz")]);
    const found = await run("grep", ["-rlF", KEY, bench.folder]).catch((error: { code: number }) => error);
    // grep's way of saying that it found nothing.
    expect(found).toMatchObject({ code: 1 });
    const unpacked = await run("tar", ["-xzOf", join(bench.folder, "bundle.tar.gz")], { maxBuffer: 1 << 26 });
    expect(unpacked.stdout).toMatch(/"shared_key"/);
    for (const text of [printed.out, unpacked.stdout, server.text(), ...agents.map((agent) => agent.text())])
      expect(text).not.toContain(KEY);
  });
});

describe("somebody between an agent and the server", () => {
  let folder: string;
  let server: LinkServer;
  const ends: (() => void)[] = [];

  beforeEach(async () => {
    folder = testFolder();
    server = await startServer(folder, { heartbeat: 300, sharedKey: KEY });
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function joinAt(url: string) {
    const keys = createKeyPair();
    return joinByKey({ urls: [url], sharedKey: KEY, name: "node1", keys, environment: {}, timeout: 5000 });
  }

  /** What the real server says to the same request. */
  async function ask(method: "GET" | "POST", body = ""): Promise<{ status: number; text: string }> {
    const more = method === "POST" ? ["-H", "content-type: application/json", "-d", body] : [];
    const { stdout } = await run("curl", [
      "-sk",
      "-w",
      "\n%{http_code}",
      ...more,
      `${server.url}${LINK_PATHS.joinShared}`,
    ]);
    const [text = "", status = ""] = stdout.split(/\n(?=\d+$)/);
    return { status: Number(status), text };
  }

  /** Another server with another authority, which hands on what it is asked, and may change what it hands on. */
  async function middle(change: {
    challenge?(real: { challenge: string; pin: string }, own: string): object;
    answer?(body: Record<string, string>, own: string): Promise<object | undefined>;
  }) {
    const place = join(folder, "his");
    mkdirSync(place, { recursive: true });
    const keeper = await keepOwnCertificates(place, ["127.0.0.1"], { clock: systemClock, log: silentLogger() });
    const { chain, key, authority } = keeper.current;
    const own = pinOf(authority);
    const caught: Record<string, string>[] = [];
    const his: Server = createServer({ cert: chain, key }, (request, response) => {
      void (async () => {
        const parts: Buffer[] = [];
        for await (const part of request) parts.push(part as Buffer);
        const text = Buffer.concat(parts).toString();
        if (request.url !== LINK_PATHS.joinShared) return void response.writeHead(404).end();
        if (request.method === "GET") {
          const real = JSON.parse((await ask("GET")).text) as { challenge: string; pin: string };
          return void response.end(JSON.stringify(change.challenge?.(real, own) ?? real));
        }
        const body = JSON.parse(text) as Record<string, string>;
        caught.push(body);
        const made = await change.answer?.(body, own);
        if (made !== undefined) return void response.end(JSON.stringify(made));
        const real = await ask("POST", text);
        return void response.writeHead(real.status, { "content-type": "application/problem+json" }).end(real.text);
      })();
    });
    await new Promise<void>((resolve) => his.listen(0, "127.0.0.1", resolve));
    ends.push(() => {
      his.closeAllConnections();
      his.close();
      keeper.stop();
    });
    return { url: `https://127.0.0.1:${(his.address() as AddressInfo).port}`, caught };
  }

  it("gets, with an authority of his own, a proof that the server does not take", async () => {
    const { url, caught } = await middle({ challenge: ({ challenge }, pin) => ({ challenge, pin }) });
    await expect(joinAt(url)).rejects.toMatchObject({ code: "join_refused", details: { code: "shared_key_wrong" } });
    expect(caught).toHaveLength(1);
    expect(JSON.stringify(caught)).not.toContain(KEY);
    expect(await server.fleet.nodes(TENANT)).toEqual([]);
  });

  it("gets nothing at all when he names the real authority: the connection is not of it", async () => {
    const { url, caught } = await middle({});
    await expect(joinAt(url)).rejects.toMatchObject({ code: "link_pin_mismatch" });
    expect(caught).toEqual([]);
  });

  it("cannot let the agent in himself: he does not have the key, and its own proof is not an answer", async () => {
    const challenge = ({ challenge: one }: { challenge: string }, pin: string) => ({ challenge: one, pin });
    const guess = await middle({
      challenge,
      async answer({ nonce = "", publicKey = "", name = "", challenge: one = "" }, pin) {
        const said = { pin, challenge: one, nonce, publicKey, name };
        return { id: "x", name, proof: serverProof(await deriveSharedKey("a guess", pin), said, "x") };
      },
    });
    await expect(joinAt(guess.url)).rejects.toMatchObject({ code: "shared_key_differs" });
    const mirror = await middle({ challenge, answer: async ({ proof, name }) => ({ id: "x", name, proof }) });
    await expect(joinAt(mirror.url)).rejects.toMatchObject({ code: "shared_key_differs" });
  });

  it("who hears and repeats what an agent has sent gets in nowhere", async () => {
    const joined = await joinAt(server.url);
    await until(async () => (await server.fleet.nodes(TENANT)).length === 1);
    expect(joined).toMatchObject({ name: "node1" });
    expect(readdirSync(folder)).toContain("tls");
    const sent = { name: "node2", publicKey: createKeyPair().publicKey, nonce: "n".repeat(32) };
    const told = JSON.parse((await ask("GET")).text) as { challenge: string };
    const proofs = { proof: "p".repeat(43), signature: "s".repeat(88) };
    const refused = await ask("POST", JSON.stringify({ ...sent, ...told, pin: undefined, ...proofs }));
    expect([refused.status, refused.text]).toEqual([401, expect.stringContaining("shared_key_wrong")]);
  });
});

describe("one configuration file for all that runs on a machine", () => {
  it("is the seed's own, with the server's and the agent's settings beside each other", async () => {
    const bench = createBench();
    try {
      const listen = `127.0.0.1:${await freePort()}`;
      const file = join(bench.folder, "config.yaml");
      writeFileSync(
        file,
        `---\nheartbeat_interval: 1\ndebug: true\nlisten: ${listen}\nserver_address: ${listen}\nshared_key: ${KEY}\n`,
      );
      const environment = { GANTRY_CONFIG: file };
      const server = bench.start(["server", "run"], environment);
      await server.printed(/Listening on/);
      const state = join(bench.folder, "state");
      const agent = bench.start(["agent", "--state", state, "--home", bench.folder, "--name", "file"], environment);
      await agent.printed(/connected to the server/);
      expect(readFileSync(join(state, "identity.json"), "utf8")).not.toContain(KEY);
      await bench.gantry(["support-bundle", "--out", join(bench.folder, "bundle.tar.gz")]);
      const unpacked = await run("tar", ["-xzOf", join(bench.folder, "bundle.tar.gz")], { maxBuffer: 1 << 26 });
      expect(unpacked.stdout).toMatch(/"heartbeat_interval": ?1/);
      expect(unpacked.stdout).toMatch(/"log_level": ?"debug"/);
      // The command line is stronger than the file (reference, failure 9), and the environment is too.
      for (const [words, variables] of [
        [["--heartbeat-interval", "0"], {}],
        [[], { GANTRY_HEARTBEAT_INTERVAL: "0" }],
      ] as const) {
        const refused = await bench.gantry(["agent", "--state", `${state}2`, ...words], {
          ...environment,
          ...variables,
        });
        expect(refused.error).toMatch(/must be a positive number of seconds/);
      }
      agent.child.kill("SIGTERM");
      await agent.ended;
    } finally {
      expect(await bench.clear()).toEqual([]);
    }
  });
});

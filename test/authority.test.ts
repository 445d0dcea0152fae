import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeAuthority, makeServerCertificate } from "../src/platform/http/certificate-maker.ts";
import { type Bench, createBench, type Running } from "./support/gantry.ts";
import { until } from "./link-support.ts";

// Authority, nodes and join tokens on the command line, with an agent as a user starts it.

let bench: Bench;
let agents: Running[];

beforeEach(() => {
  bench = createBench();
  agents = [];
});
afterEach(async () => {
  for (const { child, ended } of agents) {
    child.kill("SIGTERM");
    await ended;
  }
  await bench.clear();
});

/** Agents are told of changes with their heartbeats. */
const OFTEN = { GANTRY_HEARTBEAT_INTERVAL: "0.5" };

async function gantry(...args: string[]): Promise<string> {
  const { code, out, error } = await bench.gantry(args, OFTEN);
  expect([args, error, code]).toEqual([args, error, 0]);
  return out.trim();
}

async function refused(...args: string[]): Promise<string> {
  const { code, error } = await bench.gantry(args);
  expect([args, code]).not.toEqual([args, 0]);
  return error;
}

async function start(name: string, server: string): Promise<string> {
  const token = await gantry("join-token", "create", "--name", name, "--expires", "5");
  const state = join(bench.folder, name);
  const args = ["agent", "--state", state, "--home", bench.folder, "--server", server, "--join", token];
  agents.push(bench.start(args));
  await until(async () => (await stateOf(name)) === "connected");
  return join(state, "identity.json");
}

async function stateOf(name: string): Promise<string | undefined> {
  const nodes = JSON.parse(await gantry("get", "nodes", "--output", "json")) as { name: string; state: string }[];
  return nodes.find((node) => node.name === name)?.state;
}

describe("on the command line", () => {
  it("the authority is changed under a running agent, and the agent is shut out for good", async () => {
    await gantry("server", "start", "--listen", "127.92.0.1:7692");
    const server = "https://127.92.0.1:7692";
    const identity = await start("db1", server);
    const before = readFileSync(identity, "utf8");

    type State = { present: { fingerprint: string }; former: { fingerprint: string } | null; behind: string[] };
    const show = async (): Promise<State> => JSON.parse(await gantry("authority", "show", "-o", "json")) as State;
    const first = await show();
    expect(first).toMatchObject({ source: "own", former: null, behind: [] });
    expect(await refused("authority", "drop-former", "--yes")).toContain("(authority_former_none)");
    expect(await gantry("authority", "rotate", "--overlap", "7", "--yes")).toContain(`former`);
    const second = await show();
    expect(second.former?.fingerprint).toBe(first.present.fingerprint);
    expect(await refused("authority", "rotate", "--yes")).toContain("(authority_rotating)");
    await until(async () => (await show()).behind.length === 0);
    expect(readFileSync(identity, "utf8")).not.toBe(before);
    expect(await refused("authority", "drop-former")).toContain("(confirmation_needed)");
    await gantry("authority", "drop-former", "--yes");
    await gantry("server", "stop");
    await gantry("server", "start", "--listen", "127.92.0.1:7692");
    await until(async () => (await stateOf("db1")) === "connected");

    expect(await gantry("exec", "--target", "db1", "echo still here")).toContain("still here");
    const tokens = JSON.parse(await gantry("join-token", "list", "-o", "json")) as { name: string; state: string }[];
    expect(tokens).toMatchObject([{ name: "db1", state: "used" }]);
    expect(JSON.stringify(tokens)).not.toContain("gantry-join-");
    expect(await refused("node", "revoke", "db1")).toContain("(confirmation_needed)");
    expect(await refused("node", "revoke", "nobody", "--yes")).toContain("(executor_unknown)");
    expect(await gantry("node", "revoke", "db1", "--yes")).toBe("node db1 revoked");
    expect(await stateOf("db1")).toBeUndefined();
    await agents[0]!.printed(/executor_unknown/);
    const open = (await gantry("join-token", "create")).slice("gantry-join-".length).split(".")[0]!;
    const [id = ""] = (await gantry("join-token", "list")).split("\n").at(-1)!.split(" ");
    expect(await gantry("join-token", "list")).not.toContain(open);
    expect(await gantry("join-token", "revoke", id)).toBe(`join token ${id} revoked`);
    expect(await refused("join-token", "revoke", id)).toContain("(join_token_unknown)");
  });
});

describe("a certificate of one's own", () => {
  it("is shown by the server, and another one as soon as its files are replaced", async () => {
    const authority = await makeAuthority(Date.now());
    const [chain, key] = [join(bench.folder, "chain.pem"), join(bench.folder, "key.pem")];
    async function place(): Promise<string> {
      const made = await makeServerCertificate(authority.certificate, authority.key, ["127.0.0.1"], Date.now());
      writeFileSync(key, made.key, { mode: 0o600 });
      writeFileSync(chain, made.certificate + authority.certificate);
      return new X509Certificate(made.certificate).fingerprint256;
    }
    function shown(): Promise<string> {
      return new Promise((resolve, reject) => {
        const options = { host: "127.92.0.2", port: 7692, ca: authority.certificate, servername: "localhost" };
        const socket = connectTls({ ...options, checkServerIdentity: () => undefined }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.destroy();
        });
        socket.on("error", reject);
      });
    }
    const first = await place();
    expect(await refused("server", "run", "--listen", "127.92.0.2:7692", "--tls-cert", chain)).toContain(
      "there is tls_cert, and no tls_key (certificate_invalid)",
    );
    await gantry("server", "start", "--listen", "127.92.0.2:7692", "--tls-cert", chain, "--tls-key", key);
    expect(await shown()).toBe(first);
    expect(await gantry("authority", "show")).toContain("supplied by tls_cert");
    expect(await refused("authority", "rotate", "--yes")).toContain("(authority_supplied)");
    const second = await place();
    await until(async () => (await shown()) === second);
  });
});

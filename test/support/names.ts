import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import type { RealPart } from "./real-part.ts";

/** Name servers of the tests' own: each in a folder of its own, on ports of its own of the loopback, ended with its test. */

export const bindPart: RealPart = {
  name: "bind",
  packages: ["bind9", "bind9-utils", "bind9-dnsutils"],
  present: () => ["named", "rndc", "named-checkzone", "tsig-keygen", "nsupdate", "dig"].every(isInstalled),
};

export const powerdnsPart: RealPart = {
  name: "powerdns",
  packages: ["pdns-server", "pdns-backend-sqlite3", "sqlite3", "bind9-dnsutils"],
  present: () => ["pdns_server", "sqlite3", "dig"].every(isInstalled) && existsSync(POWERDNS_SCHEMA),
};

const POWERDNS_SCHEMA = "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql";
const ATTEMPTS = 600;
const run = promisify(execFile);
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

function isInstalled(program: string): boolean {
  return PATH.split(":").some((folder) => existsSync(join(folder, program)));
}

/** A folder that is gone when the test ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "gantry-dns-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits until an answer is the one that is expected: asks again and again, and says at last what it was instead. */
export async function until<Answer>(ask: () => Promise<Answer>, good: (answer: Answer) => boolean): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (attempt === ATTEMPTS) throw new Error(`not what was waited for: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

/** A port of the loopback that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** A name server that a test may stop and start. */
export interface NameServer {
  readonly folder: string;
  readonly port: number;
  /** What `dig +short` says, line by line, sorted. `from`: the address the question comes from. */
  dig(name: string, type: string, from?: string): Promise<readonly string[]>;
  /** The same with the whole answer: flags, status. */
  digWhole(name: string, type: string): Promise<string>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Program {
  readonly command: readonly string[];
  readonly folder: string;
  readonly port: number;
}

async function startServer({ command, folder, port }: Program): Promise<NameServer> {
  let child: ChildProcess | undefined;
  let said = "";

  async function dig(args: readonly string[]): Promise<string> {
    const words = ["@127.0.0.1", "-p", String(port), "+time=1", "+tries=1", "+norecurse", ...args];
    return run("dig", words).then(
      ({ stdout }) => stdout,
      (error: { readonly stdout?: string }) => error.stdout ?? "",
    );
  }

  async function stop(): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, "exit");
    running.kill("SIGTERM");
    await ended;
  }

  async function start(): Promise<void> {
    // Ends with the test run, also when that is killed.
    const started = spawn("setpriv", ["--pdeathsig", "KILL", ...command], {
      cwd: folder,
      env: { ...process.env, PATH },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = started;
    for (const stream of [started.stdout, started.stderr])
      stream.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-10_000)));
    await until(
      async () => {
        if (started.exitCode !== null) throw new Error(`${command[0]} ended: ${said}`);
        return dig(["version.bind", "TXT", "CH"]);
      },
      (answer) => answer.includes("status:"),
    );
  }

  onTestFinished(stop);
  await start();
  return {
    folder,
    port,
    async dig(name, type, from) {
      const text = await dig(["+short", ...(from === undefined ? [] : ["-b", from]), name, type]);
      return text
        .split("\n")
        .filter((line) => line !== "")
        .sort();
    },
    digWhole: (name, type) => dig([name, type]),
    start,
    stop,
  };
}

export interface Bind extends NameServer {
  /** Where zones that are published by files go. */
  readonly zones: string;
  readonly rndcConfig: string;
  /** A TSIG key that may change zones. */
  readonly keyFile: string;
}

export interface BindOptions {
  /** `named.conf` behind its options: what is included, zones, views. Gets the folder. */
  readonly configuration: (folder: string) => string;
}

/** A BIND of its own, with a control channel and a TSIG key named `gantry`. */
export async function startBind({ configuration }: BindOptions): Promise<Bind> {
  const folder = testFolder();
  const [port, control] = [await freePort(), await freePort()];
  const rndcKey = (await run("tsig-keygen", ["-a", "hmac-sha256", "rndc"], { env: { PATH } })).stdout;
  const key = (await run("tsig-keygen", ["-a", "hmac-sha256", "gantry"], { env: { PATH } })).stdout;
  const rndcConfig = join(folder, "rndc.conf");
  const keyFile = join(folder, "gantry.key");
  const zones = join(folder, "zones");
  mkdirSync(zones);
  writePrivate(
    rndcConfig,
    `${rndcKey}options { default-key "rndc"; default-server 127.0.0.1; default-port ${control}; };\n`,
  );
  writePrivate(keyFile, key);
  const text = [
    rndcKey,
    key,
    `controls { inet 127.0.0.1 port ${control} allow { 127.0.0.1; } keys { "rndc"; }; };`,
    `options {`,
    `  directory "${folder}"; pid-file "${folder}/named.pid"; session-keyfile "${folder}/session.key";`,
    `  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; notify no;`,
    `  dnssec-validation no; minimal-responses no;`,
    `};`,
    configuration(folder),
  ].join("\n");
  writeFileSync(join(folder, "named.conf"), text);
  const server = await startServer({ command: ["named", "-g", "-c", join(folder, "named.conf")], folder, port });
  return { ...server, zones, rndcConfig, keyFile };
}

/** A zone that takes updates from who has the key, empty but for its own name server. */
export function dynamicZone(folder: string, name: string): string {
  const file = join(folder, `${name}.db`);
  const lines = [
    `$TTL 60`,
    `@ IN SOA ns1 hostmaster 1 7200 900 1209600 300`,
    `@ IN NS ns1`,
    `ns1 IN A 203.0.113.53`,
    "",
  ];
  writeFileSync(file, lines.join("\n"));
  return `zone "${name}" { type primary; file "${file}"; update-policy { grant gantry zonesub any; }; };\n`;
}

export interface Powerdns extends NameServer {
  readonly url: string;
  readonly apiKeyFile: string;
}

/** A PowerDNS of its own on SQLite, with its API. */
export async function startPowerdns(): Promise<Powerdns> {
  const folder = testFolder();
  const [port, web] = [await freePort(), await freePort()];
  await run("sqlite3", [join(folder, "pdns.db"), `.read ${POWERDNS_SCHEMA}`]);
  const apiKeyFile = join(folder, "api.key");
  writePrivate(apiKeyFile, "not-a-secret-outside-of-this-test\n");
  const settings = {
    launch: "gsqlite3",
    "gsqlite3-database": join(folder, "pdns.db"),
    "local-address": "127.0.0.1",
    "local-port": port,
    "webserver-port": web,
    api: "yes",
    "api-key": "not-a-secret-outside-of-this-test",
    "socket-dir": folder,
    daemon: "no",
    guardian: "no",
    "disable-syslog": "yes",
    primary: "yes",
  };
  writeFileSync(
    join(folder, "pdns.conf"),
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const server = await startServer({ command: ["pdns_server", `--config-dir=${folder}`], folder, port });
  return { ...server, url: `http://127.0.0.1:${web}`, apiKeyFile };
}

export function writePrivate(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o600);
}

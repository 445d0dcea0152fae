import { appendFile, mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client, ClientChannel, ConnectConfig } from "ssh2";
import { fingerprintOf, keysInFile, together, typeOf, verdictOn, wantedTypes } from "../drivers/ssh/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { BOOTSTRAP_FAILED, BOOTSTRAP_HOST_REFUSED, BOOTSTRAP_KEY_WRONG, BOOTSTRAP_UNREACHABLE } from "./errors.ts";
import { quoted } from "./scripts.ts";

/** Another machine over SSH: commands of its shell. Who one is is proved by keys alone, out of files or an agent. */

export interface SshSettings {
  /** Files with private keys. */
  readonly keys: readonly string[];
  /** Socket of an agent that holds keys. */
  readonly agent: string | undefined;
  /** Whether machines may use that agent for connections of their own. */
  readonly forwardAgent: boolean;
  /** Files of known_hosts; to the first one what is new is added. */
  readonly knownHosts: readonly string[];
  /** Whether the key of a machine that is not known is taken, and kept. */
  readonly acceptNew: boolean;
}

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** Whether commands are run as root by sudo. */
  readonly sudo: boolean;
}

export interface Machine {
  /** What a command said on its standard output. Throws `bootstrap_failed` with the end of what it said on the other. */
  run(script: string, input?: Readable | string): Promise<Buffer>;
  close(): void;
}

/** Milliseconds for connecting and logging in. */
const READY = 20_000;
const ALIVE = 15_000;
/** Characters of what a command complains about. */
const COMPLAINT = 600;
/** Bytes of an answer that is kept. */
const ANSWER = 256 * 1024 * 1024;

/** OpenSSH's own, of the user and of this machine. */
export function usualKnownHosts(): readonly string[] {
  return [join(homedir(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"];
}

/** Those of OpenSSH's usual names that are there. */
export async function usualKeys(): Promise<readonly string[]> {
  const paths = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name));
  const there = await Promise.all(
    paths.map((path) =>
      readFile(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_path, index) => there[index]);
}

/** Private keys out of files. Throws `bootstrap_key_wrong`. */
export async function readKeys(paths: readonly string[]): Promise<readonly string[]> {
  const { default: ssh2 } = await import("ssh2");
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(path, "utf8").catch((error: unknown) => {
        throw new GantryError(BOOTSTRAP_KEY_WRONG, `cannot read ${path}: ${messageOf(error)}`, { cause: error });
      });
      const key = ssh2.utils.parseKey(text);
      if (key instanceof Error) throw new GantryError(BOOTSTRAP_KEY_WRONG, `${path}: ${key.message}`);
      return text;
    }),
  );
}

/** Errors: `bootstrap_unreachable`, `bootstrap_host_refused`. */
export async function connectMachine(
  login: Login,
  settings: Omit<SshSettings, "keys"> & { readonly keyTexts: readonly string[] },
): Promise<Machine> {
  const { default: ssh2 } = await import("ssh2");
  const { host, port, username } = login;
  const place = `${username}@${host} port ${port}`;
  const texts = await Promise.all(settings.knownHosts.map((path) => readFile(path, "utf8").catch(() => "")));
  const known = together(texts.map((text) => keysInFile(text, { name: host, port })));
  const types = wantedTypes(known);
  let refused: string | undefined;
  let fresh: Buffer | undefined;
  const client = new ssh2.Client();
  const { agent } = settings;
  const config: ConnectConfig = {
    host,
    port,
    username,
    readyTimeout: READY,
    keepaliveInterval: ALIVE,
    keepaliveCountMax: 4,
    ...(agent === undefined ? {} : { agent, agentForward: settings.forwardAgent }),
    authHandler: [
      ...settings.keyTexts.map((key) => ({ type: "publickey", username, key }) as const),
      ...(agent === undefined ? [] : [{ type: "agent", username, agent } as const]),
    ],
    ...(types === undefined ? {} : { algorithms: { serverHostKey: types } }),
    hostVerifier(key) {
      const verdict = verdictOn(key, known);
      if (verdict === "unknown" && settings.acceptNew) {
        fresh = key;
        return true;
      }
      if (verdict === "known") return true;
      refused =
        verdict === "unknown"
          ? `shows a host key that is not known: ${fingerprintOf(key)}`
          : `shows another host key than is known: ${fingerprintOf(key)}`;
      return false;
    },
  };
  await new Promise<void>((resolve, reject) => {
    client.once("ready", resolve);
    client.once("error", (error: Error) => {
      if (refused !== undefined) reject(new GantryError(BOOTSTRAP_HOST_REFUSED, `${place} ${refused}`));
      else if (/no matching host key format/i.test(error.message))
        reject(new GantryError(BOOTSTRAP_HOST_REFUSED, `${place} has no host key of a type that is known`));
      else reject(new GantryError(BOOTSTRAP_UNREACHABLE, `${place}: ${error.message}`, { cause: error }));
    });
    client.once("close", () => reject(new GantryError(BOOTSTRAP_UNREACHABLE, `${place}: the connection was closed`)));
    client.connect(config);
  });
  // What comes when nobody listens any more would end the process.
  client.on("error", () => undefined);
  if (fresh !== undefined) await remember(settings.knownHosts[0], host, port, fresh);
  return {
    run: (script, input = "") => run(client, login, script, input),
    close: () => void client.end(),
  };
}

async function remember(path: string | undefined, host: string, port: number, key: Buffer): Promise<void> {
  if (path === undefined) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const name = port === 22 ? host : `[${host}]:${port}`;
  await appendFile(path, `${name} ${typeOf(key)} ${key.toString("base64")}\n`, { mode: 0o600 });
}

async function feed(channel: ClientChannel, input: Readable | string): Promise<void> {
  if (typeof input === "string") return void channel.end(input);
  try {
    await pipeline(input, channel);
  } catch {
    // A command that ends early says itself why.
  }
}

/** The script is an argument of a shell, and not its input: that is for what is sent along. */
function run(client: Client, login: Login, script: string, input: Readable | string): Promise<Buffer> {
  const shell = `sh -c ${quoted(script)}`;
  return new Promise((resolve, reject) => {
    function failed(text: string): void {
      reject(new GantryError(BOOTSTRAP_FAILED, `${login.host}: ${text}`));
    }
    const lost = (): void => failed("the connection was lost");
    client.once("close", lost);
    client.exec(login.sudo ? `sudo -n ${shell}` : shell, (error, channel) => {
      if (error) return failed(`runs no commands: ${error.message}`);
      const said: Buffer[] = [];
      let size = 0;
      let complaint = "";
      let code: number | null = null;
      channel.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size <= ANSWER) said.push(chunk);
      });
      channel.stderr.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-COMPLAINT)));
      channel.on("exit", (given: number | null) => (code = given));
      channel.on("error", () => undefined);
      channel.on("close", () => {
        client.removeListener("close", lost);
        if (code === 0 && size <= ANSWER) resolve(Buffer.concat(said));
        else failed(complaint.trim() || `a command ended with exit code ${code ?? "unknown"}`);
      });
      return void feed(channel, input);
    });
  });
}

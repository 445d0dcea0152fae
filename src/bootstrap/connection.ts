import { appendFile, mkdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
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
  /** Files with private keys. Undefined: OpenSSH's usual ones. */
  readonly keys: readonly string[] | undefined;
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

export interface Command {
  /** Its standard input. */
  readonly input?: Readable | string;
  /** Somebody else's work, which may use the agent that is let through. */
  readonly forwards?: boolean;
}

export interface Machine {
  /** What a command said on its standard output. Throws `bootstrap_failed` with its exit code and the end of what it said on the other. */
  run(script: string, command?: Command): Promise<Buffer>;
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

/** OpenSSH's own, of the user. */
function usualKeys(): readonly string[] {
  return ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name));
}

/**
 * Private keys out of files. Of the usual files those are taken that can be used: an agent may hold the others.
 *
 * @param paths undefined: OpenSSH's usual files
 * Errors: `bootstrap_key_wrong`.
 */
export async function readKeys(
  paths: readonly string[] | undefined,
  agent: string | undefined,
): Promise<readonly string[]> {
  const { default: ssh2 } = await import("ssh2");
  const keys: string[] = [];
  const wrong: string[] = [];
  for (const path of paths ?? usualKeys()) {
    try {
      const text = await readFile(path, "utf8");
      const key = ssh2.utils.parseKey(text);
      if (key instanceof Error) wrong.push(`${path}: ${key.message}`);
      else keys.push(text);
    } catch (error) {
      if (paths !== undefined || (error as NodeJS.ErrnoException).code !== "ENOENT")
        wrong.push(`cannot read ${path}: ${messageOf(error)}`);
    }
  }
  if (paths !== undefined && wrong.length > 0) throw new GantryError(BOOTSTRAP_KEY_WRONG, wrong.join("; "));
  if (keys.length > 0 || agent !== undefined) return keys;
  const why = wrong.length === 0 ? "none in ~/.ssh" : wrong.join("; ");
  throw new GantryError(
    BOOTSTRAP_KEY_WRONG,
    `there is no key to log in with: ${why}, and SSH_AUTH_SOCK names no agent`,
  );
}

/** Whether an agent answers at its socket. Errors: `bootstrap_key_wrong`. */
export async function reachAgent(path: string | undefined): Promise<void> {
  if (path === undefined)
    throw new GantryError(BOOTSTRAP_KEY_WRONG, "--forward-agent: there is no agent, SSH_AUTH_SOCK is empty");
  await new Promise<void>((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", (error) =>
      reject(new GantryError(BOOTSTRAP_KEY_WRONG, `--forward-agent: the agent at ${path}: ${error.message}`)),
    );
  });
}

/** Errors: `bootstrap_unreachable`, `bootstrap_host_refused`, `bootstrap_failed` where sudo asks for a password. */
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
    ...(agent === undefined ? {} : { agent }),
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
  const ready = new Promise<void>((resolve, reject) => {
    let agentTrouble = "";
    client.once("ready", resolve);
    // For as long as it lives: what comes when nobody listens would end the process.
    client.on("error", (error: Error & { readonly level?: string }) => {
      // It goes on with what else there is to log in with, and may come to nothing.
      if (error.level === "agent") agentTrouble = `; the agent at ${agent}: ${error.message}`;
      else reject(refusal(error, agentTrouble));
    });
    client.once("close", () => reject(new GantryError(BOOTSTRAP_UNREACHABLE, `${place}: the connection was closed`)));
  });
  client.connect(config);
  try {
    await ready;
    if (fresh !== undefined) await remember(settings.knownHosts[0], host, port, fresh);
    if (login.sudo) await becomeRoot(client, login);
  } catch (error) {
    client.end();
    throw error;
  }
  return {
    run: (script, { input = "", forwards = false } = {}) =>
      run(client, { ...login, forwards: forwards && settings.forwardAgent }, script, input),
    close: () => void client.end(),
  };

  function refusal(error: Error, agentTrouble: string): GantryError {
    if (refused !== undefined) return new GantryError(BOOTSTRAP_HOST_REFUSED, `${place} ${refused}`);
    if (/no matching host key format/i.test(error.message))
      return new GantryError(BOOTSTRAP_HOST_REFUSED, `${place} has no host key of a type that is known`);
    const why = /All configured authentication methods failed/.test(error.message)
      ? " lets nobody in with these keys"
      : `: ${error.message}`;
    return new GantryError(BOOTSTRAP_UNREACHABLE, `${place}${why}${agentTrouble}`, { cause: error });
  }
}

/** Said once, instead of with each command that is refused. */
async function becomeRoot(client: Client, login: Login): Promise<void> {
  try {
    await run(client, { ...login, forwards: false }, ":", "");
  } catch (error) {
    throw new GantryError(
      BOOTSTRAP_FAILED,
      `${login.username} cannot become root by sudo without a password (${messageOf(error)}): allow it (NOPASSWD in its sudoers), or log in as root`,
      { cause: error },
    );
  }
}

async function remember(path: string | undefined, host: string, port: number, key: Buffer): Promise<void> {
  if (path === undefined) return;
  const name = port === 22 ? host : `[${host}]:${port}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const before = await readFile(path, "utf8").catch(() => "");
    // Its last line may have no end.
    const ended = before === "" || before.endsWith("\n") ? "" : "\n";
    await appendFile(path, `${ended}${name} ${typeOf(key)} ${key.toString("base64")}\n`, { mode: 0o600 });
  } catch (error) {
    throw new GantryError(BOOTSTRAP_FAILED, `cannot keep its host key: ${messageOf(error)}`, { cause: error });
  }
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
function commandOf({ sudo, forwards }: Pick<Login, "sudo"> & { readonly forwards: boolean }, script: string): string {
  if (!sudo) return `sh -c ${quoted(script)}`;
  if (!forwards) return `sudo -n sh -c ${quoted(script)}`;
  // sudo keeps nothing of its user's environment.
  return `sudo -n sh -c ${quoted(`export SSH_AUTH_SOCK="$1"; shift; ${script}`)} sh "$SSH_AUTH_SOCK"`;
}

function run(
  client: Client,
  login: Login & { readonly forwards: boolean },
  script: string,
  input: Readable | string,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    function failed(text: string): void {
      client.removeListener("close", lost);
      reject(new GantryError(BOOTSTRAP_FAILED, text));
    }
    const lost = (): void => failed("the connection was lost");
    client.once("close", lost);
    client.exec(commandOf(login, script), { agentForward: login.forwards }, (error, channel) => {
      if (error && /agent forwarding/i.test(error.message))
        return failed("its sshd lets no agent through (AllowAgentForwarding)");
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
        if (code === 0 && size <= ANSWER) return resolve(Buffer.concat(said));
        // Many say on the one what belongs on the other.
        const words = complaint.trim() || Buffer.concat(said).toString().slice(-COMPLAINT).trim();
        const end = size > ANSWER ? `says more than ${ANSWER / 1024 / 1024} MiB` : `exit code ${code ?? "unknown"}`;
        return failed(words === "" ? end : `${end}: ${words.replaceAll(/\s*\n\s*/g, "; ")}`);
      });
      return void feed(channel, input);
    });
  });
}

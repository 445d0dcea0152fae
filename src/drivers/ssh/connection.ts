import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Client, ConnectConfig } from "ssh2";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import {
  SSH_HOST_DIFFERS,
  SSH_HOST_UNKNOWN,
  SSH_KEY_WRONG,
  SSH_KNOWN_HOSTS_WRONG,
  SSH_NOT_SECRET,
  SSH_REFUSED,
  SSH_UNREACHABLE,
} from "./errors.ts";
import {
  fingerprintOf,
  hostKeyOf,
  type HostKeys,
  keysInFile,
  together,
  type Verdict,
  verdictOn,
  wantedTypes,
} from "./known-hosts.ts";
import { type Login, SECRET_PARAMETERS } from "./model.ts";

/** A connection that is logged in. */
export interface Connection {
  readonly client: Client;
  /** Rejects when the connection is lost or cut: to be raced with all that waits for the server. */
  readonly lost: Promise<never>;
  /** What is to be said before the connection is cut because the call was stopped. */
  beforeCut(say: () => void): void;
}

export interface SshOptions {
  /** Files of known_hosts. */
  readonly knownHostsFiles: readonly string[];
}

/** OpenSSH's own: of the worker's user, and of its machine. */
export function usualKnownHosts(): readonly string[] {
  return [join(homedir(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"];
}

/** Milliseconds for connecting and logging in. */
const READY = 20_000;
/** Milliseconds from the end of a connection until it is cut. */
const FAREWELL = 1000;
/** Milliseconds between signs of life that are asked for; after three that do not come the connection is lost. */
const ALIVE = 10_000;

/**
 * Does something on a connection, and ends that whatever comes. When the signal is aborted the connection is cut, and the signal's reason is
 * what is told.
 *
 * Errors: those of `errors.ts` that begin with the host, the key and the login; `ssh_unreachable`.
 */
export async function withConnection<Result>(
  login: Login,
  options: SshOptions,
  context: FunctionContext,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  for (const name of SECRET_PARAMETERS) checkSecret(name, login[name], context);
  const known = await knownKeys(login, options);
  const { default: ssh2 } = await import("ssh2");
  if (login.private_key !== undefined) {
    const parsed = ssh2.utils.parseKey(login.private_key, login.passphrase);
    if (parsed instanceof Error)
      throw new GantryError(SSH_KEY_WRONG, `the private key cannot be used: ${parsed.message}`);
  }
  context.signal.throwIfAborted();
  const client = new ssh2.Client();
  const place = `${login.user}@${login.target} port ${login.port}`;
  const lost = Promise.withResolvers<never>();
  // Nobody may be waiting when it is lost.
  lost.promise.catch(() => undefined);
  let lastWords = (): void => undefined;
  // What comes when nobody listens any more would end the process.
  client.on("error", () => undefined);
  function stop(): void {
    lastWords();
    lost.reject(context.signal.reason as Error);
  }
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([ready(client, login, known, place), lost.promise]);
    client.on("error", (error: Error) => lost.reject(new GantryError(SSH_UNREACHABLE, `${place}: ${error.message}`)));
    client.on("close", () => lost.reject(new GantryError(SSH_UNREACHABLE, `${place}: the connection was lost`)));
    return await work({
      client,
      lost: lost.promise,
      beforeCut(say) {
        lastWords = say;
      },
    });
  } catch (error) {
    context.signal.throwIfAborted();
    throw error;
  } finally {
    context.signal.removeEventListener("abort", stop);
    client.end();
    // What was said last has left by then; a server that is gone would never answer.
    context.clock.after(FAREWELL, () => client.destroy());
  }
}

function ready(client: Client, login: Login, known: HostKeys, place: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let refused: { readonly verdict: Exclude<Verdict, "known">; readonly fingerprint: string } | undefined;
    const types = wantedTypes(known);
    const config: ConnectConfig = {
      host: login.target,
      port: login.port,
      username: login.user,
      password: login.password,
      privateKey: login.private_key,
      passphrase: login.passphrase,
      tryKeyboard: login.password !== undefined,
      readyTimeout: READY,
      keepaliveInterval: ALIVE,
      keepaliveCountMax: 3,
      ...(types === undefined ? {} : { algorithms: { serverHostKey: types } }),
      hostVerifier(key) {
        const verdict = verdictOn(key, known);
        if (verdict !== "known") refused = { verdict, fingerprint: fingerprintOf(key) };
        return verdict === "known";
      },
    };
    client.once("ready", () => resolve());
    // Servers that ask for the password in their own words.
    client.on(
      "keyboard-interactive",
      (_name, _text, _language, prompts: readonly unknown[], finish: (answers: string[]) => void) =>
        finish(prompts.map(() => login.password ?? "")),
    );
    client.once("error", (error: Error & { readonly level?: string }) => reject(loginError(error, refused, place)));
    client.once("close", () => reject(new GantryError(SSH_UNREACHABLE, `${place}: the connection was closed`)));
    client.connect(config);
  });
}

function loginError(
  error: Error & { readonly level?: string },
  refused: { readonly verdict: Exclude<Verdict, "known">; readonly fingerprint: string } | undefined,
  place: string,
): GantryError {
  if (refused?.verdict === "unknown")
    return new GantryError(SSH_HOST_UNKNOWN, `${place} shows a host key that is not known: ${refused.fingerprint}`);
  if (refused !== undefined)
    return new GantryError(SSH_HOST_DIFFERS, `${place} shows another host key than is known: ${refused.fingerprint}`);
  if (/no matching host key format/i.test(error.message))
    return new GantryError(SSH_HOST_DIFFERS, `${place} has no host key of a type that is known: ${error.message}`);
  if (error.level === "client-authentication") return new GantryError(SSH_REFUSED, `${place}: ${error.message}`);
  return new GantryError(SSH_UNREACHABLE, `${place}: ${error.message}`, { cause: error });
}

/** What is given as a parameter alone counts; else the files, of which those that are not there say nothing. */
async function knownKeys({ host_key, known_hosts, target, port }: Login, options: SshOptions): Promise<HostKeys> {
  const host = { name: target, port };
  const given: HostKeys[] = [];
  if (host_key !== undefined) {
    const key = hostKeyOf(host_key);
    if (key === undefined)
      throw new GantryError(SSH_KNOWN_HOSTS_WRONG, "host_key is neither a public key nor a fingerprint");
    given.push(key);
  }
  if (known_hosts !== undefined) given.push(keysInFile(known_hosts, host));
  if (given.length > 0) return together(given);
  const texts = await Promise.all(options.knownHostsFiles.map(textOf));
  return together(texts.map((text) => keysInFile(text, host)));
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new GantryError(SSH_KNOWN_HOSTS_WRONG, `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** What is not taken out of what the task says was no secret. */
function checkSecret(name: string, value: string | undefined, context: FunctionContext): void {
  if (value === undefined) return;
  const hiding = context.hiding?.();
  const shown =
    hiding === undefined ? value : Buffer.concat([hiding.push(Buffer.from(value)), hiding.end()]).toString();
  if (shown === value)
    throw new GantryError(
      SSH_NOT_SECRET,
      `${name} must come from a secret of at least 6 characters, not from the script itself`,
    );
}

import { readFile, rm } from "node:fs/promises";
import { join as joinPath } from "node:path";
import { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import {
  backoffDelay,
  createKeyPair,
  hashSecret,
  join,
  joinByKey,
  type KeyPair,
  LINK_UNREACHABLE,
  type SessionLog,
} from "../link/index.ts";
import { writePrivateFile } from "../platform/files/index.ts";
import { IDENTITY_DAMAGED, NOT_JOINED, SITE_DIFFERS } from "./errors.ts";

/**
 * Who this executor is, in its state folder. `join.json` (left there by whoever made the machine, or by the command line) becomes
 * `identity.json` by joining, once. A crash in between joins again with the same key, which the server takes for the same joining.
 */

const joinFile = z.object({ urls: z.array(z.string()).min(1), token: z.string(), name: z.string().optional() });
export type JoinFile = z.output<typeof joinFile>;

const identityFile = z.object({
  urls: z.array(z.string()).min(1),
  /** PEM of the server's authority. */
  ca: z.string(),
  id: z.string(),
  name: z.string(),
  /** PKCS #8, PEM. */
  key: z.string(),
  /** The site a worker works for; null: an agent, or a worker for all. */
  site: z.string().nullable().default(null),
  /** Hash of the token it joined with: the same one in `join.json` is only a leftover. Empty: it joined by the shared key. */
  token: z.string(),
});
export type Identity = z.output<typeof identityFile>;

const keyFile = z.object({ privateKey: z.string(), publicKey: z.string() });

export interface IdentityParts {
  readonly state: string;
  readonly kind: "agent" | "worker";
  /** Its name when neither token nor join file says another. */
  readonly name: string;
  /** Of a worker: the site it is to work for. Left out: that of the token. */
  readonly site?: string;
  /** The shared key, and where to join with it, when there is neither an identity nor a token. */
  readonly shared?: { readonly urls: readonly string[]; readonly key: string };
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: SessionLog;
  /** Ends the waiting for a server that cannot be reached. */
  readonly signal: AbortSignal;
}

type Joined = Awaited<ReturnType<typeof join>>;

/** Milliseconds for each request while joining. */
const REQUEST = 15_000;

/**
 * The identity in the folder, or a new one by joining; waits while the server cannot be reached.
 *
 * Errors: `executor_not_joined`, `executor_identity_damaged`, `executor_site_differs`, `join_refused`, `join_token_malformed`,
 * `shared_key_differs`, `link_pin_mismatch`.
 */
export async function ensureIdentity(parts: IdentityParts): Promise<Identity> {
  const identity = await identityOf(parts);
  if (parts.site !== undefined && parts.site !== identity.site) {
    const own = identity.site === null ? "every site" : `site ${identity.site}`;
    throw new GantryError(SITE_DIFFERS, `${identity.name} joined for ${own}, not for ${parts.site}`);
  }
  return identity;
}

async function identityOf(parts: IdentityParts): Promise<Identity> {
  const paths = {
    join: joinPath(parts.state, "join.json"),
    identity: joinPath(parts.state, "identity.json"),
    key: joinPath(parts.state, "joining.json"),
  };
  const known = await read(paths.identity, identityFile);
  const wish = await read(paths.join, joinFile);
  if (wish === undefined) {
    if (known !== undefined) return moved(parts, known);
    if (parts.shared === undefined)
      throw new GantryError(
        NOT_JOINED,
        `${parts.state} holds no identity, and neither a join token nor a shared key was given`,
      );
    return enter(parts, paths.key, parts.shared);
  }
  const token = hashSecret(wish.token);
  if (known?.token === token) {
    await rm(paths.join, { force: true });
    await rm(paths.key, { force: true });
    return known;
  }
  const keys = await keysIn(paths.key);
  const joined = await joinPatiently(parts, wish, keys);
  const identity: Identity = {
    urls: wish.urls,
    ca: joined.authority,
    id: joined.id,
    name: joined.name,
    key: keys.privateKey,
    site: joined.site,
    token,
  };
  await saveIdentity(parts.state, identity);
  await rm(paths.join, { force: true });
  await rm(paths.key, { force: true });
  return identity;
}

/** Joins by the shared key. A crash in between joins again with the same key pair. */
async function enter(
  parts: IdentityParts,
  keyPath: string,
  { urls, key }: NonNullable<IdentityParts["shared"]>,
): Promise<Identity> {
  const keys = await keysIn(keyPath);
  const { environment, name } = parts;
  const joined = await patiently(parts, () =>
    joinByKey({ urls, sharedKey: key, name, keys, environment, timeout: REQUEST }),
  );
  const identity: Identity = {
    urls: [...urls],
    ca: joined.authority,
    id: joined.id,
    name: joined.name,
    key: keys.privateKey,
    site: null,
    token: "",
  };
  await saveIdentity(parts.state, identity);
  await rm(keyPath, { force: true });
  return identity;
}

/** Who joined by the shared key is told where the server is at each start, and knows the server again by its authority. */
async function moved({ state, shared }: IdentityParts, known: Identity): Promise<Identity> {
  if (known.token !== "" || shared === undefined || shared.urls.join() === known.urls.join()) return known;
  const identity = { ...known, urls: [...shared.urls] };
  await saveIdentity(state, identity);
  return identity;
}

export async function saveIdentity(state: string, identity: Identity): Promise<void> {
  await writePrivateFile(joinPath(state, "identity.json"), JSON.stringify(identity));
}

/** Whether there is an identity, or something to join with. */
export async function hasJoined(state: string): Promise<boolean> {
  const there = await Promise.all(
    ["identity.json", "join.json"].map((name) => read(joinPath(state, name), z.unknown()).catch(() => true)),
  );
  return there.some((one) => one !== undefined);
}

/** Leaves a wish to join, as `--server` and `--join` on the command line do. */
export async function leaveJoinFile(state: string, wish: JoinFile): Promise<void> {
  await writePrivateFile(joinPath(state, "join.json"), JSON.stringify(wish));
}

async function keysIn(path: string): Promise<KeyPair> {
  const known = await read(path, keyFile);
  if (known !== undefined) return known;
  const keys = createKeyPair();
  await writePrivateFile(path, JSON.stringify(keys));
  return keys;
}

function joinPatiently(parts: IdentityParts, wish: JoinFile, keys: KeyPair): Promise<Joined> {
  return patiently(parts, () =>
    join({
      urls: wish.urls,
      token: wish.token,
      kind: parts.kind,
      name: wish.name ?? parts.name,
      ...(parts.site === undefined ? {} : { site: parts.site }),
      keys,
      environment: parts.environment,
      timeout: REQUEST,
    }),
  );
}

async function patiently(parts: IdentityParts, attemptJoin: () => Promise<Joined>): Promise<Joined> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await attemptJoin();
    } catch (error) {
      if (!(error instanceof GantryError) || error.kind !== LINK_UNREACHABLE) throw error;
      parts.log.warn({ error: messageOf(error), attempt }, "cannot reach the server to join");
      await pause(parts, backoffDelay(attempt, parts.random));
    }
  }
}

function pause({ clock, signal }: IdentityParts, milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const cancel = clock.after(milliseconds, resolve);
    signal.addEventListener("abort", () => {
      cancel();
      reject(signal.reason);
    });
  });
}

async function read<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new GantryError(IDENTITY_DAMAGED, `${path} is not what it should be`, {
      cause: error,
      where: { file: path },
    });
  }
}

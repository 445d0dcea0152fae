import { join } from "node:path";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import {
  advertHash,
  type BroughtFile,
  connect,
  type Connection,
  type LinkSession,
  type Module,
  type SessionLog,
  signChallenge,
  startSession,
  type Transport,
} from "../link/index.ts";
import { acquireLock, ensurePrivateFolder } from "../platform/files/index.ts";
import { advertise } from "./advert.ts";
import { contentLink } from "./content.ts";
import { type Executor, startExecutor } from "./executor.ts";
import { ensureIdentity, hasJoined, type JoinFile, leaveJoinFile } from "./identity.ts";
import { openJournal } from "./journal.ts";
import { createTrust } from "./trust.ts";

/** An executor with its identity, its link and its journal: all of `gantry agent` and `gantry worker` but their modules. */

interface CommonOptions {
  /** Absolute. Its own folder, made when missing. */
  readonly state: string;
  /**
   * Called once the folder is locked: what an earlier one of the same folder left is not in use any more.
   * @param noticed to be called when the facts may have changed
   */
  modules(noticed: () => void): Promise<readonly Module[]>;
  /** Told at each connection, and when they changed. */
  facts(): Promise<JsonObject>;
  /** Of this program. */
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: SessionLog;
  /** Milliseconds between its heartbeats, where that is less than the server says. */
  readonly heartbeat?: number;
  /** The server has let it in. */
  connected?(): void;
  /** Ends what a task left running when the executor died under it. */
  cleanUp?(key: string): Promise<void>;
}

export interface LinkedOptions extends CommonOptions {
  readonly kind: "agent" | "worker";
  /** What to join with, on the first start. Left out: what is in the folder. */
  readonly join?: JoinFile;
  /** The same for who has neither an identity nor a token in its folder yet. */
  readonly joinOnce?: JoinFile;
  /** The shared key, and where to join with it. Left out: a token, or what is in the folder. */
  readonly shared?: { readonly urls: readonly string[]; readonly key: string };
  /** Its name when nobody says another. */
  readonly name: string;
  /** Of a worker: the site it is to work for. Left out: that of the token. */
  readonly site?: string;
  readonly transport: Transport;
  readonly environment: NodeJS.ProcessEnv;
  /** Ends the waiting for a server to join. */
  readonly signal: AbortSignal;
}

export interface LinkedExecutor {
  readonly id: string;
  readonly name: string;
  stop(): Promise<void>;
}

/** Milliseconds for one try to connect. */
const CONNECT = 20_000;
/** Milliseconds between two looks at the facts. */
const FACTS_EVERY = 60_000;
/** The same where something asks for them again and again. */
const FACTS_SOONEST = 1000;

/** Resolves when it works (not when it is connected). Errors: `lock_held`, those of `ensureIdentity`, `executor_journal_damaged`. */
export async function startLinkedExecutor(options: LinkedOptions): Promise<LinkedExecutor> {
  await ensurePrivateFolder(options.state);
  const unlock = await acquireLock(join(options.state, "lock"));
  try {
    if (options.join !== undefined) await leaveJoinFile(options.state, options.join);
    else if (options.joinOnce !== undefined && !(await hasJoined(options.state)))
      await leaveJoinFile(options.state, options.joinOnce);
    const identity = await ensureIdentity(options);
    const trust = createTrust({ ...options, identity });
    const { urls } = identity;
    const executor = await start(options, {
      id: identity.id,
      open: async () =>
        (await connect({ urls, transport: options.transport, agent: trust.agent(), timeout: CONNECT })).connection,
      sign: (nonce) => signChallenge(identity.key, { nonce, pin: trust.pin(), executor: identity.id }),
      pin: trust.pin,
      learn: trust.learn,
      ...contentLink({ ...options, urls, executor: identity.id, key: identity.key, agent: trust.agent }),
    });
    return {
      id: identity.id,
      name: identity.name,
      stop: () => stopAll(executor, [async () => trust.close(), unlock]),
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

export interface EmbeddedOptions extends CommonOptions {
  /** What `Fleet.embed` gave. */
  readonly link: Omit<Link, "learn" | "content" | "bring">;
  content(sha256: string, from?: number, size?: number): AsyncIterable<Uint8Array>;
}

/** The same inside the server, over memory. Errors: `lock_held`, `executor_journal_damaged`. */
export async function startEmbeddedExecutor(options: EmbeddedOptions): Promise<LinkedExecutor> {
  await ensurePrivateFolder(options.state);
  const unlock = await acquireLock(join(options.state, "lock"));
  try {
    const executor = await start(options, { ...options.link, content: options.content });
    return { id: options.link.id, name: "embedded", stop: () => stopAll(executor, [unlock]) };
  } catch (error) {
    await unlock();
    throw error;
  }
}

interface Link {
  readonly id: string;
  open(): Promise<Connection>;
  sign(nonce: string): string;
  /** Of the authority it trusts. */
  pin(): string;
  /** Left out: it needs none. */
  learn?(certificate: string): Promise<void>;
  content(sha256: string, from?: number, size?: number): AsyncIterable<Uint8Array>;
  bring?(task: string, file: BroughtFile): Promise<void>;
}

async function start(options: CommonOptions, link: Link): Promise<Executor> {
  const { clock, random, log } = options;
  const modules = await options.modules(() => refreshIn(Math.max(0, lookedAt + FACTS_SOONEST - clock.now())));
  const adverts = advertise(modules);
  const advert = advertHash(adverts);
  let facts = await options.facts();
  let told = JSON.stringify(facts);
  let lookedAt = clock.now();
  let session: LinkSession | undefined;
  let stopped = false;
  let cancel: CancelTimer = () => undefined;

  async function refresh(): Promise<void> {
    lookedAt = clock.now();
    try {
      facts = await options.facts();
    } catch (error) {
      log.warn({ error: messageOf(error) }, "cannot collect facts");
    }
    refreshIn(FACTS_EVERY);
    if (JSON.stringify(facts) !== told) session?.beat();
  }

  function refreshIn(milliseconds: number): void {
    cancel();
    if (!stopped) cancel = clock.after(milliseconds, () => void refresh());
  }
  refreshIn(FACTS_EVERY);

  const executor = await startExecutor({
    modules,
    journal: await openJournal(join(options.state, "journal")),
    clock,
    log,
    content: link.content,
    ...(link.bring === undefined ? {} : { bring: link.bring }),
    ...(options.cleanUp === undefined ? {} : { cleanUp: options.cleanUp }),
    startSession: (handlers, held) =>
      (session = startSession({
        executor: link.id,
        open: link.open,
        sign: link.sign,
        describe: () => ({ gantry: options.version, modules: adverts, facts }),
        advert,
        facts() {
          const text = JSON.stringify(facts);
          if (text === told) return undefined;
          told = text;
          return facts;
        },
        held,
        pin: link.pin,
        ...(options.heartbeat === undefined ? {} : { heartbeat: options.heartbeat }),
        handlers: {
          ...handlers,
          connected() {
            handlers.connected?.();
            options.connected?.();
          },
          authority: (certificate) => void link.learn?.(certificate),
        },
        clock,
        random,
        log,
      })),
  });
  return {
    held: executor.held,
    async stop() {
      stopped = true;
      cancel();
      await executor.stop();
    },
  };
}

async function stopAll(executor: Executor, steps: readonly (() => Promise<void>)[]): Promise<void> {
  await executor.stop();
  for (const step of steps) await step();
}

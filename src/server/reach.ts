import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { writePrivateFile } from "../platform/files/index.ts";
import type { Certificates, HttpServer } from "../platform/http/index.ts";
import type { Logger } from "../platform/logging/index.ts";

/** How agents reach this server. */
export interface Reach {
  readonly urls: readonly string[];
  /**
   * URLs for what is behind a bridge of this machine, as containers are: the server listens on the bridge's own address too. Where that
   * is not an address of this machine (a remote engine), those it has anyway.
   */
  through(gateway: string): Promise<readonly string[]>;
}

export interface ReachParts {
  readonly http: HttpServer;
  certificates(): Certificates;
  readonly urls: readonly string[];
  /** Remembers the bridges: agents behind them look for the server there after it has been started anew. */
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const EVERYWHERE = /\/\/(0\.0\.0\.0|\[::\]):/;
/** Milliseconds between two looks for a bridge that is not there: its engine may start after this server. */
const LOOK = 5000;

/** Listens again on every bridge that an earlier server of the same data folder listened on, as soon as it is there. */
export async function createReach(parts: ReachParts): Promise<Reach> {
  const { http, urls, clock, log } = parts;
  const file = join(parts.dataFolder, "gateways.json");
  const known = new Set(await readGateways(file));
  const opened = new Map<string, Promise<string>>();

  /** The same port as elsewhere, so that agents find the server again after it has been started anew. */
  async function open(gateway: string): Promise<string> {
    const port = http.listeners.find((listener) => listener.port !== null)?.port ?? 0;
    const listening =
      opened.get(gateway) ??
      http.listen({ host: gateway, port }, parts.certificates()).then((listener) => listener.url);
    opened.set(gateway, listening);
    try {
      return await listening;
    } catch (error) {
      opened.delete(gateway);
      throw error;
    }
  }

  async function reopen(): Promise<void> {
    if (http.closing.aborted) return;
    for (const gateway of known) {
      if (opened.has(gateway) || !(await isOwnAddress(gateway))) continue;
      await open(gateway).catch((error: unknown) =>
        log.warn({ gateway, error: messageOf(error) }, "cannot listen on a bridge"),
      );
    }
    if ([...known].some((gateway) => !opened.has(gateway))) clock.after(LOOK, () => void reopen());
  }
  if (!listensEverywhere(http)) await reopen();

  return {
    urls,
    async through(gateway) {
      if (!(await isOwnAddress(gateway))) return urls;
      if (listensEverywhere(http)) return urls.map((url) => url.replace(EVERYWHERE, `//${gateway}:`));
      const url = await open(gateway);
      if (!known.has(gateway)) await writePrivateFile(file, JSON.stringify([...known.add(gateway)]));
      return [url, ...urls];
    },
  };
}

/** Empty when there is no such file, or it is not what it should be: bridges are told again by whoever makes containers. */
async function readGateways(file: string): Promise<readonly string[]> {
  try {
    return z.array(z.string()).parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return [];
  }
}

/**
 * Whether this machine has the address. Asked of the kernel by binding to it: the list of interfaces leaves out a bridge that nothing is
 * plugged into yet, which is just when its address is needed first.
 */
async function isOwnAddress(address: string): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(0, address);
    await once(probe, "listening");
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}

/** Where the server listens on every address, the bridge's is one of them. */
function listensEverywhere(http: HttpServer): boolean {
  return http.listeners.some((listener) => EVERYWHERE.test(listener.url));
}

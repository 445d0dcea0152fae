import type { GantryClient } from "../client/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { isJsonObject } from "../kernel/json.ts";

/** Nodes that connect, as the server tells of them: one feed of events for however many are waited for. */
export interface Connections extends AsyncDisposable {
  /**
   * Whether the node has connected since this began, or does within so many milliseconds. Each connection is given once. Errors: those of following
   * events.
   */
  next(name: string, milliseconds: number): Promise<boolean>;
}

/** Resolves once nothing that happens is missed. */
export async function connections(client: GantryClient): Promise<Connections> {
  const stop = new AbortController();
  const came = new Set<string>();
  const waiting = new Map<string, (came: boolean) => void>();
  const feed = client.events.follow({ type: "node.connected", signal: stop.signal });
  const following = follow();
  // Whoever waits is told; nobody else needs to know.
  following.catch(() => undefined);
  await feed.opened;

  async function follow(): Promise<void> {
    for await (const { data } of feed) {
      const name = isJsonObject(data) ? String(data["name"]) : "";
      const told = waiting.get(name);
      if (told === undefined) came.add(name);
      else told(true);
    }
  }

  async function next(name: string, milliseconds: number): Promise<boolean> {
    if (came.delete(name)) return true;
    const told = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => told.resolve(false), milliseconds);
    waiting.set(name, told.resolve);
    try {
      return await Promise.race([told.promise, following.then(() => false)]);
    } finally {
      clearTimeout(timer);
      waiting.delete(name);
    }
  }

  return {
    next,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following.catch(() => undefined);
    },
  };
}

/** Undefined: there is no node of that name. */
export async function nodeNamed(
  client: GantryClient,
  name: string,
): Promise<Awaited<ReturnType<GantryClient["nodes"]["get"]>> | undefined> {
  try {
    return await client.nodes.get(name);
  } catch (error) {
    if (error instanceof GantryError && error.code === "executor_unknown") return undefined;
    throw error;
  }
}

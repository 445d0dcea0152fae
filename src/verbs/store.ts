import { readFile } from "node:fs/promises";
import { z } from "zod";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { writePrivateFile } from "../platform/files/index.ts";
import { ARGUMENTS_DAMAGED } from "./errors.ts";

/** Named values remembered on a node, its arguments for one: a small file, written whole each time. */
export interface Remembered<Value extends Json = Json> {
  all(): Promise<Readonly<Record<string, Value>>>;
  /** Resolves when it is on disk. Returns whether that changed anything. */
  set(values: Readonly<Record<string, Value>>): Promise<boolean>;
  /** The same with values that depend on those there are. */
  update(change: (before: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>): Promise<boolean>;
  /** Forgets some, or all. Returns the names that were there. */
  forget(names?: readonly string[]): Promise<readonly string[]>;
  /** Calls back after each change; returns how to end that. */
  watch(changed: () => void): () => void;
}

const content = z.record(z.string(), z.json());

export function openRemembered<Value extends Json = Json>(path: string): Remembered<Value> {
  let last: Promise<unknown> = Promise.resolve();
  let known: Record<string, Value> | undefined;
  /** The same once all changes so far are done; asked for by each command of a list. */
  let current: Promise<Record<string, Value>> | undefined;
  const watchers = new Set<() => void>();

  async function load(): Promise<Record<string, Value>> {
    known ??= (await read(path)) as Record<string, Value>;
    return known;
  }

  /** One change after the other. */
  function change<Result>(
    action: (before: Record<string, Value>) => { after: Record<string, Value>; result: Result },
  ): Promise<Result> {
    const mine = last
      .catch(() => undefined)
      .then(async () => {
        const before = await load();
        const { after, result } = action(before);
        if (after === before) return result;
        await writePrivateFile(path, JSON.stringify(after));
        known = after;
        for (const changed of watchers) changed();
        return result;
      });
    last = mine;
    current = undefined;
    return mine;
  }

  function update(values: (before: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>) {
    return change((before) => {
      const after = { ...before, ...values(before) };
      const changed = JSON.stringify(after) !== JSON.stringify(before);
      return { after: changed ? after : before, result: changed };
    });
  }

  return {
    all() {
      if (current !== undefined) return current;
      const mine = last.catch(() => undefined).then(load);
      current = mine;
      // What cannot be read is tried again.
      mine.catch(() => {
        if (current === mine) current = undefined;
      });
      return mine;
    },
    set: (values) => update(() => values),
    update,
    forget: (names) =>
      change((before) => {
        const gone = Object.keys(before).filter((name) => names === undefined || names.includes(name));
        const kept = Object.entries(before).filter(([name]) => !gone.includes(name));
        return { after: gone.length === 0 ? before : Object.fromEntries(kept), result: gone };
      }),
    watch(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
  };
}

async function read(path: string): Promise<Record<string, Json>> {
  try {
    return content.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new GantryError(ARGUMENTS_DAMAGED, `${path} cannot be read`, { cause: error });
  }
}

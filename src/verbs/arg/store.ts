import { readFile } from "node:fs/promises";
import { z } from "zod";
import { GantryError } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import { writePrivateFile } from "../../platform/files/index.ts";
import { ARGUMENTS_DAMAGED } from "../errors.ts";

/** The arguments remembered on a node: one small file, written whole each time. */
export interface Arguments {
  all(): Promise<Readonly<Record<string, Json>>>;
  /** Resolves when it is on disk. Returns whether that changed anything. */
  set(values: Readonly<Record<string, Json>>): Promise<boolean>;
}

const content = z.record(z.string(), z.json());

export function openArguments(path: string): Arguments {
  let last: Promise<unknown> = Promise.resolve();
  let known: Record<string, Json> | undefined;

  async function load(): Promise<Record<string, Json>> {
    known ??= await read(path);
    return known;
  }

  return {
    async all() {
      await last.catch(() => undefined);
      return load();
    },
    set(values) {
      const mine = last
        .catch(() => undefined)
        .then(async () => {
          const before = await load();
          const after = { ...before, ...values };
          if (JSON.stringify(after) === JSON.stringify(before)) return false;
          await writePrivateFile(path, JSON.stringify(after));
          known = after;
          return true;
        });
      last = mine;
      return mine;
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

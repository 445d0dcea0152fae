import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import { CACHEFILE_WRONG } from "../errors.ts";
import { argumentsOf } from "./model.ts";

/** Bytes of such a file. */
const LONGEST = 1024 * 1024;

/** Undefined when there is no such file. Throws `cachefile_wrong`. */
export async function readArguments(path: string): Promise<JsonObject | undefined> {
  const text = await textOf(path);
  if (text === undefined) return undefined;
  const read = argumentsOf(await parsed(path, text));
  if (typeof read === "string") throw new GantryError(CACHEFILE_WRONG, `${path} ${read}`);
  return read;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    // A pipe would be waited for.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const there = await file.stat();
      if (!there.isFile()) throw new GantryError(CACHEFILE_WRONG, `${path} is no file`);
      const { size } = there;
      if (size > LONGEST) throw new GantryError(CACHEFILE_WRONG, `${path} has ${size} bytes; ${LONGEST} is the most`);
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof GantryError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new GantryError(CACHEFILE_WRONG, `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function parsed(path: string, text: string): Promise<Json> {
  // Loaded when the first such file is read: most nodes never see one.
  const { parse } = await import("yaml");
  try {
    return JSON.parse(JSON.stringify(parse(text, { maxAliasCount: 100 }) ?? null)) as Json;
  } catch (error) {
    throw new GantryError(CACHEFILE_WRONG, `${path} is no YAML: ${messageOf(error).split("\n")[0] ?? ""}`, {
      cause: error,
    });
  }
}

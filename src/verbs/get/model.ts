import { z } from "zod";
import { nodePath } from "../model.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** GET PATH… TO: files from the node. Pure. */

/** Files of one GET. */
export const MOST_FETCHED = 1000;
/** Bytes of all its files, when nothing else is said: as much as the server takes then. */
export const FETCHED_BYTES = 1024 * 1024 * 1024;
/** Bytes that may be asked for. */
const MOST_BYTES = 16 * 1024 * 1024 * 1024;

export const getParameters = z.object({
  paths: z
    .array(nodePath)
    .min(1)
    .max(MOST_FETCHED)
    .describe("Paths and patterns on the node; of a folder all below it"),
  to: z.string().max(4096).optional().describe("Folder where whoever asks wants them; the node has no use for it"),
  limit: z.int().min(1).max(MOST_BYTES).optional().describe("Bytes of all files; a gigabyte when left out"),
});
export type GetParameters = z.output<typeof getParameters>;

export const getOptions = { limit: "value" } as const;

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** Throws `verb_text_wrong`. */
export function readGet({ rest, values }: ParsedOptions): ReadVerb {
  const words = splitWords("GET", rest);
  const to = words.at(-1);
  if (to === undefined || words.length < 2)
    throw wrong("GET", "needs a path on the node and a folder here: GET PATH… TO");
  return { parameters: { paths: words.slice(0, -1), to, limit: bytesOf(values.get("limit")) } };
}

function bytesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number = "", unit = ""] = /^(\d{1,12})([KMG]?)$/.exec(text) ?? [];
  if (number === "") throw wrong("GET", `--limit ${text} is no number of bytes, like 500000, 20M or 2G`);
  return Number(number) * (UNITS[unit] ?? 1);
}

export function problemOfGet({ user }: { readonly user?: string | undefined }): string | undefined {
  return user === undefined ? undefined : "--user: files are read by the agent itself";
}

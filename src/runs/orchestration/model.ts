import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson, type Json, type JsonObject } from "../../kernel/json.ts";

/** What an orchestration is made of, as the API takes it. A file of entries becomes the same (`read.ts`). Pure. */

/** Verbs of one run, over all entries. */
export const MOST_VERBS = 100_000;
const MOST_ENTRIES = 10_000;
/** Characters of one verb's text. */
const LONGEST_TEXT = 256 * 1024;

const place = z.strictObject({
  file: z.string().max(4096),
  line: z.number().int().optional(),
  column: z.number().int().optional(),
});

/** A file that a verb sends, which the server holds already under its hash. */
const content = z.strictObject({
  /** As the verb's text names it, or a file that its pattern matched. */
  from: z.string().max(4096),
  /** Of a file. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  size: z.number().int().min(0),
  /** It is a folder. */
  folder: z.boolean().optional(),
  /** It is a symbolic link, with this in it. */
  link: z.string().min(1).max(4096).optional(),
  /** Below the target: `a.conf`, `sub/b.conf`; `.` is the target itself, a folder. */
  name: z.string().min(1).max(4096),
  /** Of the file, octal. */
  mode: z.string().regex(/^[0-7]{3,4}$/),
});

const jsonObject = z.record(z.string(), z.json());

export const jobLine = z.strictObject({
  verb: z.string().min(1).max(64),
  text: z.string().max(LONGEST_TEXT),
  /** For people, for `--restrict` and for JOB_WAIT. */
  name: z.string().min(1).max(256).optional(),
  /** Options of the verb, and values for its templates. */
  vars: jsonObject.optional(),
  /** Where it stands in the file it came from. */
  where: place.optional(),
  contents: z.array(content).max(MOST_VERBS).optional(),
});
export type JobLine = z.output<typeof jobLine>;

/** So many nodes, or so many of a hundred. */
const share = z.union([z.number().int().min(0), z.string().regex(/^(100|[1-9]?\d)%$/)]);
export type Share = z.output<typeof share>;

export const entry = z.strictObject({
  name: z.string().min(1).max(256).optional(),
  /** Left out: all nodes. */
  targets: z.array(z.string().max(1024)).max(100_000).optional(),
  /** Values for templates of all its verbs. */
  vars: jsonObject.optional(),
  /** Begins when it is reached, and nothing waits for it. */
  async: z.boolean().default(false),
  /** Nodes at work at the same time. Left out: all. */
  parallel: z.number().int().min(1).optional(),
  /** So many nodes, and when all of them are through, the next. */
  batch: share.optional(),
  /** When more nodes than these fail, no further node begins, and the run fails. Left out: all may. */
  maxFailures: share.optional(),
  /** Of a node whose verb failed: `stop` skips what else it had to do. */
  onFailure: z.enum(["stop", "continue"]).default("stop"),
  jobs: z.array(jobLine).max(MOST_VERBS),
});
export type Entry = z.output<typeof entry>;

export const entries = z.array(entry).min(1).max(MOST_ENTRIES);

/** So many of `total`: of a share in percent the next whole number below, but `least` at least. */
export function shareOf(given: Share, total: number, least: number): number {
  if (typeof given === "number") return Math.max(least, given);
  return Math.max(least, Math.floor((Number(given.slice(0, -1)) * total) / 100));
}

/** What a verb of an orchestration is called, wherever it stands: the same definition has the same. */
export function lineId({ verb, text, vars }: Pick<JobLine, "verb" | "text" | "vars">): string {
  const definition: Json = [verb.toUpperCase(), text, (vars ?? {}) as JsonObject];
  return createHash("sha256").update(canonicalJson(definition)).digest("hex").slice(0, 12);
}

import { z } from "zod";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** REBOOT: the node goes down and comes back; the verbs behind it go on then. Pure. */

export const rebootParameters = z.object({
  delay: z.number().min(0).max(86_400).default(0).describe("Seconds until it goes down"),
  message: z.string().max(500).optional().describe("What those who are logged in are told"),
});
export type RebootParameters = z.output<typeof rebootParameters>;

export const REBOOT_OPTIONS = { delay: "value", message: "value" } as const;

/** `[OPTIONS] [SECONDS]`: the seconds are those of `--delay`. Throws `verb_text_wrong`. */
export function readReboot(options: ParsedOptions, verb: string): ReadVerb {
  const [positional, ...more] = splitWords(verb, options.rest);
  const given = options.values.get("delay");
  if (more.length > 0 || (positional !== undefined && given !== undefined))
    throw wrong(verb, "takes no text but the seconds until it goes down");
  const text = given ?? positional;
  if (text !== undefined && !/^\d+(\.\d+)?$/.test(text)) throw wrong(verb, `${text} is not a number of seconds`);
  return {
    parameters: { delay: text === undefined ? undefined : Number(text), message: options.values.get("message") },
  };
}

/** What is written down before the node goes down. */
export const rebootMarker = z.object({
  key: z.string(),
  /** Which boot it was asked on. */
  boot: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
});
export type RebootMarker = z.output<typeof rebootMarker>;

/** Seconds it may take when nothing else is said: a server with much memory tests it first. */
export const REBOOT_SECONDS = 600;

export type RebootStep = "ask" | "over";

/** A call is over when it finds its own marker from an earlier boot: somebody asked, and the node went down. */
export function decideReboot(marker: RebootMarker | undefined, boot: string): RebootStep {
  return marker !== undefined && marker.boot !== boot ? "over" : "ask";
}

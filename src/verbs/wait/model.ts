import { z } from "zod";
import { templated } from "../model.ts";
import { type ParsedOptions, secondsOption, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** WAIT: until a state is there, or for a time. Pure. */

export const waitParameters = z.object({
  seconds: z
    .number()
    .positive()
    .max(86_400)
    .optional()
    .describe("The most it waits for a state (60 when left out); alone: how long it waits"),
  url: templated(z.string().regex(/^https?:\/\/[^\s/]+/, "is no URL of http or https"))
    .optional()
    .describe("Until this answers with a status below 400"),
  cmd: z.string().min(1).optional().describe("Until this command ends with exit code 0"),
  host: z.string().min(1).max(253).optional().describe("Until this host…"),
  port: z.int().min(1).max(65_535).optional().describe("…takes connections on this port"),
  insecure: z.boolean().optional().describe("With url: whatever its certificate is"),
});
export type WaitParameters = z.output<typeof waitParameters>;

/** Seconds a state is waited for when nobody says how long. */
export const DEFAULT_SECONDS = 60;

export const waitOptions = {
  seconds: "value",
  url: "word",
  cmd: "text",
  host: "value",
  port: "value",
  insecure: "flag",
} as const;

/** `WAIT 5` is `WAIT --seconds 5`; as in Directord, the URL or the command may also stand behind all options. Throws `verb_text_wrong`. */
export function readWait(options: ParsedOptions): ReadVerb {
  const { values, flags } = options;
  let rest = options.rest.trim();
  const states: { url?: string; cmd?: string } = {};
  for (const name of ["url", "cmd"] as const) {
    const said = values.get(name);
    if (said === undefined) continue;
    states[name] = said === "" ? unquoted(rest) : said;
    if (said === "") rest = "";
  }
  const alone = /^\d+(\.\d+)?$/.test(rest) ? Number(rest) : undefined;
  if (rest !== "" && (alone === undefined || values.has("seconds"))) throw wrong("WAIT", `cannot read ${rest}`);
  const port = values.get("port");
  if (port !== undefined && !/^\d+$/.test(port)) throw wrong("WAIT", `--port ${port} is not a port`);
  return {
    parameters: {
      ...states,
      seconds: alone ?? secondsOption("WAIT", options, "seconds"),
      host: values.get("host"),
      port: port === undefined ? undefined : Number(port),
      insecure: flags.has("insecure") ? true : undefined,
    },
  };
}

/** A text that stands in quotes as a whole, without them. */
function unquoted(text: string): string {
  if (!/^(["']).*\1$/s.test(text)) return text;
  const words = splitWords("WAIT", text);
  return words.length === 1 ? (words[0] ?? "") : text;
}

/** What is wrong with a combination of parameters; undefined when nothing is. */
export function waitProblem({ url, cmd, host, port, seconds, insecure }: WaitParameters): string | undefined {
  if ((host === undefined) !== (port === undefined)) return "host and port go together";
  if (insecure === true && url === undefined) return "insecure says something about a url, and there is none";
  const states = [url, cmd, host].filter((state) => state !== undefined).length;
  if (states > 1) return "waits for one thing: url, cmd, or host and port";
  if (states === 0 && seconds === undefined) return "needs something to wait for: seconds, url, cmd, or host and port";
  return undefined;
}

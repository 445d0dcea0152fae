import { z } from "zod";
import { type ParsedOptions, secondsOption, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** WAIT: until a state is there, or for a time. Pure. */

export const waitParameters = z.object({
  seconds: z
    .number()
    .positive()
    .max(86_400)
    .optional()
    .describe("The most it waits for a state (60 when left out); alone: how long it waits"),
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Until this answers with a status below 400"),
  cmd: z.string().min(1).optional().describe("Until this command ends with exit code 0"),
  host: z.string().min(1).max(253).optional().describe("Until this host…"),
  port: z.int().min(1).max(65_535).optional().describe("…takes connections on this port"),
});
export type WaitParameters = z.output<typeof waitParameters>;

/** Seconds a state is waited for when nobody says how long. */
export const DEFAULT_SECONDS = 60;

export const waitOptions = { seconds: "value", url: "value", cmd: "value", host: "value", port: "value" } as const;

/** `WAIT 5` is `WAIT --seconds 5`. Throws `verb_text_wrong`. */
export function readWait(options: ParsedOptions): ReadVerb {
  const { values } = options;
  const rest = options.rest.trim();
  const alone = /^\d+(\.\d+)?$/.test(rest) ? Number(rest) : undefined;
  if (rest !== "" && (alone === undefined || values.has("seconds"))) throw wrong("WAIT", `cannot read ${rest}`);
  const port = values.get("port");
  if (port !== undefined && !/^\d+$/.test(port)) throw wrong("WAIT", `--port ${port} is not a port`);
  return {
    parameters: {
      seconds: alone ?? secondsOption("WAIT", options, "seconds"),
      url: values.get("url"),
      cmd: values.get("cmd"),
      host: values.get("host"),
      port: port === undefined ? undefined : Number(port),
    },
  };
}

/** What is wrong with a combination of parameters; undefined when nothing is. */
export function waitProblem({ url, cmd, host, port, seconds }: WaitParameters): string | undefined {
  if ((host === undefined) !== (port === undefined)) return "host and port go together";
  const states = [url, cmd, host].filter((state) => state !== undefined).length;
  if (states > 1) return "waits for one thing: url, cmd, or host and port";
  if (states === 0 && seconds === undefined) return "needs something to wait for: seconds, url, cmd, or host and port";
  return undefined;
}

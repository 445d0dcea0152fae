import { z } from "zod";
import type { ParsedOptions } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** ECHO TEXT: prints it. Pure. */

export const echoParameters = z.object({
  text: z.string().describe("What is printed; {{ NAME }} is filled from the node's arguments"),
});
export type EchoParameters = z.output<typeof echoParameters>;

export function readEcho(options: ParsedOptions): ReadVerb {
  return { parameters: { text: options.rest } };
}

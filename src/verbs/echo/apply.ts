import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import type { EchoParameters } from "./model.ts";

/** The text, with a line end behind it where it has none. */
export async function applyEcho({ text }: EchoParameters, context: VerbContext): Promise<VerbResult> {
  const line = text.endsWith("\n") ? text : `${text}\n`;
  context.output("stdout", Buffer.from(line));
  return { changed: false, stdout: line };
}

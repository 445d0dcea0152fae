import { z } from "zod";
import { modeText, nodePath, ownerText, templated } from "../model.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** WORKDIR PATH: a folder on the node. Pure. */

export const workdirParameters = z.object({
  path: nodePath.describe("Path on the node; folders above it are made too"),
  chown: templated(ownerText).optional().describe("USER, USER:GROUP or :GROUP, of this folder"),
  chmod: templated(modeText).optional().describe("Octal mode of this folder"),
});
export type WorkdirParameters = z.output<typeof workdirParameters>;

export const workdirOptions = { chown: "value", chmod: "value" } as const;

/** Throws `verb_text_wrong`. */
export function readWorkdir({ rest, values }: ParsedOptions): ReadVerb {
  const [path, ...more] = splitWords("WORKDIR", rest);
  if (path === undefined || more.length > 0) throw wrong("WORKDIR", "needs one path; quote it when it has spaces");
  return { parameters: { path, chown: values.get("chown"), chmod: values.get("chmod") } };
}

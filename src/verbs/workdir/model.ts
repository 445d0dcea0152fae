import { z } from "zod";
import type { Json } from "../../kernel/json.ts";
import { argumentName, modeText, nodePath, ownerText, type ParsedVerb, timeoutParameter } from "../model.ts";
import { parseOptions, present, secondsOption, splitWords, wrong } from "../options.ts";

/** WORKDIR PATH: a folder on the node. Pure. */

export const workdirParameters = z.object({
  path: nodePath.describe("Path on the node; folders above it are made too"),
  chown: ownerText.optional().describe("USER, USER:GROUP or :GROUP, of this folder"),
  chmod: modeText.optional().describe("Octal mode of this folder"),
  stdout_arg: argumentName.optional().describe("Remembers the whole path as this argument"),
  ...timeoutParameter,
});
export type WorkdirParameters = z.output<typeof workdirParameters>;

/** Options: `--chown USER[:GROUP]`, `--chmod MODE`, `--stdout-arg NAME`, `--timeout SECONDS`, `--run-once`. Throws `verb_text_wrong`. */
export function parseWorkdir(text: string): ParsedVerb {
  const options = parseOptions("WORKDIR", text, { chown: "value", chmod: "value", "stdout-arg": "value" });
  const [path, ...more] = splitWords("WORKDIR", options.rest);
  if (path === undefined || more.length > 0) throw wrong("WORKDIR", "needs one path; quote it when it has spaces");
  const parameters = present<Json>({
    path,
    chown: options.values.get("chown"),
    chmod: options.values.get("chmod"),
    stdout_arg: options.values.get("stdout-arg"),
    timeout: secondsOption("WORKDIR", options, "timeout"),
  });
  const checked = workdirParameters.safeParse(parameters);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw wrong("WORKDIR", `${String(issue?.path[0] ?? "")} ${issue?.message ?? ""}`);
  }
  return { module: "agent", function: "workdir", parameters, runOnce: options.flags.has("run-once") };
}

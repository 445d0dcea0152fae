import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson, type Json } from "../../kernel/json.ts";
import { argumentName, environmentVariables, nodePath, type ParsedVerb, timeoutParameter } from "../model.ts";
import { parseOptions, present, secondsOption, wrong } from "../options.ts";

/** RUN TEXT: a command by the node's /bin/sh. Pure. */

const CACHE_USES = ["none", "use", "renew"] as const;

export const runParameters = z.object({
  command: z
    .string()
    .min(1)
    .describe("Text for /bin/sh, exactly as it is; {{ NAME }} is filled from the node's arguments"),
  folder: nodePath.optional().describe("Folder it runs in; the agent's home when left out"),
  environment: environmentVariables.optional().describe("More variables for its environment"),
  stdout_arg: argumentName.optional().describe("Remembers its trimmed standard output as this argument"),
  stderr_arg: argumentName.optional().describe("Remembers its trimmed error output as this argument"),
  cache: z
    .enum(CACHE_USES)
    .default("none")
    .describe(
      "use: when the same command succeeded here before, its result is given instead; renew: runs, and keeps the new result",
    ),
  ...timeoutParameter,
});
export type RunParameters = z.output<typeof runParameters>;

/**
 * Options: `--timeout SECONDS`, `--stdout-arg NAME`, `--stderr-arg NAME`, `--folder DIR`, `--run-once`; `--cache` takes the result of an
 * earlier, equal command that succeeded; `--skip-cache` runs whatever is remembered, and remembers the new result. Throws `verb_text_wrong`.
 */
export function parseRun(text: string): ParsedVerb {
  const options = parseOptions("RUN", text, {
    "skip-cache": "flag",
    cache: "flag",
    "stdout-arg": "value",
    "stderr-arg": "value",
    folder: "value",
  });
  if (options.rest.trim() === "") throw wrong("RUN", "needs a command");
  for (const name of ["stdout-arg", "stderr-arg"]) {
    const value = options.values.get(name);
    if (value !== undefined && !argumentName.safeParse(value).success) {
      throw wrong("RUN", `--${name} ${value} is not a name of letters, digits and underscores`);
    }
  }
  return {
    module: "agent",
    function: "run",
    parameters: present<Json>({
      command: options.rest,
      folder: options.values.get("folder"),
      stdout_arg: options.values.get("stdout-arg"),
      stderr_arg: options.values.get("stderr-arg"),
      cache: options.flags.has("skip-cache") ? "renew" : options.flags.has("cache") ? "use" : undefined,
      timeout: secondsOption("RUN", options, "timeout"),
    }),
    runOnce: options.flags.has("run-once"),
  };
}

/** Two calls with the same key do the same: the verb, the command as the shell gets it, and the options that reach it. */
export function cacheKey(parameters: RunParameters, rendered: string, folder: string): string {
  const { environment = {}, stdout_arg = null, stderr_arg = null } = parameters;
  return createHash("sha256")
    .update(canonicalJson(["RUN", rendered, folder, environment, stdout_arg, stderr_arg]))
    .digest("hex");
}

import { z } from "zod";
import { countOption, type ParsedOptions, splitWords, wrong } from "../options.ts";
import { accountName, accountNumber, systemRoot } from "../user/index.ts";
import type { ReadVerb } from "../verb.ts";

/** GROUP: a group of the node's users. Pure. */

export const groupParameters = z.object({
  name: accountName.describe("Name of the group"),
  state: z.enum(["present", "absent"]).default("present").describe("Whether it shall be there"),
  gid: accountNumber.optional().describe("Its number"),
  system: z.boolean().optional().describe("A new group gets a number of the system's range"),
  root: systemRoot.optional(),
});
export type GroupParameters = z.output<typeof groupParameters>;

export const GROUP_OPTIONS = { absent: "flag", gid: "value", system: "flag", root: "value" } as const;

/** `[OPTIONS] NAME`. Throws `verb_text_wrong`. */
export function readGroup(options: ParsedOptions, verb: string): ReadVerb {
  const { flags, values } = options;
  const [name, ...more] = splitWords(verb, options.rest);
  if (name === undefined || more.length > 0) throw wrong(verb, "needs one name");
  return {
    parameters: {
      name,
      state: flags.has("absent") ? "absent" : undefined,
      gid: countOption(verb, options, "gid"),
      system: flags.has("system") ? true : undefined,
      root: values.get("root"),
    },
  };
}

export function groupProblem({ state, gid, system }: GroupParameters): string | undefined {
  return state === "absent" && (gid !== undefined || system !== undefined)
    ? "gid and system do not go with absent"
    : undefined;
}

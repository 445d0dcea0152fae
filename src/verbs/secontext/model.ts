import { z } from "zod";
import { templated } from "../model.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** SECONTEXT: which SELinux context files have. Pure. */

const word = templated(
  z
    .string()
    .max(256)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.:,-]*$/, "is not a name of SELinux"),
);

/** As semanage-fcontext(8) calls the kinds of files. */
export const FILE_TYPES = ["a", "f", "d", "c", "b", "s", "l", "p"] as const;

export const secontextParameters = z.object({
  target: z
    .string()
    .min(2)
    .max(4096)
    .refine((text) => text.startsWith("/") || text.startsWith("{{"), "is not an absolute path, or a pattern for such")
    .describe("Path, or a regular expression for paths as semanage takes it: `/srv/www(/.*)?`"),
  state: z.enum(["present", "absent"]).default("present").describe("Whether the rule shall be there"),
  type: word.optional().describe("Its type: `httpd_sys_content_t`; needed unless it shall be absent"),
  file_type: z.enum(FILE_TYPES).default("a").describe("Kind of file: a all, f files, d folders, l links, s sockets …"),
  selinux_user: word.optional().describe("User of SELinux; left out: that of the rule that is there, else system_u"),
  level: word.optional().describe("Level of SELinux; left out: that of the rule that is there, else s0"),
  restore: z.boolean().default(true).describe("Files that are there get the new context at once"),
});
export type SecontextParameters = z.output<typeof secontextParameters>;

export const SECONTEXT_OPTIONS = {
  setype: "value",
  ftype: "value",
  seuser: "value",
  selevel: "value",
  absent: "flag",
  "no-restore": "flag",
} as const;

/** `--setype TYPE [OPTIONS] PATH`. Throws `verb_text_wrong`. */
export function readSecontext(options: ParsedOptions, verb: string): ReadVerb {
  const { flags, values } = options;
  const [target, ...more] = splitWords(verb, options.rest);
  if (target === undefined || more.length > 0) throw wrong(verb, "needs one path, or one pattern for paths; quote it");
  return {
    parameters: {
      target,
      state: flags.has("absent") ? "absent" : undefined,
      type: values.get("setype"),
      file_type: values.get("ftype"),
      selinux_user: values.get("seuser"),
      level: values.get("selevel"),
      restore: flags.has("no-restore") ? false : undefined,
    },
  };
}

export function secontextProblem({ state, type }: SecontextParameters): string | undefined {
  if (state === "present" && type === undefined) return "needs a type: --setype httpd_sys_content_t";
  return state === "absent" && type !== undefined ? "a type does not go with absent" : undefined;
}

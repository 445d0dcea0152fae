import { z } from "zod";
import { modeText, nodePath, ownerText, templated } from "../model.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** ADD FROM… TO (COPY is the same): files onto the node. Pure. */

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** Files of one ADD, with those in folders. */
export const MOST_FILES = 10_000;

/** A path below the target: no way out of it. */
const below = z
  .string()
  .min(1)
  .max(4096)
  .refine(
    (name) =>
      name === "." || (!name.includes("\0") && name.split("/").every((part) => !["", ".", ".."].includes(part))),
    "is no path below a folder",
  );

const file = z.strictObject({
  name: below.describe("Below `to`: `a.conf`, `sub/b.conf`"),
  sha256: hash.optional().describe("Hash of the content, which the server holds"),
  size: z.int().min(0).optional().describe("Bytes"),
  mode: modeText.optional().describe("Octal mode, when it is new"),
  folder: z.boolean().optional().describe("It is a folder; `.` stands for `to` itself"),
  link: z.string().min(1).max(4096).optional().describe("It is a symbolic link with this in it"),
});
export type AddedFile = z.output<typeof file>;

export const addParameters = z.object({
  to: nodePath.describe("Path on the node; with a slash at its end, or of a folder that exists: the folder for it"),
  name: z
    .string()
    .regex(/^[^/\0]{1,255}$/)
    .optional()
    .describe("Name of the file, where `to` is a folder"),
  sha256: hash.optional().describe("Hash of the content, which the server holds"),
  text: z
    .string()
    .max(256 * 1024)
    .optional()
    .describe("The content itself, when it is short text"),
  files: z.array(file).min(1).max(MOST_FILES).optional().describe("Several files, folders and links, below `to`"),
  chown: templated(ownerText).optional().describe("USER, USER:GROUP or :GROUP"),
  chmod: templated(modeText)
    .optional()
    .describe("Octal mode; a new file gets that of its source, 0600 when it holds secrets; an old one keeps its own"),
  blueprint: z.boolean().optional().describe("Each file is a template, filled in on the node"),
});
export type AddParameters = z.output<typeof addParameters>;

export const addOptions = { chown: "value", chmod: "value", blueprint: "flag" } as const;

/** The parameters lack the content: whoever starts the run finds the files (`findSources`). Throws `verb_text_wrong`. */
export function readAdd({ rest, values, flags }: ParsedOptions, verb: string): ReadVerb {
  const words = splitWords(verb, rest);
  const to = words.at(-1);
  if (to === undefined || words.length < 2) throw wrong(verb, "needs a source and a target: ADD FROM… TO");
  return {
    parameters: {
      to,
      chown: values.get("chown"),
      chmod: values.get("chmod"),
      blueprint: flags.has("blueprint") ? true : undefined,
    },
    sources: words.slice(0, -1),
  };
}

/** What is wrong with the files of a call; undefined when nothing is. */
export function problemOfAdd({ files }: AddParameters): string | undefined {
  const names = new Set<string>();
  for (const { name, sha256, folder, link } of files ?? []) {
    if (names.has(name)) return `${name} is there twice`;
    names.add(name);
    const kinds = [sha256 !== undefined, folder === true, link !== undefined].filter(Boolean).length;
    if (kinds !== 1) return `${name} needs one of sha256, folder and link`;
    if (name === "." && folder !== true) return "`.` is a folder";
  }
  return undefined;
}

/** Whether what is sent needs a folder to stand in. */
export function needsFolder(files: readonly AddedFile[]): boolean {
  return (
    files.length > 1 || files.some((one) => one.name.includes("/") || one.folder === true || one.link !== undefined)
  );
}

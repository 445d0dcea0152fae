import { z } from "zod";
import { modeText, nodePath, ownerText, templated } from "../model.ts";
import { type ParsedOptions, takeFirst, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** LINE FILE TEXT: a line in a file, or none. Pure. */

const pattern = z.string().min(1).max(1000).refine(isExpression, "is no regular expression");

export const lineParameters = z.object({
  file: nodePath.describe("Path on the node, of a text file"),
  line: z
    .string()
    .max(64 * 1024)
    .refine((text) => !/[\n\r\0]/.test(text), "is more than one line")
    .optional()
    .describe("The line; with `absent`, those that are the same go"),
  match: pattern
    .optional()
    .describe("Regular expression: the last line that matches is replaced; with `absent`, all go"),
  absent: z.boolean().optional().describe("The line is taken out"),
  after: pattern.optional().describe("Regular expression: a new line goes behind the last one that matches"),
  before: pattern.optional().describe("Regular expression: a new line goes before the first one that matches"),
  create: z.boolean().optional().describe("Makes the file when it is missing"),
  chown: templated(ownerText).optional().describe("USER, USER:GROUP or :GROUP, of the file"),
  chmod: templated(modeText).optional().describe("Octal mode of the file"),
});
export type LineParameters = z.output<typeof lineParameters>;

export const lineOptions = {
  match: "value",
  absent: "flag",
  after: "value",
  before: "value",
  create: "flag",
  chown: "value",
  chmod: "value",
} as const;

/** Throws `verb_text_wrong`. */
export function readLine({ rest, values, flags }: ParsedOptions): ReadVerb {
  const words = takeFirst(rest);
  if (words === undefined) throw wrong("LINE", "needs a file: LINE FILE TEXT");
  const own = Object.fromEntries(
    ["match", "after", "before", "chown", "chmod"].map((name) => [name, values.get(name)]),
  );
  return {
    parameters: {
      ...own,
      file: words.text,
      line: words.rest === "" ? undefined : words.rest,
      absent: flags.has("absent") ? true : undefined,
      create: flags.has("create") ? true : undefined,
    },
  };
}

export function problemOfLine({ line, match, absent, after, before, create }: LineParameters): string | undefined {
  if (absent === true) {
    if (line === undefined && match === undefined) return "what is to go? Give the line, or --match";
    return after !== undefined || before !== undefined || create === true
      ? "--absent takes lines out: --after, --before and --create have no meaning with it"
      : undefined;
  }
  if (line === undefined) return "needs the line: LINE FILE TEXT";
  return after !== undefined && before !== undefined ? "takes --after or --before, not both" : undefined;
}

function isExpression(text: string): boolean {
  try {
    return new RegExp(text, "u").unicode;
  } catch {
    return false;
  }
}

/** Without the ends of lines. */
export function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** Numbers of the lines, from 0, in which the expressions find something. */
export type Found = Readonly<Partial<Record<Pattern, readonly number[]>>>;
export type Pattern = (typeof PATTERNS)[number];
export const PATTERNS = ["match", "after", "before"] as const;

/** The text with the line in it, or without it; the very same when nothing has to change. Line ends stay as they are. */
export function editLines(text: string, parameters: LineParameters, found: Found): string {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = linesOf(text);
  const edited = parameters.absent === true ? without(lines, parameters, found) : within(lines, parameters, found);
  return edited === undefined ? text : edited.map((line) => `${line}${end}`).join("");
}

/** Undefined: it is as wanted. */
function without(lines: readonly string[], { line }: LineParameters, { match }: Found): readonly string[] | undefined {
  const matching = match === undefined ? undefined : new Set(match);
  const left = lines.filter((one, index) => !(matching?.has(index) ?? one === line));
  return left.length === lines.length ? undefined : left;
}

function within(
  lines: readonly string[],
  { line = "" }: LineParameters,
  { match, after, before }: Found,
): readonly string[] | undefined {
  const place = match?.at(-1);
  if (place !== undefined) return lines[place] === line ? undefined : lines.with(place, line);
  if (lines.includes(line)) return undefined;
  // At the end, when nothing matches.
  const last = after?.at(-1);
  return lines.toSpliced(last === undefined ? (before?.[0] ?? lines.length) : last + 1, 0, line);
}

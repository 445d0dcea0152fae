import { z } from "zod";
import { modeText, nodePath, ownerText, templated } from "../model.ts";
import { type ParsedOptions, takeFirst, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** LINE FILE TEXT: a line in a file, or none. Pure. */

const pattern = z
  .string()
  .min(1)
  .max(1000)
  .refine((text) => compiled(text) !== undefined, "is no regular expression");

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

function compiled(text: string): RegExp | undefined {
  try {
    return new RegExp(text, "u");
  } catch {
    return undefined;
  }
}

/** The text with the line in it, or without it; the very same when nothing has to change. Line ends stay as they are. */
export function editLines(text: string, parameters: LineParameters): string {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
  const edited = parameters.absent === true ? without(lines, parameters) : within(lines, parameters);
  return edited === undefined ? text : edited.map((line) => `${line}${end}`).join("");
}

/** Undefined: it is as wanted. */
function without(lines: readonly string[], { line, match }: LineParameters): readonly string[] | undefined {
  const pattern = match === undefined ? undefined : compiled(match);
  const left = lines.filter((one) => !(pattern?.test(one) ?? one === line));
  return left.length === lines.length ? undefined : left;
}

function within(
  lines: readonly string[],
  { line = "", match, after, before }: LineParameters,
): readonly string[] | undefined {
  const place = match === undefined ? -1 : lastMatch(lines, match);
  if (place >= 0) return lines[place] === line ? undefined : lines.with(place, line);
  if (lines.includes(line)) return undefined;
  return lines.toSpliced(placeOf(lines, after, before), 0, line);
}

/** Where a new line goes: at the end, when nothing matches. */
function placeOf(lines: readonly string[], after: string | undefined, before: string | undefined): number {
  if (after !== undefined) {
    const found = lastMatch(lines, after);
    return found < 0 ? lines.length : found + 1;
  }
  const pattern = before === undefined ? undefined : compiled(before);
  const found = pattern === undefined ? -1 : lines.findIndex((one) => pattern.test(one));
  return found < 0 ? lines.length : found;
}

function lastMatch(lines: readonly string[], text: string): number {
  const pattern = compiled(text);
  return lines.findLastIndex((one) => pattern?.test(one) === true);
}

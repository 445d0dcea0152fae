import type { Finding } from "./build.ts";
import { SYNTAX } from "./errors.ts";
import type { Expectation } from "./parser.generated.js";

/** What the parser looked for is mostly noise; these are left out of messages. */
const NOISE = new Set(["space", "the end of the word", "end of input", "(", "begin", ":"]);

const VALUE_STARTS = new Set(["(", "[", "{", "a text", "a number", "a time", "none", "True or False"]);

/** Makes a message for people from where the parser stopped and what it looked for there. */
export function syntaxFinding(text: string, offset: number, expected: readonly Expectation[]): Finding {
  const names = new Set(expected.map(nameOf));
  const at = offset + /^[ \t]*/.exec(text.slice(offset, offset + 1000))![0].length;
  return { code: SYNTAX.code, ...(special(text, at, names) ?? plain(foundAt(text, at), names)), offset: at };
}

function nameOf(expectation: Expectation): string {
  if (expectation.type === "literal") return expectation.text ?? "";
  if (expectation.type === "end") return "end of input";
  return expectation.description ?? "";
}

/** The word, or the character, at an offset; undefined at the end of the text. */
function foundAt(text: string, offset: number): string | undefined {
  if (offset >= text.length) return undefined;
  const word = /^[A-Za-z0-9_]+/.exec(text.slice(offset, offset + 40));
  return word?.[0] ?? text[offset];
}

/** The mistakes people make most, told in their own words. */
function special(
  text: string,
  offset: number,
  names: ReadonlySet<string>,
): Pick<Finding, "message" | "hint"> | undefined {
  const rest = text.slice(offset, offset + 40);
  if (/^["']/.test(rest) && names.has("a text")) {
    return {
      message: "this text is not closed",
      hint: `add the ${rest[0]} that ends it; there are no escapes in a text`,
    };
  }
  if (/^[A-Za-z_](?![A-Za-z0-9_])/.test(rest) && [...names].some((name) => name.includes("two or more characters"))) {
    return { message: `the name "${rest[0]}" is too short`, hint: "names have two or more characters" };
  }
  if (rest.startsWith("(") && /[A-Za-z0-9_][ \t]+$/.test(text.slice(Math.max(0, offset - 40), offset))) {
    return { message: "the ( of a call follows the name without a space", hint: "write name( parameter=value )" };
  }
  const ends = names.has("then") || names.has("do") || names.has("the end of the line");
  if (ends && /^(==|!=|<=|>=|[-.^*/%+&|<>]|and\b|or\b)/.test(rest)) {
    const operator = /^(==|!=|<=|>=|and|or|.)/.exec(rest)![0];
    return {
      message: `the operator ${operator} stands outside parentheses`,
      hint: `every operation has its own parentheses: ( left ${operator} right )`,
    };
  }
  if (/^(==|!=|<=|>=|[-.^*/%+&|<>]|and\b|or\b)/.test(rest) && names.has(")") && !names.has("an operator")) {
    return {
      message: "an operation has two operands; a third needs parentheses of its own",
      hint: "write ( ( first + second ) + third )",
    };
  }
  return undefined;
}

function plain(found: string | undefined, names: ReadonlySet<string>): Pick<Finding, "message"> {
  const wanted = wants(names);
  const but =
    found === undefined
      ? "the end of the script"
      : found === "\n" || found === "\r"
        ? "the end of the line"
        : `"${found}"`;
  if (wanted.length === 0) return { message: `${but} is not expected here` };
  const last = wanted.at(-1)!;
  const list = wanted.length === 1 ? last : `${wanted.slice(0, -1).join(", ")} or ${last}`;
  return { message: `expected ${list}, found ${but}` };
}

function wants(names: ReadonlySet<string>): readonly string[] {
  const value = names.has("a number") && names.has("a text");
  const statement = value && names.has("while");
  if (statement) return [names.has("end") ? "a statement or end" : "a statement"];
  const wanted = value ? ["a value"] : [];
  for (const name of names) {
    if (NOISE.has(name) && !(name === "(" && !value && names.size < 3)) continue;
    if (value && (VALUE_STARTS.has(name) || name.includes("two or more") || ["not", "Not", "exists"].includes(name)))
      continue;
    wanted.push(/^(a|an|the) |^True/.test(name) ? name : `"${name}"`);
  }
  return wanted.slice(0, 4);
}

import { z } from "zod";
import { errorKinds, problem, type ErrorKind, type Problem } from "../kernel/errors.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Path, SourceDocument } from "./documents.ts";
import { MISSING_KEY, UNKNOWN_KEY, WRONG_TYPE } from "./errors.ts";

type Issue = z.core.$ZodIssue;

/** An entry: where it is written, and what errors call it. */
export interface Source {
  readonly document: SourceDocument;
  readonly path: Path;
  readonly title: string;
}

/**
 * What is wrong with the shape of one entry, each with its place: keys that do not exist (with the nearest that does), keys that are
 * missing, values of a wrong type.
 */
export function shapeProblems(
  issues: readonly Issue[],
  schema: z.ZodType,
  value: Json,
  source: Source,
): readonly Problem[] {
  return issues.flatMap((issue) => {
    const inside = issue.path as Path;
    const path = [...source.path, ...inside];
    if (issue.code === "unrecognized_keys") {
      const known = keysAt(schema, inside);
      return issue.keys.map((key) => {
        const near = nearest(key, known);
        const advice = near === undefined ? `known are ${known.join(", ")}` : `did you mean '${near}'?`;
        return problem(
          UNKNOWN_KEY,
          `'${key}' is not a key of ${describe(source.title, inside)}; ${advice}`,
          source.document.placeOfKey([...path, key]),
        );
      });
    }
    const written = valueAt(value, inside);
    if (written === undefined) {
      const key = String(inside.at(-1));
      return [
        problem(
          MISSING_KEY,
          `${describe(source.title, inside.slice(0, -1))} needs the key '${key}'`,
          source.document.placeOfKey(path.slice(0, -1)),
        ),
      ];
    }
    const sentence = sentenceOf(issue);
    if (sentence !== undefined) {
      const at = issue.code === "invalid_key" ? source.document.placeOfKey(path) : source.document.placeOf(path);
      return [problem(kindOfIssue(issue), `${describe(source.title, inside)} ${sentence}`, at)];
    }
    if (issue.code === "invalid_union") {
      const branch = branchMeant(issue.errors);
      if (branch !== undefined) {
        const nested = branch.map((one) => ({ ...one, path: [...inside, ...one.path] }) as Issue);
        return shapeProblems(nested, schema, value, source);
      }
    }
    return [
      problem(
        WRONG_TYPE,
        `${describe(source.title, inside)} must be ${expected(issue)}, but is ${kindOf(written)}`,
        source.document.placeOf(path),
      ),
    ];
  });
}

/** What the inventory itself says of a value: `must be a MAC address: 52:54:00:12:34:56`. Undefined for what is only of a wrong type. */
function sentenceOf(issue: Issue): string | undefined {
  if (issue.code === "invalid_key") return issue.issues[0]?.message;
  if (issue.code === "too_big") return `must be at most ${issue.maximum}${measureOf(issue.origin)}`;
  if (issue.code === "too_small" && issue.origin !== "string" && issue.origin !== "array")
    return `must be at least ${issue.minimum}`;
  return issue.code === "custom" || issue.code === "invalid_format" ? issue.message : undefined;
}

function measureOf(origin: string): string {
  if (origin === "string") return " characters long";
  return origin === "array" ? " long" : "";
}

/** Checks that have a code of their own name it. */
function kindOfIssue(issue: Issue): ErrorKind {
  const code = issue.code === "custom" ? (issue.params?.["code"] as string | undefined) : undefined;
  return errorKinds().find((one) => one.code === code) ?? WRONG_TYPE;
}

/** The one of several allowed shapes that was meant: the one whose kind fits, though something inside of it does not. */
function branchMeant(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((issues) => issues.every((issue) => issue.path.length > 0 || issue.code !== "invalid_type"));
}

function expected(issue: Issue): string {
  if (issue.code === "invalid_type") return TYPES[issue.expected] ?? issue.expected;
  if (issue.code === "invalid_value") return issue.values.map((value) => `'${String(value)}'`).join(" or ");
  if (issue.code === "invalid_union") {
    const kinds = issue.errors.flat().filter((one) => one.path.length === 0);
    return [...new Set(kinds.map(expected))].join(" or ");
  }
  if (issue.code === "too_small") return "something that is not empty";
  return issue.message;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
};

/** A value as an error names it. */
export function kindOf(value: Json): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (isJsonObject(value)) return "a map";
  if (typeof value === "string") return value === "" ? "an empty text" : `the text '${value.slice(0, 40)}'`;
  return typeof value === "number" ? `the number ${value}` : String(value);
}

function describe(title: string, inside: Path): string {
  return inside.length === 0 ? title : `'${pathText(inside)}' of ${title}`;
}

/** `addresses[0].block`. */
function pathText(path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`),
    "",
  );
}

function valueAt(value: Json, path: Path): Json | undefined {
  let at: Json | undefined = value;
  for (const step of path) {
    if (Array.isArray(at)) at = at[step as number];
    else if (isJsonObject(at)) at = Object.hasOwn(at, step) ? at[step] : undefined;
    else return undefined;
  }
  return at;
}

/** The keys a map may have at a path of a schema. */
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let options: readonly z.ZodType[] = shapesOf(schema);
  for (const step of path) {
    options = options.flatMap((option) => {
      if (option instanceof z.ZodObject) return shapesOf(option.shape[step] as z.ZodType | undefined);
      if (option instanceof z.ZodRecord) return shapesOf(option.valueType as z.ZodType);
      return option instanceof z.ZodArray ? shapesOf(option.element as z.ZodType) : [];
    });
  }
  return options.flatMap((option) => (option instanceof z.ZodObject ? Object.keys(option.shape) : []));
}

/** What stands behind "may be left out", "may be one of" and transformations. */
function shapesOf(schema: z.ZodType | undefined): readonly z.ZodType[] {
  if (schema === undefined) return [];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return shapesOf(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodDefault) return shapesOf(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) {
    const behind = schema.in instanceof z.ZodTransform ? schema.out : schema.in;
    return shapesOf(behind as z.ZodType);
  }
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).flatMap(shapesOf);
  return [schema];
}

import { z } from "zod";
import { GantryError } from "../../kernel/errors.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import { nearest } from "../../kernel/nearest.ts";
import { COMMON_OPTIONS, type OptionKind } from "../options.ts";
import { CUSTOM_VERB_WRONG } from "./errors.ts";

/** What a verb of one's own says of itself. Pure. */

const scalar = z.union([z.string().max(65_536), z.number(), z.boolean()]);

const optionSchema = z.strictObject({
  type: z
    .enum(["string", "integer", "number", "boolean"])
    .default("string")
    .describe("boolean: given or not, without a value"),
  summary: z.string().max(400).default(""),
  required: z.boolean().default(false),
  many: z.boolean().default(false).describe("May be given again and again; the verb gets a list"),
  choices: z
    .array(z.union([z.string(), z.number()]))
    .min(1)
    .max(200)
    .optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  default: z.union([scalar, z.array(scalar)]).optional(),
});
export type VerbOption = z.output<typeof optionSchema>;

export const verbName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,62}$/, "is not a name in capitals: letters, digits and underscores");

export const verbManifest = z.strictObject({
  name: verbName.describe("In capitals, as in an orchestration"),
  summary: z.string().min(1).max(400),
  options: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "is not the name of an option"), optionSchema)
    .default({}),
  text: z
    .strictObject({ summary: z.string().max(400).default(""), required: z.boolean().default(false) })
    .optional()
    .describe("What stands behind the options; left out: it takes none"),
  safeToRepeat: z.boolean().default(false).describe("May run again when a crash left it unknown whether it had run"),
  cacheable: z.boolean().default(false).describe("An earlier good result of the same call may stand in"),
  plan: z.boolean().default(false).describe("It can say what it would change, and changes nothing then"),
});
export type VerbManifest = z.output<typeof verbManifest>;

/** How its file is run: `module`, by the agent's own Node; `program`, as it is. */
export const VERB_KINDS = ["module", "program"] as const;
export type VerbKind = (typeof VERB_KINDS)[number];

/** `greet.mjs`: a name without folders. */
export const verbFileName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, "is not a plain file name");

/** By its ending. */
export function kindOf(file: string): VerbKind {
  return /\.(mjs|mts|js|ts)$/.test(file) ? "module" : "program";
}

/** `taken`: names of verbs that there are already. Throws `custom_verb_wrong`, which names all that is wrong. */
export function readManifest(value: unknown, file: string, taken: readonly string[]): VerbManifest {
  const result = verbManifest.safeParse(value);
  const issues = result.success
    ? problems(result.data, taken)
    : result.error.issues.map((issue) => `${issue.path.map(String).join(".") || "the verb"} ${issue.message}`);
  if (issues.length > 0 || !result.success) throw new GantryError(CUSTOM_VERB_WRONG, `${file}: ${issues.join("; ")}`);
  return result.data;
}

function problems(manifest: VerbManifest, taken: readonly string[]): string[] {
  const found: string[] = [];
  if (taken.includes(manifest.name)) found.push(`there is a verb ${manifest.name} already, and it comes with Gantry`);
  for (const [name, option] of Object.entries(manifest.options)) {
    if (Object.hasOwn(COMMON_OPTIONS, name)) found.push(`every verb has an option --${name}: choose another name`);
    if (option.type === "boolean" && (option.many || option.required || option.choices !== undefined))
      found.push(`options.${name} is given or not: many, required and choices mean nothing`);
    if (option.default === undefined) continue;
    if (option.required) found.push(`options.${name} is required, so it has no default`);
    const given = option.many ? [option.default].flat() : [option.default as Json];
    for (const one of given) {
      const problem = valueProblem(name, option, one);
      if (problem !== undefined) found.push(`options.${name}.default: ${problem}`);
    }
  }
  return found;
}

/** Options for the parser of verb texts. */
export function optionKinds(manifest: VerbManifest): Record<string, OptionKind> {
  return Object.fromEntries(
    Object.entries(manifest.options).map(([name, { type, many }]) => [
      name,
      type === "boolean" ? "flag" : many ? "values" : "value",
    ]),
  );
}

/** Options and text as the verb gets them. */
export interface VerbInput {
  readonly options: JsonObject;
  readonly text: string;
}

/**
 * Checks options and text against what the verb says of itself, turns texts into numbers, and adds defaults. What holds `{{` is a template,
 * and is let through: it is checked again when it is filled in. Returns what is wrong as text.
 */
export function checkInput(
  manifest: VerbManifest,
  given: { readonly options: JsonObject; readonly text?: string | undefined },
): VerbInput | string {
  const options: Record<string, Json> = {};
  for (const [name, value] of Object.entries(given.options)) {
    const option = Object.hasOwn(manifest.options, name) ? manifest.options[name] : undefined;
    if (option === undefined) {
      const close = nearest(name, Object.keys(manifest.options));
      return `there is no option --${name}${close === undefined ? "" : `; did you mean --${close}?`}`;
    }
    if (option.many !== Array.isArray(value)) return `--${name} is ${option.many ? "a list" : "one value"}`;
    const values = (Array.isArray(value) ? value : [value]).map((one: Json) => converted(option, one));
    for (const one of values) {
      const problem = isTemplate(one) ? undefined : valueProblem(name, option, one);
      if (problem !== undefined) return problem;
    }
    options[name] = option.many ? values : (values[0] ?? null);
  }
  for (const [name, option] of Object.entries(manifest.options)) {
    if (options[name] !== undefined) continue;
    if (option.required) return `needs --${name}`;
    if (option.default !== undefined) options[name] = option.default;
    else if (option.type === "boolean") options[name] = false;
    else if (option.many) options[name] = [];
  }
  const text = given.text ?? "";
  if (text !== "" && manifest.text === undefined) return `takes no text, and has ${text.slice(0, 40)}`;
  if (text.trim() === "" && manifest.text?.required === true)
    return `needs a text${manifest.text.summary === "" ? "" : `: ${manifest.text.summary}`}`;
  return { options, text };
}

function isTemplate(value: Json): boolean {
  return typeof value === "string" && value.includes("{{");
}

function converted({ type }: VerbOption, value: Json): Json {
  if ((type !== "integer" && type !== "number") || typeof value !== "string" || isTemplate(value)) return value;
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function valueProblem(name: string, option: VerbOption, value: Json): string | undefined {
  const shown = `--${name} ${String(value)}`;
  const { type, choices, minimum, maximum } = option;
  if (type === "boolean") return typeof value === "boolean" ? undefined : `${shown} is not true or false`;
  if (type === "string") {
    if (typeof value !== "string") return `${shown} is not a text`;
  } else {
    if (typeof value !== "number" || (type === "integer" && !Number.isInteger(value)))
      return `${shown} is not ${type === "integer" ? "a whole number" : "a number"}`;
    if (minimum !== undefined && value < minimum) return `${shown} is less than ${minimum}`;
    if (maximum !== undefined && value > maximum) return `${shown} is more than ${maximum}`;
  }
  if (choices !== undefined && !choices.includes(value)) {
    const close = nearest(String(value), choices.map(String));
    return `${shown} is none of ${choices.join(", ")}${close === undefined ? "" : `; did you mean ${close}?`}`;
  }
  return undefined;
}

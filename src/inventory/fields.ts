import formats from "ajv-formats";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { valueProblem } from "./bounds.ts";
import { FIELD_SCHEMA_INVALID } from "./errors.ts";

/** What is wrong with custom fields, as sentences; none when nothing is. */
export type FieldCheck = (fields: JsonObject) => readonly string[];

/** Characters of a schema as JSON. */
const MOST_SIZE = 64 * 1024;

const MOST_TOLD = 10;

const known = new WeakMap<JsonObject, FieldCheck>();

/**
 * Makes a check of a JSON Schema (2020-12); once for each schema. It refers to nothing outside of itself: nothing is fetched.
 *
 * Errors: `field_schema_invalid`.
 */
export function fieldCheck(schema: JsonObject): FieldCheck {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const check = compiled(schema);
  known.set(schema, check);
  return check;
}

function compiled(schema: JsonObject): FieldCheck {
  const large = valueProblem(schema, MOST_SIZE);
  if (large !== undefined) throw new GantryError(FIELD_SCHEMA_INVALID, `the schema ${large}`);
  if (schema["$async"] !== undefined) throw new GantryError(FIELD_SCHEMA_INVALID, "$async is not of JSON Schema");
  try {
    const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: true, logger: false });
    formats.default(ajv);
    const validate = ajv.compile(schema);
    return (fields) => {
      if (validate(fields) === true) return [];
      const errors = validate.errors ?? [];
      return [...new Set(errors.map((error) => sentence(error, schema)))].slice(0, MOST_TOLD);
    };
  } catch (error) {
    throw new GantryError(FIELD_SCHEMA_INVALID, messageOf(error).slice(0, 300), { cause: error });
  }
}

function sentence(error: ErrorObject, schema: JsonObject): string {
  const place = `fields${error.instancePath.replaceAll("/", ".")}`;
  const extra = error.params as { readonly additionalProperty?: string; readonly allowedValues?: readonly unknown[] };
  if (extra.additionalProperty !== undefined) {
    const names = Object.keys((schema["properties"] as JsonObject | undefined) ?? {});
    const near = error.instancePath === "" ? nearest(extra.additionalProperty, names) : undefined;
    return `${place} has no '${extra.additionalProperty.slice(0, 60)}'${near === undefined ? "" : `; did you mean '${near}'?`}`;
  }
  const values = extra.allowedValues
    ?.slice(0, 20)
    .map((value) => JSON.stringify(value))
    .join(", ");
  return `${place} ${error.message ?? "is not valid"}${values === undefined ? "" : `: ${values}`}`;
}

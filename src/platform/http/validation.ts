import type { FastifySchemaCompiler, FastifySchemaValidationError } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import { z } from "zod";
import { nearest } from "../../kernel/nearest.ts";

/** So many unknown keys are named; a request made of nothing else gets no answer of its own size. */
const MOST_KEYS = 5;
const LONGEST_KEY = 60;

/** Checks requests by their zod schemas. An unknown key is told with the nearest one there is. */
export const requestValidator: FastifySchemaCompiler<z.core.$ZodType> = (route) => {
  const validate = validatorCompiler(route);
  return (data) => {
    const result: unknown = validate(data);
    const issues = (result as { readonly error?: readonly FastifySchemaValidationError[] }).error;
    return issues === undefined ? (result as object) : { error: issues.map((issue) => explained(route.schema, issue)) };
  };
};

function explained(schema: z.core.$ZodType, issue: FastifySchemaValidationError): FastifySchemaValidationError {
  const unknown = issue.params["keys"];
  if (issue.keyword !== "unrecognized_keys" || !Array.isArray(unknown)) return issue;
  const known = keysAt(
    schema,
    issue.instancePath.split("/").filter((part) => part !== ""),
  );
  const told = unknown.slice(0, MOST_KEYS).map((key) => {
    const near = nearest(String(key), known);
    return `there is no '${String(key).slice(0, LONGEST_KEY)}' here${near === undefined ? "" : `; did you mean '${near}'?`}`;
  });
  return { ...issue, message: told.join(", ") };
}

/** The keys an object may have at a place in what a schema describes; none when the place is no object of known keys. */
function keysAt(schema: z.core.$ZodType | undefined, path: readonly string[]): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return keysAt(schema.unwrap(), path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  const [first, ...rest] = path;
  if (schema instanceof z.ZodObject)
    return first === undefined ? Object.keys(schema.shape) : keysAt(schema.shape[first], rest);
  if (first === undefined) return [];
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest);
  return [];
}

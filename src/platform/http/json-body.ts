import type { FastifyBodyParser, FastifyInstance } from "fastify";
import { GantryError } from "../../kernel/errors.ts";
import { excessOf } from "../../kernel/json.ts";
import { REQUEST_INVALID, REQUEST_TOO_LARGE } from "./errors.ts";

/** Levels of nesting in a body: far more than any honest one has. */
const DEPTH_LIMIT = 100;
/** Values in a body: a hundred thousand structures have three million. */
const VALUES_LIMIT = 5_000_000;

/**
 * Reads a body of JSON, for `addContentTypeParser`. One that nests too deeply, or holds too many values, is refused before it is parsed: what
 * walks through it later would run out of stack or memory. Members that would change what objects are (`__proto__`) are refused too.
 */
export function jsonParser(app: Pick<FastifyInstance, "getDefaultJsonParser">): FastifyBodyParser<string> {
  const parse = app.getDefaultJsonParser("error", "error");
  return (request, body, done) => {
    const excess = excessOf(body, { depth: DEPTH_LIMIT, values: VALUES_LIMIT });
    if (excess === "depth")
      return done(new GantryError(REQUEST_INVALID, `the body nests deeper than ${DEPTH_LIMIT} levels`));
    if (excess === "values")
      return done(new GantryError(REQUEST_TOO_LARGE, `the body holds more than ${VALUES_LIMIT} values`));
    return parse(request, body, done);
  };
}

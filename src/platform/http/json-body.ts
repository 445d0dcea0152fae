import type { FastifyBodyParser, FastifyInstance } from "fastify";
import { GantryError } from "../../kernel/errors.ts";
import { depthOver } from "../../kernel/json.ts";
import { REQUEST_INVALID } from "./errors.ts";

/** Levels of nesting in a body: far more than any honest one has. */
const DEPTH_LIMIT = 100;

/**
 * Reads a body of JSON, for `addContentTypeParser`. One that nests too deeply is refused before it is parsed: what walks through it later
 * would run out of stack. Members that would change what objects are (`__proto__`) are refused too.
 */
export function jsonParser(app: Pick<FastifyInstance, "getDefaultJsonParser">): FastifyBodyParser<string> {
  const parse = app.getDefaultJsonParser("error", "error");
  return (request, body, done) => {
    if (depthOver(body, DEPTH_LIMIT))
      return done(new GantryError(REQUEST_INVALID, `the body nests deeper than ${DEPTH_LIMIT} levels`));
    return parse(request, body, done);
  };
}

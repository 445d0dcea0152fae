import { GantryError, INTERNAL, type Place, type Problem } from "../kernel/errors.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import { ANSWER_NOT_UNDERSTOOD } from "./errors.ts";

/** Answers as values, and problem documents (RFC 9457) as the errors they tell of. */

/** Errors: `answer_not_understood`. */
export function parseAnswer(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new GantryError(ANSWER_NOT_UNDERSTOOD, "the server's answer is not JSON", { cause });
  }
}

/** The error a document tells of: with the server's own code, words, places and problems. */
export function errorOf(status: number, document: Json): GantryError {
  if (!isJsonObject(document) || typeof document["code"] !== "string")
    return new GantryError(ANSWER_NOT_UNDERSTOOD, `the server answered with status ${status} and no problem document`);
  const { code, title, detail, hint, where, problems, details } = document;
  const remedy = typeof hint === "string" ? hint : INTERNAL.remedy;
  return new GantryError(
    { code, status, summary: typeof title === "string" ? title : code, remedy },
    typeof detail === "string" ? detail : "the server gives no detail",
    {
      ...(where === undefined ? {} : { where: where as unknown as Place }),
      ...(problems === undefined ? {} : { problems: problems as unknown as readonly Problem[] }),
      ...(details === undefined ? {} : { details: details as unknown as Readonly<Record<string, unknown>> }),
    },
  );
}

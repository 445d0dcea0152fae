/** Rendering again and again, until nothing changes: what configuration is rendered by. Pure but for the engine it is given. */
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { findCircle } from "./circle.ts";
import type { TextEngine } from "./engine.ts";
import { TEMPLATE_NEVER_SETTLES, TEMPLATE_TOO_LARGE } from "./errors.ts";
import type { TemplateLimits } from "./model.ts";
import { hasTag } from "./tokens.ts";
import { mapTexts } from "./values.ts";

export type OpenEngine = (values: JsonObject) => TextEngine;

/**
 * Renders every text within the values, with the values as they were at the start of the round, so that the order of names means
 * nothing. Throws a `template_*` error that names the variable, or `template_never_settles` with the circle.
 */
export function settleValues(values: JsonObject, open: OpenEngine, limits: TemplateLimits): JsonObject {
  let now = values;
  let unsettled: string[] = [];
  for (let round = 0; round < limits.rounds; round += 1) {
    const pending: string[] = [];
    let engine: TextEngine | undefined;
    let size = 0;
    let changed = false;
    const current = now;
    try {
      now = mapTexts(current, (text, path) => {
        if (!hasTag(text)) return text;
        pending.push(path);
        engine ??= open(current);
        const rendered = renderVariable(engine, text, path);
        size += Buffer.byteLength(rendered);
        if (size > limits.outputBytes) throw tooLarge(path, limits);
        changed ||= rendered !== text;
        return rendered;
      });
    } catch (error) {
      throw largeCircle(error, values, current) ?? error;
    } finally {
      engine?.close();
    }
    if (pending.length === 0) return now;
    unsettled = pending;
    if (!changed) break;
  }
  throw neverSettles(values, unsettled);
}

/** Renders a text for as long as it contains a tag. The values are settled already. Throws as `settleValues` does. */
export function settleText(text: string, engine: TextEngine, limits: TemplateLimits): string {
  let now = text;
  for (let round = 0; round < limits.rounds; round += 1) {
    if (!hasTag(now)) return now;
    const rendered = engine.render(now);
    if (rendered === now) break;
    now = rendered;
  }
  if (!hasTag(now)) return now;
  throw new GantryError(TEMPLATE_NEVER_SETTLES, "the template renders to a template again and again");
}

function renderVariable(engine: TextEngine, text: string, path: string): string {
  try {
    return engine.render(text);
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    const { line, column } = error.where ?? {};
    throw new GantryError(error.kind, `variable ${path}: ${error.message}`, {
      hint: error.hint,
      details: {
        ...error.details,
        variable: path,
        ...(line === undefined ? {} : { line }),
        ...(column === undefined ? {} : { column }),
      },
    });
  }
}

function tooLarge(path: string, limits: TemplateLimits): GantryError {
  return new GantryError(
    TEMPLATE_TOO_LARGE,
    `variable ${path}: the values render to more than ${limits.outputBytes} bytes`,
    {
      details: { variable: path },
    },
  );
}

/** A text that refers to itself doubles each round: when it grows too large, the circle is what is wrong. */
function largeCircle(error: unknown, values: JsonObject, current: JsonObject): GantryError | undefined {
  if (!(error instanceof GantryError) || error.kind !== TEMPLATE_TOO_LARGE) return undefined;
  const unsettled: string[] = [];
  mapTexts(current, (text, path) => {
    if (hasTag(text)) unsettled.push(path);
    return text;
  });
  return findCircle(values, unsettled) === undefined ? undefined : neverSettles(values, unsettled);
}

function neverSettles(values: JsonObject, unsettled: readonly string[]): GantryError {
  const circle = findCircle(values, unsettled);
  const named = circle === undefined ? unsettled.slice(0, 10).join(", ") : circle.join(" → ");
  return new GantryError(TEMPLATE_NEVER_SETTLES, `variables never settle: ${named}`, {
    details: circle === undefined ? { unsettled: unsettled.slice(0, 10) } : { circle },
  });
}

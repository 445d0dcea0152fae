/** What a thread is asked and answers, and doing it. */
import type { Place, Problem } from "../kernel/errors.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Health, TextEngine } from "./engine.ts";
import { openEngine } from "./engine.ts";
import * as kinds from "./errors.ts";
import type { TemplateLimits, TemplateMode } from "./model.ts";
import { settleText, settleValues } from "./settle.ts";

export type Job =
  | { readonly kind: "text"; readonly text: string; readonly values: JsonObject; readonly mode: TemplateMode }
  | { readonly kind: "values"; readonly values: JsonObject };

/** An error on its way between threads. */
export interface SentError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly where: Place | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
}

/** `broken`: the thread is not to be used again. */
export type Reply =
  | { readonly text: string; readonly broken: false }
  | { readonly values: JsonObject; readonly broken: false }
  | { readonly error: SentError; readonly broken: boolean };

/** Does a job. Never throws. */
export function doJob(job: Job, limits: TemplateLimits, health: Health): Reply {
  try {
    const done =
      job.kind === "values" ? { values: settle(job.values, limits, health) } : { text: render(job, limits, health) };
    return { ...done, broken: false };
  } catch (error) {
    return { error: sent(error), broken: health.broken };
  }
}

function settle(values: JsonObject, limits: TemplateLimits, health: Health): JsonObject {
  return settleValues(values, (current) => openEngine(current, "lenient", limits, health), limits);
}

function render(job: Job & { kind: "text" }, limits: TemplateLimits, health: Health): string {
  const values = job.mode === "strict" ? job.values : settle(job.values, limits, health);
  const engine: TextEngine = openEngine(values, job.mode, limits, health);
  try {
    return job.mode === "strict" ? engine.render(job.text) : settleText(job.text, engine, limits);
  } finally {
    engine.close();
  }
}

function sent(error: unknown): SentError {
  if (error instanceof GantryError) {
    const { code, message, hint, where, details, problems } = error;
    return { code, message, hint, where, details, problems };
  }
  const { code, remedy: hint } = kinds.TEMPLATE_ENGINE_FAILED;
  return { code, message: messageOf(error), hint, where: undefined, details: {}, problems: [] };
}

/** The error again, in the thread that asked. */
export function received(error: SentError): GantryError {
  const kind = Object.values(kinds).find((one) => one.code === error.code) ?? kinds.TEMPLATE_ENGINE_FAILED;
  const { message, hint, where, details, problems } = error;
  return new GantryError(kind, message, { hint, details, problems, ...(where === undefined ? {} : { where }) });
}

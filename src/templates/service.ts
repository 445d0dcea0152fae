/** Rendering off the main thread. */
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Clock } from "../kernel/clock.ts";
import type { Place, Problem } from "../kernel/errors.ts";
import { GantryError } from "../kernel/errors.ts";
import { TEMPLATE_TOO_LARGE } from "./errors.ts";
import { received } from "./job.ts";
import type { Renderer, Template, TemplateLimits } from "./model.ts";
import { DEFAULT_LIMITS } from "./model.ts";
import { createPool } from "./pool.ts";
import { hasTag } from "./tokens.ts";
import { checkValues } from "./values.ts";

export interface RendererOptions {
  readonly clock: Clock;
  /** Overrides of `DEFAULT_LIMITS`. */
  readonly limits?: Partial<TemplateLimits>;
}

/** From source the thread runs the file beside this one; in what is published, the bundle beside this one. */
const ENTRY = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./template-worker.js";

/** Twice the room for values, as texts here are wide, and some for the output. Beyond the engine's own memory. */
const THREAD_MEGABYTES = 192;

export function createRenderer(options: RendererOptions): Renderer {
  const limits: TemplateLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const pool = createPool({
    clock: options.clock,
    threads: limits.threads,
    milliseconds: limits.milliseconds,
    idleMilliseconds: limits.idleMilliseconds,
    start: () =>
      new Worker(new URL(ENTRY, import.meta.url), {
        name: "templates",
        workerData: limits,
        env: threadEnvironment(),
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: THREAD_MEGABYTES },
      }),
  });

  return {
    async render(template) {
      const { text, values, mode } = template;
      try {
        if (Buffer.byteLength(text) > limits.textBytes) {
          throw new GantryError(TEMPLATE_TOO_LARGE, `the template is larger than ${limits.textBytes} bytes`);
        }
        if (!hasTag(text)) return text;
        checkValues(values, limits);
        const reply = await pool.run({ kind: "text", text, values, mode });
        if ("error" in reply) throw received(reply.error);
        return "text" in reply ? reply.text : "";
      } catch (error) {
        throw error instanceof GantryError ? located(error, template) : error;
      }
    },
    async renderValues(values) {
      if (!checkValues(values, limits).tagged) return values;
      const reply = await pool.run({ kind: "values", values });
      if ("error" in reply) throw received(reply.error);
      return "values" in reply ? reply.values : {};
    },
    close: () => pool.close(),
  };
}

/**
 * Nothing of the server's surroundings: a thread that renders needs none of it. But without the compile cache the thread would bring the whole
 * TypeScript compiler with it, 20 MB that stay when it has ended.
 */
function threadEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) };
}

/** The error with its place in the template's file. */
function located(error: GantryError, template: Template): GantryError {
  function place(where: Place | undefined): Place {
    if (where?.line === undefined) return { file: template.name };
    return { ...where, file: template.name, line: where.line + (template.firstLine ?? 1) - 1 };
  }
  const problems: Problem[] = error.problems.map((one) => ({ ...one, where: place(one.where) }));
  return new GantryError(error.kind, error.message, {
    where: place(error.where),
    hint: error.hint,
    details: error.details,
    problems,
    cause: error.cause,
  });
}

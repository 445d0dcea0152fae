/** One set of values and the engine over it. Synchronous: the threads of `pool.ts` run it, never the main thread. */
import { Environment } from "minijinja-js/dist/web/minijinja_js.js";
import { GantryError, messageOf, problem } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { TEMPLATE_TOO_LARGE, TEMPLATE_UNDEFINED_NAME } from "./errors.ts";
import type { Missing } from "./failures.ts";
import { engineBroke, engineFailure, missingName, missingPath, readFailure } from "./failures.ts";
import { guardNames, relax, REPORT } from "./guard.ts";
import type { TemplateLimits, TemplateMode } from "./model.ts";
import { engineValue } from "./values.ts";

/** The engine's name for every template. No ending: endings make it escape, which configuration is not to be. */
const NAME = "template";

/** The engine counts in 32 bits with a sign. */
const MOST_STEPS = 2 ** 31 - 1;

export interface TextEngine {
  /** Renders once. Throws a `template_*` error whose place has no file. */
  render(text: string): string;
  close(): void;
}

/** Set when the engine broke off in this thread: its memory is not to be trusted any more. */
export interface Health {
  broken: boolean;
  /** What the engine said about a fault it found in itself. */
  panic: string | undefined;
}

export function openEngine(values: JsonObject, mode: TemplateMode, limits: TemplateLimits, health: Health): TextEngine {
  const missing = new Set<number>();
  const known = new Set(Object.keys(values));

  function open(): Environment {
    const environment = new Environment();
    environment.enablePyCompat();
    environment.keepTrailingNewline = true;
    environment.fuel = Math.min(limits.steps, MOST_STEPS);
    environment.undefinedBehavior = mode === "strict" ? "strict" : "chainable";
    // It would print every value there is.
    environment.removeGlobal("debug");
    for (const [name, value] of Object.entries(values)) environment.addGlobal(name, engineValue(value));
    environment.addGlobal(REPORT, (index: number) => {
      missing.add(index);
      return "";
    });
    return environment;
  }

  const environment = attempt(open);

  function attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof Error && error.constructor === Error) throw error;
      health.broken = true;
      throw engineBroke(messageOf(error), health.panic, limits.memoryBytes);
    }
  }

  /** The engine's error again, with its column: only then does the engine look for it. */
  function detailed(text: string, thrown: unknown): unknown {
    environment.debug = true;
    try {
      attempt(() => environment.renderNamedStr(NAME, text, {}));
      return thrown;
    } catch (error) {
      return health.broken ? thrown : error;
    } finally {
      if (!health.broken) environment.debug = false;
    }
  }

  function fail(text: string, prepared: string, thrown: unknown): GantryError {
    if (thrown instanceof GantryError) return thrown;
    const first = readFailure(messageOf(thrown));
    const again = readFailure(
      messageOf(prepared === text || first.column === undefined ? detailed(text, thrown) : thrown),
    );
    // Guards move columns, never lines.
    const failure = again.kind === first.kind && again.line === first.line ? again : { ...first, column: undefined };
    const missing = missingPath(text, failure);
    if (missing === undefined) return engineFailure(failure, limits);
    return missingName(missing, values);
  }

  return {
    render(text) {
      const guarded = mode === "strict" ? guardNames(text, known) : { text: relax(text), names: [] };
      missing.clear();
      let output = "";
      let thrown: unknown;
      try {
        output = attempt(() => environment.renderNamedStr(NAME, guarded.text, {}));
      } catch (error) {
        thrown = error;
      }
      if (missing.size > 0) {
        const names = [...missing].flatMap((index) => guarded.names[index] ?? []);
        throw allMissing(
          names.toSorted((a, b) => a.offset - b.offset).map(({ path, offset }) => placed(text, path, offset)),
          values,
        );
      }
      if (thrown !== undefined) throw fail(text, guarded.text, thrown);
      if (Buffer.byteLength(output) > limits.outputBytes) {
        throw new GantryError(TEMPLATE_TOO_LARGE, `the output is larger than ${limits.outputBytes} bytes`);
      }
      return output;
    },
    close() {
      if (!health.broken) environment.free();
    },
  };
}

function placed(text: string, path: string, offset: number): Missing {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { path, line: before.split("\n").length, column: Array.from(before.slice(lineStart)).length + 1 };
}

function allMissing(all: readonly Missing[], values: JsonObject): GantryError {
  const errors = all.map((one) => missingName(one, values));
  const [first] = errors;
  if (first === undefined || errors.length === 1)
    return first ?? new GantryError(TEMPLATE_UNDEFINED_NAME, "a name is missing");
  return new GantryError(TEMPLATE_UNDEFINED_NAME, first.message, {
    ...(first.where === undefined ? {} : { where: first.where }),
    hint: first.hint,
    details: first.details,
    problems: errors.map((one) => problem(one.kind, one.message, one.where, one.hint)),
  });
}

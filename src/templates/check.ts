/** Finds what is wrong with the syntax of a template, without rendering it. In the thread that asks: it needs none of its own. */
import { Environment } from "minijinja-js/dist/web/minijinja_js.js";
import { GantryError, messageOf, problem, type Problem } from "../kernel/errors.ts";
import { TEMPLATE_TOO_LARGE } from "./errors.ts";
import { engineFailure, readFailure } from "./failures.ts";
import { DEFAULT_LIMITS } from "./model.ts";
import { hasTag } from "./tokens.ts";
import { startEngine } from "./wasm.ts";

const NAME = "template";
/** The tree of a template of the most there may be takes less. */
const MEMORY_BYTES = 96 * 2 ** 20;

/** Started with the first template that has a tag. Null: it broke off, and is not to be trusted any more. */
let environment: Environment | null | undefined;

/**
 * The first problem of a template's syntax: `template_syntax`, or `template_too_large`. Its place has no file, and counts lines and columns
 * from 1 in the text. Parsing takes time and memory in proportion to the text, which is bounded; what the engine cannot say, rendering will.
 */
export function checkTemplate(text: string): Problem | undefined {
  if (Buffer.byteLength(text) > DEFAULT_LIMITS.textBytes) {
    return problem(TEMPLATE_TOO_LARGE, `the template is larger than ${DEFAULT_LIMITS.textBytes} bytes`);
  }
  if (!hasTag(text) || environment === null) return undefined;
  try {
    environment ??= open();
    environment.addTemplate(NAME, text);
    environment.removeTemplate(NAME);
    return undefined;
  } catch (error) {
    if (error instanceof GantryError) throw error;
    // An error of the engine's own is a plain one; anything else is WebAssembly that stopped.
    if (!(error instanceof Error) || error.constructor !== Error) {
      environment = null;
      return undefined;
    }
    const { kind, message, where } = engineFailure(readFailure(messageOf(error)), DEFAULT_LIMITS);
    return problem(kind, message, where);
  }
}

function open(): Environment {
  startEngine(MEMORY_BYTES);
  const opened = new Environment();
  // Only then does it say the column.
  opened.debug = true;
  return opened;
}

import type { Environment } from "minijinja-js";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { TEMPLATE_WRONG } from "./errors.ts";
import { print, PRINT, withPythonPrinting } from "./printing.ts";
import type { Values } from "./render.ts";

/** Whole files in Jinja, filled in on the node. Strict: an undefined name is an error. */

/** Characters of a template, and of what becomes of it. */
export const LONGEST_TEMPLATE = 1024 * 1024;
/** Steps of one file: loops over thousands of members fit, loops without end do not. About a second at most. */
const FUEL = 2_000_000;

let made: Promise<Environment> | undefined;

async function engine(): Promise<Environment> {
  made ??= import("minijinja-js").then(({ Environment }) => {
    const environment = new Environment();
    environment.undefinedBehavior = "strict";
    environment.keepTrailingNewline = true;
    environment.trimBlocks = true;
    environment.fuel = FUEL;
    environment.enablePyCompat();
    environment.addGlobal(PRINT, print);
    return environment;
  });
  return made;
}

/** `name`: of the template, for messages. Throws `template_wrong` with the line. */
export async function renderFile(name: string, text: string, values: Values): Promise<string> {
  if (text.length > LONGEST_TEMPLATE)
    throw new GantryError(TEMPLATE_WRONG, `${name} has more than ${LONGEST_TEMPLATE} characters`);
  const environment = await engine();
  try {
    const rendered = environment.renderStr(withPythonPrinting(text), values);
    if (rendered.length <= LONGEST_TEMPLATE) return rendered;
  } catch (error) {
    // An engine that broke off is not to be trusted any more.
    if (!(error instanceof Error) || error.constructor !== Error) made = undefined;
    throw new GantryError(TEMPLATE_WRONG, `${name}: ${explained(messageOf(error), text, values)}`, { cause: error });
  }
  throw new GantryError(TEMPLATE_WRONG, `${name} becomes more than ${LONGEST_TEMPLATE} characters`);
}

/** The engine names a place, and not what is undefined there: that is on the line it names. */
function explained(why: string, text: string, values: Values): string {
  const first = (why.split("\n")[0] ?? why).replace(/ \(in <string>:(\d+)\)$/, " in line $1");
  const line = / in line (\d+)$/.exec(first)?.[1];
  if (line === undefined || !first.includes("undefined")) return first;
  const there = text.split("\n")[Number(line) - 1] ?? "";
  for (const [, name = ""] of there.matchAll(/\{[{%][^A-Za-z_'"}]*([A-Za-z_]\w*)/g)) {
    if (Object.hasOwn(values, name)) continue;
    const close = nearest(name, Object.keys(values));
    if (close !== undefined) return `${first}: ${name}; did you mean ${close}?`;
  }
  return `${first}: ${there.trim().slice(0, 120)}`;
}

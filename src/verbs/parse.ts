import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { parseAdd } from "./add/index.ts";
import { parseArg } from "./arg/index.ts";
import { VERB_UNKNOWN } from "./errors.ts";
import { type ParsedVerb, type VerbName, VERBS } from "./model.ts";
import { parseRun } from "./run/index.ts";
import { parseService } from "./service/index.ts";
import { parseWait } from "./wait/index.ts";
import { parseWorkdir } from "./workdir/index.ts";

const PARSERS: Readonly<Record<VerbName, (text: string) => ParsedVerb>> = {
  RUN: parseRun,
  ARG: parseArg,
  ADD: parseAdd,
  COPY: (text) => parseAdd(text, "COPY"),
  WORKDIR: parseWorkdir,
  WAIT: parseWait,
  SERVICE: parseService,
};

/** Reads the text form of a verb; its name may be in any case. Throws `verb_unknown`, `verb_text_wrong`. */
export function parseVerb(name: string, text: string): ParsedVerb {
  const verb = VERBS.find((one) => one === name.toUpperCase());
  if (verb !== undefined) return PARSERS[verb](text);
  const close = nearest(name.toUpperCase(), VERBS);
  throw new GantryError(
    VERB_UNKNOWN,
    `there is no verb ${name}${close === undefined ? "" : `; did you mean ${close}?`}`,
  );
}

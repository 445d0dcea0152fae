import { add } from "./add/index.ts";
import { arg } from "./arg/index.ts";
import { run } from "./run/index.ts";
import { service } from "./service/index.ts";
import type { Verb } from "./verb.ts";
import { wait } from "./wait/index.ts";
import { workdir } from "./workdir/index.ts";

/** The table of all verbs, in the order in which they are described. */
export const VERBS: readonly Verb[] = [run, arg, add, workdir, wait, service];

/** Every name of every verb. */
export const VERB_NAMES: readonly string[] = VERBS.flatMap(({ names }) => names);

/** A verb by one of its names, in any case. */
export function findVerb(name: string): Verb | undefined {
  return VERBS.find(({ names }) => names.includes(name.toUpperCase()));
}

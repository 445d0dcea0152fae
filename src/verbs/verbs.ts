import { add } from "./add/index.ts";
import { arg } from "./arg/index.ts";
import { cacheevict } from "./cacheevict/index.ts";
import { cachefile } from "./cachefile/index.ts";
import { containerImage } from "./container_image/index.ts";
import { custom } from "./custom/index.ts";
import { echo } from "./echo/index.ts";
import { env } from "./env/index.ts";
import { facts } from "./facts/index.ts";
import { get } from "./get/index.ts";
import { group } from "./group/index.ts";
import { jobWait } from "./job_wait/index.ts";
import { line } from "./line/index.ts";
import { packages } from "./package/index.ts";
import { pod } from "./pod/index.ts";
import { query } from "./query/index.ts";
import { queryWait } from "./query_wait/index.ts";
import { reboot } from "./reboot/index.ts";
import { run } from "./run/index.ts";
import { secontext } from "./secontext/index.ts";
import { service } from "./service/index.ts";
import { template } from "./template/index.ts";
import { user } from "./user/index.ts";
import type { Verb } from "./verb.ts";
import { wait } from "./wait/index.ts";
import { workdir } from "./workdir/index.ts";

/** The table of all verbs, in the order in which they are described. */
export const VERBS: readonly Verb[] = [
  run,
  arg,
  env,
  add,
  get,
  template,
  line,
  workdir,
  cachefile,
  cacheevict,
  query,
  queryWait,
  jobWait,
  wait,
  echo,
  facts,
  service,
  packages,
  user,
  group,
  reboot,
  pod,
  containerImage,
  secontext,
  custom,
];

/** Every name of every verb. */
export const VERB_NAMES: readonly string[] = VERBS.flatMap(({ names }) => names);

/** A verb by one of its names, in any case. */
export function findVerb(name: string): Verb | undefined {
  return VERBS.find(({ names }) => names.includes(name.toUpperCase()));
}

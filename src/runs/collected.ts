import type { JobService } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import { QUERY_TOO_LARGE } from "./errors.ts";
import type { Definition } from "./model.ts";
import { programOf } from "./programs.ts";
import { selectStageJobs } from "./stage-store.ts";
import { selectEntries, selectStages } from "./store.ts";

/** Bytes, as JSON, of what a QUERY found on all nodes: every node is given all of it, in one message beside other verbs. */
export const MOST_COLLECTED = 512 * 1024;
/** Nodes whose answers are read at once: each may be as long as a message. */
const AT_ONCE = 100;

/**
 * What a QUERY found: the value of the argument `query`, by the name of the node. Nodes that did not answer, or have no such argument, are left
 * out. Errors: `query_too_large`.
 */
export async function collectedOf(
  { database, jobs }: { readonly database: Database; readonly jobs: JobService },
  run: Id,
  stage: number,
  definition: Definition,
): Promise<Json> {
  const { first, entry, given } = (await selectStages(database.kysely, run))[stage]!;
  const { goesOn } = (await selectEntries(database.kysely, run))[entry]!;
  const own = await selectStageJobs(database.kysely, run, stage);
  const line = definition.stages[stage]!.to - 1;
  // Where the QUERY stands in a job's list depends on what else the node has to do; most have the same.
  const places = new Map<string, number>();
  const byPlace = Map.groupBy(own, ({ node, chosen }) => {
    const key = `${node === first} ${chosen?.join(",") ?? "all"}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    const program = programOf(definition, stage, { first: node === first, chosen, given, goesOn });
    const place = program?.lines.lastIndexOf(line) ?? -1;
    places.set(key, place);
    return place;
  });
  const found: Record<string, Json> = {};
  let size = 0;
  for (const [place, some] of byPlace) {
    if (place < 0) continue;
    const names = new Map(some.map(({ jobId, name }) => [jobId, name]));
    const ids = [...names.keys()];
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      for (const { jobId, value } of await jobs.callResults(ids.slice(at, at + AT_ONCE), place)) {
        const values = isJsonObject(value) ? value["values"] : undefined;
        if (!isJsonObject(values) || Object.keys(values).length === 0) continue;
        const name = names.get(jobId)!;
        size += Buffer.byteLength(JSON.stringify({ [name]: values }));
        // What is too much is counted to its end, and not kept.
        if (size <= MOST_COLLECTED) found[name] = values;
      }
    }
  }
  if (size > MOST_COLLECTED) {
    const { verb, text, sensitive } = definition.lines[line]!;
    throw new GantryError(
      QUERY_TOO_LARGE,
      `${sensitive ? verb : `${verb} ${text.trim()}`} found ${size} bytes on ${own.length} nodes; ${MOST_COLLECTED} are the most that each of them can be given`,
    );
  }
  return found;
}

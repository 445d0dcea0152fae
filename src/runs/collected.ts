import type { JobService } from "../jobs/index.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import type { Definition } from "./model.ts";
import { programOf } from "./programs.ts";
import { selectStageJobs } from "./stage-store.ts";
import { selectEntries, selectStages } from "./store.ts";

/** What a QUERY found: the value of the argument `query`, by the name of the node. Nodes that did not answer, or have no such argument, are left out. */
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
  for (const [place, some] of byPlace) {
    if (place < 0) continue;
    const names = new Map(some.map(({ jobId, name }) => [jobId, name]));
    for (const { jobId, value } of await jobs.callResults([...names.keys()], place)) {
      const values = isJsonObject(value) ? value["values"] : undefined;
      if (isJsonObject(values) && Object.keys(values).length > 0) found[names.get(jobId)!] = values;
    }
  }
  return found;
}

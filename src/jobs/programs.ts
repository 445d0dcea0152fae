import { selectProgram } from "./job-store.ts";
import type { ProgramKind, ProgramSource } from "./model.ts";
import type { Program, ProgramLoader } from "./program.ts";
import type { Sql } from "./sql.ts";

export interface LoadedProgram {
  readonly source: ProgramSource;
  readonly program: Program;
}

/** Programs ready to run, by hash. */
export interface Programs {
  /** Throws a GantryError with every problem of a source that does not load. `source`: of one that may not be stored yet. */
  get(hash: string, source?: ProgramSource): Promise<LoadedProgram>;
  /** One that is at hand. */
  known(hash: string): LoadedProgram | undefined;
}

/** Compiled programs kept. A site has a few dozen scripts. */
const MOST_PROGRAMS = 200;

export function createPrograms(sql: Sql, loaders: Readonly<Record<ProgramKind, ProgramLoader>>): Programs {
  const known = new Map<string, LoadedProgram>();
  return {
    known: (hash) => known.get(hash),
    async get(hash, given) {
      const cached = known.get(hash);
      if (cached !== undefined) return cached;
      const source = given ?? (await selectProgram(sql, hash));
      if (source === undefined) throw new Error(`program ${hash} is missing`);
      const loaded = { source, program: loaders[source.kind].load(source) };
      if (known.size >= MOST_PROGRAMS) known.delete(known.keys().next().value!);
      known.set(hash, loaded);
      return loaded;
    },
  };
}

import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { GantryError, type Problem } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { compile, lineId, ORCHESTRATION_INVALID, readOrchestration, type Entry } from "../runs/commands.ts";
import { parseCustomVerb, parseVerb, VERB_NAMES } from "../verbs/index.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { printable } from "./terminal.ts";
import { fetchesFiles } from "./run-verbs.ts";
import { followRun } from "./run-follow.ts";
import { counted } from "./run-summary.ts";
import { withContents } from "./run-sources.ts";
import { knownManifests, registerVerbs, verbsBeside } from "./verb.ts";

/** `gantry orchestrate FILE… [--check] [--plan] [--target T…] [--restrict ID…] [--ignore-cache] [--resume RUN] [--detach] [--poll]`. */
export async function orchestrate(
  context: CommandContext,
  options: Record<string, unknown>,
  files: readonly string[],
): Promise<number> {
  const resume = options["resume"] as string | undefined;
  if (resume === undefined && files.length === 0) throw new GantryError(USAGE, "orchestrate takes one file or more");
  if (resume !== undefined && files.length > 0)
    throw new GantryError(USAGE, "a run that is resumed knows what it is to do: leave the files out");
  const restrict = options["restrict"] as readonly string[] | undefined;
  const checkOnly = options["check"] === true;
  const entries = resume === undefined ? await checked(context, files, restrict, checkOnly) : undefined;
  if (checkOnly) {
    printEntries(context, entries ?? []);
    return EXIT.ok;
  }
  const run = await context.client.runs.create({
    text: (resume === undefined ? files.join(" ") : `resumes ${resume}`).slice(0, 4096),
    plan: options["plan"] === true,
    ignoreCache: options["ignoreCache"] === true,
    cache: "use",
    targets: options["target"] as readonly string[] | undefined,
    restrict,
    resume,
    entries: entries === undefined ? undefined : await Promise.all(entries.map((entry) => withFiles(context, entry))),
  });
  if (options["detach"] === true) {
    context.terminal.out(`${run.id}\n`);
    return EXIT.ok;
  }
  context.terminal.error(`run ${run.id}: ${counted(run.verbCount, "verb")} on ${counted(run.nodes.length, "node")}\n`);
  const fetching = entries === undefined || fetchesFiles(entries.flatMap(({ jobs }) => jobs));
  const foreign = entries === undefined;
  return followRun(context, run, { quiet: options["poll"] === true, summary: true, fetches: fetching, foreign });
}

/** The entries of the files, every verb of which can be read. Errors: `orchestration_invalid` and those of verbs, all at once. */
async function checked(
  context: CommandContext,
  files: readonly string[],
  restrict: readonly string[] | undefined,
  checkOnly: boolean,
): Promise<readonly Entry[]> {
  const entries = await readOrchestration(
    files,
    (path) => readFile(path, "utf8"),
    (path) => relative(process.cwd(), path) || path,
  );
  const foreign = new Set(entries.flatMap(({ jobs }) => jobs.map(({ verb }) => verb.toUpperCase())));
  for (const name of VERB_NAMES) foreign.delete(name);
  // Verbs of one's own: those in a folder beside the files, and those the server has.
  const beside = foreign.size === 0 ? [] : await verbsBeside(files);
  const own = foreign.size === 0 ? undefined : await knownManifests(context, beside);
  compile(entries, {
    meaning({ verb, text, vars }) {
      const manifest = own?.get(verb.toUpperCase());
      const given = vars as JsonObject | undefined;
      const { runOnce } =
        manifest === undefined ? parseVerb(verb, text, given) : parseCustomVerb({ manifest, package: "" }, text, given);
      return { calls: [], runOnce, sensitive: false };
    },
    ...(restrict === undefined ? {} : { restrict }),
  });
  if (!checkOnly) {
    await registerVerbs(
      context,
      beside.filter(({ manifest }) => foreign.has(manifest.name)),
    );
  }
  return entries;
}

/** The same with the files it sends, which the server has then. Errors: with the place of the verb. */
async function withFiles(context: CommandContext, entry: Entry): Promise<Entry> {
  const jobs = [];
  for (const job of entry.jobs) {
    try {
      jobs.push(await withContents(context, job));
    } catch (error) {
      if (!(error instanceof GantryError) || job.where === undefined || error.where !== undefined) throw error;
      const problem: Problem = {
        code: error.code,
        message: error.message,
        where: job.where as Problem["where"] & object,
      };
      throw new GantryError(ORCHESTRATION_INVALID, error.message, { problems: [problem], hint: error.hint });
    }
  }
  return { ...entry, jobs };
}

/** What would be done, with the ids that `--restrict` takes. */
function printEntries({ terminal }: CommandContext, entries: readonly Entry[]): void {
  for (const [index, entry] of entries.entries()) {
    const targets = entry.targets === undefined ? "all nodes" : entry.targets.join(", ");
    terminal.out(
      `${index + 1}. ${printable(entry.name ?? "entry")} on ${printable(targets)}${entry.async ? " (async)" : ""}\n`,
    );
    for (const job of entry.jobs) {
      const text = printable(job.text.trim().split("\n")[0] ?? "");
      terminal.out(
        `   ${lineId(job)}  ${job.verb} ${text}${job.name === undefined ? "" : `  (${printable(job.name)})`}\n`,
      );
    }
  }
}

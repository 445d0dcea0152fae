import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { followRun } from "./run-follow.ts";
import { fetchesFiles, sendsFiles } from "./run-verbs.ts";

/** `gantry exec [--target NAME…] [--verb VERB] 'TEXT'`. Ends with 0 when all nodes did it, else 1. */
export async function exec(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  if (args.length !== 1) {
    throw new GantryError(USAGE, `exec takes one text, and was given ${args.length}: ${args.join(" ")}`, {
      hint: "Quote the text: gantry exec --target web1 'uptime'. Options of the verb stand in it: '--timeout 5 uptime'.",
    });
  }
  const verb = String(options["verb"] ?? "RUN").toUpperCase();
  const text = args[0] ?? "";
  const typed = { verb, text };
  const line = sendsFiles(typed) ? await (await import("./run-sources.ts")).withContents(context, typed) : typed;
  const run = await context.client.runs.create({
    text: `${verb} ${text}`.slice(0, 4096),
    plan: options["plan"] === true,
    targets: options["target"] as readonly string[] | undefined,
    entries: [{ onFailure: "stop", jobs: [line] }],
  });
  if (options["detach"] === true) {
    context.terminal.out(`${run.id}\n`);
    return EXIT.ok;
  }
  return followRun(context, run, { quiet: options["poll"] === true, fetches: fetchesFiles([line]) });
}

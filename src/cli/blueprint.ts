import { basename } from "node:path";
import { checkBlueprintFiles, loadBundle, requireFiles, type LoadedBundle } from "../design/commands.ts";
import { GantryError, problemText, type Problem } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { printData } from "./output.ts";
import { ensureServer, serverState } from "./server/background.ts";
import { paint, printable } from "./terminal.ts";
import { confirm } from "./up/ask.ts";

/** `gantry blueprint import PATH…`: reads files, shows the plan, asks, and writes it. */
export async function importBlueprints(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const name = (options["name"] as string | undefined) ?? nameOf(args);
  const loaded = await loadBundle(args, { toml: true });
  requireFiles(loaded);
  if (context.endpoint === undefined) await ensureServer(context);
  const request = { name, bundle: loaded.bundle };
  const plan = await context.client.blueprintImports.create(request, { plan: true });
  if (context.output === "table") {
    printEach(context, "note", plan.notes);
    context.terminal.out(printable(plan.text));
  }
  if (options["dryRun"] !== true && !plan.empty) {
    await confirm(context, "Import this?", { yes: options["yes"] === true, destroys: plan.removes });
    await context.client.blueprintImports.create({ ...request, fingerprint: plan.fingerprint });
    if (context.output === "table") context.terminal.out(`Imported as '${name}'.\n`);
  }
  if (context.output !== "table") printData(context.terminal, context.output, plan as unknown as Json);
}

/** `gantry blueprint check PATH…` and `gantry blueprint check --all`. Exit code 1 when there are problems. */
export async function check(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const all = options["all"] === true;
  if (all === args.length > 0)
    throw new GantryError(
      USAGE,
      "`blueprint check` takes files or folders, or --all for the blueprints in the inventory",
    );
  const { problems, warnings } = await (all
    ? context.client.blueprintChecks.create({})
    : checkFiles(context, await loadBundle(args, { toml: true })));
  if (context.output === "table") {
    printEach(context, "error", problems);
    printEach(context, "warning", warnings);
    context.terminal.error(`${countText(problems.length, "problem")}, ${countText(warnings.length, "warning")}\n`);
  } else printData(context.terminal, context.output, { problems, warnings } as unknown as Json);
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

/** A server that runs knows what is in the inventory, and what its workers can do; without one, files are checked by themselves. */
async function checkFiles(context: CommandContext, loaded: LoadedBundle) {
  const asked = context.endpoint !== undefined || (await serverState(context)).running;
  if (asked && loaded.refused.size === 0) return context.client.blueprintChecks.create({ bundle: loaded.bundle });
  const { knownHere } = await import("../server/index.ts");
  return checkBlueprintFiles(loaded, knownHere());
}

const COLOURS = { error: "red", warning: "yellow", note: "cyan" } as const;

function printEach({ terminal }: CommandContext, word: keyof typeof COLOURS, problems: readonly object[]): void {
  for (const one of problems as readonly Problem[]) {
    terminal.error(`${paint(terminal, COLOURS[word], word)}: ${printable(problemText(one))}\n`);
    if (one.hint !== undefined) terminal.error(`  ${printable(one.hint)}\n`);
  }
}

/** The file's name without its ending. Several files have none in common: another name would take away what the last import brought. */
function nameOf(paths: readonly string[]): string {
  const [path = ""] = paths;
  if (paths.length > 1) throw new GantryError(USAGE, "several files are imported under one name: give it with --name");
  return basename(path).replace(/\.(ya?ml|toml)$/, "");
}

function countText(count: number, what: string): string {
  return count === 0 ? `no ${what}s` : `${count} ${what}${count === 1 ? "" : "s"}`;
}

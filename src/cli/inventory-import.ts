import { loadSource, type ImportFormat, type LoadedSource } from "../exchange/commands.ts";
import type { Json } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { printData } from "./output.ts";
import { ensureServer } from "./server/background.ts";
import { confirm } from "./up/ask.ts";

/** `gantry inventory import PATH`: reads it, shows the plan, asks, and writes it. */
export async function importInventory(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const source = await loadSource(args[0] ?? "", options["format"] as ImportFormat | undefined);
  const request = requestOf(source, options);
  await ensureServer(context);
  const plan = await context.client.imports.create(request, { plan: true });
  if (context.output === "table") context.terminal.out(plan.text);
  if (options["plan"] !== true && !plan.empty) {
    await confirm(context, "Import this?", { yes: options["yes"] === true, destroys: plan.removes });
    await context.client.imports.create({ ...request, fingerprint: plan.fingerprint });
    if (context.output === "table") context.terminal.out(`Imported as '${request.name}'.\n`);
  }
  if (context.output !== "table") printData(context.terminal, context.output, plan as unknown as Json);
}

function requestOf({ name, format, files }: LoadedSource, options: Record<string, unknown>) {
  const site = options["site"] as string | undefined;
  return {
    name: (options["name"] as string | undefined) ?? name,
    format,
    files,
    ...(site === undefined ? {} : { site }),
  };
}

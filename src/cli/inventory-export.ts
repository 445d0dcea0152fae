import { checkPlace, placeFile, placeFolder } from "../exchange/commands.ts";
import type { CommandContext } from "./context.ts";

interface ExportOptions {
  readonly group: string;
  readonly format: "folder" | "tgz" | "zip" | "json";
  readonly out: string;
  readonly site?: string;
  readonly blueprint?: string;
  readonly label?: readonly string[];
  readonly vars?: readonly string[];
  readonly host?: readonly string[];
  readonly at?: string;
  readonly each?: boolean;
  readonly builtin: boolean;
  readonly force?: boolean;
}

/** `gantry inventory export --out PATH`. */
export async function exportInventory(context: CommandContext, given: Record<string, unknown>): Promise<void> {
  const options = given as unknown as ExportOptions;
  const { format, out, force = false, each = false } = options;
  const place = { force, each };
  // Asked for in vain, an export of many hosts would cost minutes.
  await checkPlace(out, format === "folder" ? "folder" : "file", place);
  const bundle = await context.client.download(pathOf(options));
  if (format === "folder") await placeFolder(bundle, out, place);
  else await placeFile(bundle, out, place);
  context.terminal.out(
    format === "folder" && !each
      ? `Exported to ${out}. Run Ansible there: cd ${out} && ansible-playbook PLAYBOOK\n`
      : `Exported to ${out}.\n`,
  );
}

/** A folder is unpacked here. */
function pathOf({ group, format, site, blueprint, label, vars, host, at, each, builtin }: ExportOptions): string {
  const query = new URLSearchParams();
  const said = { site, blueprint, label, vars, host, at };
  for (const [name, values] of Object.entries(said))
    for (const value of values === undefined ? [] : [values].flat()) query.append(name, value);
  if (each === true) query.set("each", "true");
  if (!builtin) query.set("builtin", "false");
  const bundle = `${group}.${format === "folder" ? "tgz" : format}`;
  return `/v1/inventory/${encodeURIComponent(bundle)}${query.size > 0 ? `?${query}` : ""}`;
}

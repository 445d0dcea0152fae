import type { Json, JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { kindNamed } from "./kinds.ts";
import { printData, printList } from "./output.ts";

interface Page {
  readonly items: readonly JsonObject[];
  readonly next?: string | null;
}

/** `gantry get KIND`: every page of the list, up to `--limit`. */
export async function get(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const kind = kindNamed(args[0] ?? "");
  const limit = Math.max(1, Number(options["limit"] ?? 1000) || 1000);
  const rows: JsonObject[] = [];
  let cursor = typeof options["cursor"] === "string" ? options["cursor"] : null;
  do {
    const query = new URLSearchParams({
      limit: String(Math.min(200, limit - rows.length)),
      ...(cursor === null ? {} : { cursor }),
    });
    const page: Page = await context.client.get<Page>(`${kind.path}?${query.toString()}`);
    rows.push(...page.items);
    cursor = page.items.length === 0 ? null : (page.next ?? null);
  } while (cursor !== null && rows.length < limit);
  printList(context.terminal, context.output, kind.columns, rows, `There are no ${kind.plural}.`);
}

/** `gantry show KIND NAME`: one thing by name or id. */
export async function show(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const kind = kindNamed(args[0] ?? "");
  const one = await context.client.get<Json>(`${kind.path}/${encodeURIComponent(args[1] ?? "")}`);
  printData(context.terminal, context.output === "table" ? "yaml" : context.output, one);
}

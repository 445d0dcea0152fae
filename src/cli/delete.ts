import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { EXIT } from "./failure.ts";
import { kindNamed, kindWord, methodOf, type Kind } from "./kinds.ts";
import { printable } from "./terminal.ts";
import { confirm } from "./up/ask.ts";

/** The server's word for: something hangs on it. */
const NEEDS_CASCADE = "removal_needs_cascade";

/** Things beside what was named that are shown; the rest is counted. */
const MOST_SHOWN = 100;

type Bulk = CommandContext["client"]["bulk"]["create"];
type Results = Awaited<ReturnType<Bulk>>["results"];

/**
 * `gantry delete KIND NAME… [--cascade] [--yes]`: all of them, or none. Asks first; when something would go along, says what, and asks again.
 * Where nobody can be asked it says what would go along, and deletes nothing. Nothing goes along without `--cascade` or a yes to that
 * question.
 */
export async function remove(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const [kindName = "", ...typed] = args;
  const names = [...new Set(typed)];
  const kind = kindNamed(kindName);
  const yes = options["yes"] === true;
  // What is deleted is what was there when it was asked for, and not what somebody has made of it since.
  const reading = methodOf(context.client, kind, "get");
  methodOf(context.client, kind, "delete");
  const versions: number[] = [];
  for (const name of names) versions.push(Number((await reading(name))["version"]));
  const title = options["propose"] as string | undefined;
  if (title !== undefined) {
    const { proposeEdits } = await import("./change-set.ts");
    const edits = names.map((name) => ({ action: "delete", kind: kindWord(kind), name }));
    return proposeEdits(context, title, edits, options["cascade"] === true);
  }
  const removing =
    kind.singular === "tenant" ? ofTenants(context, names, versions) : bulk(context, kind, names, versions);

  const what = `${names.length === 1 ? kind.singular : kind.plural} ${names.join(", ")}`;
  if (!yes && !context.terminal.interactive) showAlong(context, (await removing("preview")).slice(names.length));
  await confirm(context, `Delete ${what}?`, { yes, destroys: true, what: `deleting ${what}` });
  const results = await removing(yes && options["cascade"] === true ? "cascade" : "alone").catch(async (error) => {
    if (!(error instanceof GantryError) || error.code !== NEEDS_CASCADE) throw error;
    showAlong(context, (await removing("preview")).slice(names.length));
    // Nobody is there to be asked, or said yes to less than this.
    if (yes || !context.terminal.interactive)
      throw new GantryError(error.kind, error.message, { hint: "With --cascade these go along; or move them first." });
    await confirm(context, `${error.message}. Go on?`, { yes: false, destroys: true });
    return removing("cascade");
  });
  for (const [index, name] of names.entries())
    context.terminal.out(`${kind.singular} ${name} ${outcomeOf(results[index]?.action)}\n`);
  return EXIT.ok;
}

/** Preview: only says what would be done, with all that goes along. */
type Removing = (way: "preview" | "alone" | "cascade") => Promise<Results>;

function bulk({ client }: CommandContext, kind: Kind, names: readonly string[], versions: readonly number[]): Removing {
  const edits = names.map((name, index) => ({
    action: "delete" as const,
    kind: kindWord(kind),
    name,
    version: versions[index] ?? null,
  }));
  return async (way) =>
    (await client.bulk.create({ edits, preview: way === "preview", cascade: way !== "alone" })).results;
}

/** Each tenant has an inventory of its own, so no transaction holds two. Nothing goes along with one. */
function ofTenants({ client }: CommandContext, names: readonly string[], versions: readonly number[]): Removing {
  return async (way) => {
    if (way === "preview") return [];
    for (const [index, name] of names.entries()) await client.tenants.delete(name, { ifMatch: versions[index]! });
    return [];
  };
}

/** What is built is taken down by jobs before it goes. */
function outcomeOf(action: string | undefined): string {
  return action === "leaving" ? "is being taken down, and goes then" : "deleted";
}

/** Says what would go along, and what would change. */
function showAlong({ terminal }: CommandContext, along: Results): void {
  const lines = along.map(({ kind, name, action }) => {
    const thing = `${kind.replaceAll("_", " ")} ${name}`;
    return action === "changed" ? `~ change ${thing}` : `- delete ${thing}`;
  });
  const shown =
    lines.length > MOST_SHOWN ? [...lines.slice(0, MOST_SHOWN), `and ${lines.length - MOST_SHOWN} more`] : lines;
  terminal.error(shown.map((line) => `  ${printable(line)}\n`).join(""));
}

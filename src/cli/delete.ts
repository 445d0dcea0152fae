import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { EXIT } from "./failure.ts";
import { kindNamed, methodOf } from "./kinds.ts";
import { printable } from "./terminal.ts";
import { confirm } from "./up/ask.ts";

/** The server's word for: something hangs on it. */
const NEEDS_CASCADE = "removal_needs_cascade";

/**
 * `gantry delete KIND NAME… [--cascade] [--yes]`. Asks first; when something would go along, says what, and asks again. Nothing goes along
 * without `--cascade` or a yes to that question.
 */
export async function remove(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const [kindName = "", ...names] = args;
  const kind = kindNamed(kindName);
  const [removing, reading] = [methodOf(context.client, kind, "delete"), methodOf(context.client, kind, "get")];
  const yes = options["yes"] === true;
  const what = `${names.length === 1 ? kind.singular : kind.plural} ${names.join(", ")}`;
  await confirm(context, `Delete ${what}?`, { yes, destroys: true, what: `deleting ${what}` });
  for (const name of names) {
    // What is deleted is what was there when it was asked for, and not what somebody has made of it since.
    const ifMatch = Number((await reading(name))["version"]);
    const done = (answer: unknown): void => context.terminal.out(`${kind.singular} ${name} ${outcomeOf(answer)}\n`);
    if (yes && options["cascade"] === true) {
      done(await removing(name, { cascade: true, ifMatch }));
      continue;
    }
    try {
      done(await removing(name, { ifMatch }));
    } catch (error) {
      if (!(error instanceof GantryError) || error.code !== NEEDS_CASCADE) throw error;
      context.terminal.error(
        `${consequences(error)
          .map((line) => `  ${printable(line)}\n`)
          .join("")}`,
      );
      // Nobody is there to be asked, or said yes to less than this.
      if (yes || !context.terminal.interactive)
        throw new GantryError(error.kind, error.message, {
          hint: "With --cascade these go along; or move them first.",
        });
      await confirm(context, `${error.message}. Go on?`, { yes: false, destroys: true });
      done(await removing(name, { cascade: true, ifMatch }));
    }
  }
  return EXIT.ok;
}

/** What is built is taken down by jobs before it goes. */
function outcomeOf(answer: unknown): string {
  const [first] = (answer as { readonly results?: readonly { readonly action: string }[] } | null)?.results ?? [];
  return first?.action === "leaving" ? "is being taken down, and goes then" : "deleted";
}

/** The lines that say what would go along, and what would change. */
function consequences({ details }: GantryError): readonly string[] {
  const lines = (member: string, verb: string): readonly string[] => {
    const { counts = {}, things = [] } = (details[member] ?? {}) as {
      readonly counts?: Readonly<Record<string, number>>;
      readonly things?: readonly { readonly kind: string; readonly name: string }[];
    };
    const count = Object.values(counts).reduce((sum, one) => sum + one, 0);
    const shown = things.map((one) => `${verb} ${one.kind.replaceAll("_", " ")} ${one.name}`);
    return count > shown.length ? [...shown, `${verb} ${count - shown.length} more`] : shown;
  };
  return [...lines("removed", "- delete"), ...lines("changed", "~ change")];
}

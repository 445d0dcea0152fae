import { readFileSync } from "node:fs";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { parseYaml } from "./yaml.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { kindNamed, kindWord, methodOf } from "./kinds.ts";
import { patchOperations, settingOf, withSettings } from "./settings.ts";

/** `gantry create KIND NAME path=value…`, or with `--file`. */
export async function create(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const kind = kindNamed(args[0] ?? "");
  const creating = methodOf(context.client, kind, "create");
  // A name is no setting, so it may be left out where a file says it.
  const named = args[1] !== undefined && !args[1].includes("=");
  const settings = args.slice(named ? 2 : 1).map(settingOf);
  const given = options["file"] === undefined ? [{}] : readThings(String(options["file"]));
  if (given.length > 1 && (named || settings.length > 0))
    throw new GantryError(
      USAGE,
      `${String(options["file"])} holds ${given.length} ${kind.plural}; a name or settings fit only one`,
    );
  const things = given.map((one) => withSettings(named ? { ...one, name: args[1]! } : one, settings));
  const title = options["propose"] as string | undefined;
  if (title !== undefined) {
    const { proposeEdits } = await import("./change-set.ts");
    return proposeEdits(
      context,
      title,
      things.map((data) => ({ action: "create", kind: kindWord(kind), data })),
    );
  }
  const names =
    things.length === 1
      ? [String((await creating(things[0]!))["name"])]
      : await bulk(
          context,
          things.map((data) => ({ action: "create", kind: kindWord(kind), data })),
        );
  for (const name of names) context.terminal.out(`${kind.singular} ${name} created\n`);
  return EXIT.ok;
}

/** Makes edits in one transaction. Returns the names of what they were about. */
async function bulk(context: CommandContext, edits: readonly JsonObject[]): Promise<readonly string[]> {
  const { results } = await context.client.bulk.create({ edits: edits as never });
  return results.slice(0, edits.length).map(({ name }) => name);
}

/** `gantry set KIND NAME path=value… [--remove PATH…]`: against the version that was read, so that two people do not undo each other. */
export async function set(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const [kindName = "", name = "", ...texts] = args;
  const kind = kindNamed(kindName);
  const patch = methodOf(context.client, kind, "patch");
  const removals = (options["remove"] as readonly string[] | undefined) ?? [];
  if (texts.length + removals.length === 0)
    throw new GantryError(USAGE, "there is nothing to set", { hint: "Give PATH=VALUE, or --remove PATH." });
  const row = await methodOf(context.client, kind, "get")(name);
  const operations = patchOperations(row, texts.map(settingOf), removals);
  const title = options["propose"] as string | undefined;
  if (title !== undefined && operations.length > 0) {
    const { proposeEdits } = await import("./change-set.ts");
    const edit = { action: "operations", kind: kindWord(kind), name, operations: operations as unknown as Json };
    return proposeEdits(context, title, [edit]);
  }
  if (operations.length > 0) await patch(name, operations, { ifMatch: Number(row["version"]) });
  const done = [...texts, ...removals.map((path) => `without ${path}`)];
  context.terminal.out(
    `${kind.singular} ${String(row["name"])}: ${operations.length === 0 ? "nothing to change" : done.join(" ")}\n`,
  );
  return EXIT.ok;
}

/** A file (`-`: standard input) with one thing, or a list of them, as YAML or JSON. */
function readThings(file: string): readonly JsonObject[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (cause) {
    throw new GantryError(USAGE, `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
  const value = parseYaml(text, file);
  const things: readonly Json[] = Array.isArray(value) ? value : [value];
  if (things.length === 0 || !things.every(isJsonObject))
    throw new GantryError(USAGE, `${file} holds neither a map nor a list of maps`);
  return things;
}

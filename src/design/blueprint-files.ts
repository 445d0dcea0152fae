import { GantryError, type Problem } from "../kernel/errors.ts";
import type { BlueprintKnowledge } from "./blueprint-source.ts";
import { BLUEPRINTS_INVALID } from "./errors.ts";
import type { LoadedBundle } from "./loader.ts";

/** What is wrong with the blueprints of files that were read from disk, where no server answers: what builds upon an inventory is not known. */
export async function checkBlueprintFiles(
  { bundle, refused }: LoadedBundle,
  known: Omit<BlueprintKnowledge, "blueprints">,
): Promise<{ readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] }> {
  // Loaded only when it is called: a running server checks files itself.
  const { readBlueprints } = await import("./blueprint-source.ts");
  const { problems, warnings } = readBlueprints(bundle, { ...known, blueprints: new Map() }, { refused });
  return { problems, warnings };
}

/** Files that are named and could not be taken along. Errors: `blueprints_invalid`. */
export function requireFiles({ refused }: LoadedBundle): void {
  const problems = [...refused].map(([path, { code, message }]) => ({ code, message, where: { file: path } }));
  if (problems.length === 0) return;
  throw new GantryError(BLUEPRINTS_INVALID, `${problems.length} of the files that are named cannot be read`, {
    problems,
  });
}

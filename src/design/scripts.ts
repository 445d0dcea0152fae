import { placeInOrigin, type SourceText } from "../blueprints/index.ts";
import type { Problem } from "../kernel/errors.ts";
import { check, type Catalogue } from "../tscript/index.ts";
import type { Parts } from "./build.ts";

/** Every problem of every script, at its place in the document or file the script is written in. */
export function checkScripts(parts: Parts, catalogue: Catalogue | undefined, problems: Problem[]): void {
  const seen = new Set<string>();
  for (const blueprint of parts.blueprints.values()) {
    for (const script of Object.values(blueprint.scripts)) {
      // A file that several blueprints name is looked at once.
      const key = `${script.origin.file}\n${script.origin.line}\n${script.origin.column}`;
      if (seen.has(key)) continue;
      seen.add(key);
      for (const found of check(script.text, script.origin.file, catalogue)) problems.push(placed(found, script));
    }
  }
}

/** A problem of a text, moved to where the text stands. */
function placed(found: Problem, { origin }: SourceText): Problem {
  return { ...found, where: placeInOrigin(origin, found.where?.line ?? 1, found.where?.column) };
}

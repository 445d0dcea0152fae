import type { JsonObject } from "../kernel/json.ts";
import { type Problem, problemText } from "../kernel/errors.ts";
import type { Sections, Written } from "./sections.ts";

/** Says what is wrong with the attributes of a foundation of a type. `path` leads into the attributes, to the key or value that is wrong. */
export type AttributeCheck = (
  type: string,
  attributes: JsonObject,
) => readonly (Problem & { readonly path: readonly (string | number)[] })[];

/** Attributes that the driver of the foundation does not take, each where it is written. */
export function checkAttributes(sections: Sections, check: AttributeCheck | undefined, problems: Problem[]): void {
  if (check === undefined) return;
  // What several foundations share, by an alias, is wrong once.
  const told = new Set<string>();
  for (const written of sections.entries.foundations.values()) push(written, written.value, []);
  for (const written of sections.entries.structures.values()) {
    const { foundation } = written.value;
    if (typeof foundation === "object" && foundation !== null) push(written, foundation, ["foundation"]);
  }

  function push(
    written: Pick<Written<"foundations" | "structures">, "document" | "path">,
    foundation: { readonly type: string; readonly attributes: JsonObject },
    inside: readonly string[],
  ): void {
    for (const { path, ...found } of check?.(foundation.type, foundation.attributes) ?? []) {
      const where = written.document.placeOfKey([...written.path, ...inside, "attributes", ...path]);
      const text = problemText({ ...found, where });
      if (!told.has(text)) problems.push({ ...found, where });
      told.add(text);
    }
  }
}

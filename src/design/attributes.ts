import { attributesOf } from "../inventory/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import { type Problem, problemText } from "../kernel/errors.ts";
import type { Parts } from "./build.ts";
import type { Sections, Written } from "./sections.ts";

/** Says what is wrong with the attributes of a foundation of a type. `path` leads into the attributes, to the key or value that is wrong. */
export type AttributeCheck = (
  type: string,
  attributes: JsonObject,
) => readonly (Problem & { readonly path: readonly (string | number)[] })[];

/**
 * Attributes that the driver of the foundation does not take, each where it is written: in the foundation, or in the complex it has them
 * from.
 */
export function checkAttributes(
  sections: Sections,
  parts: Pick<Parts, "foundations" | "complexes">,
  check: AttributeCheck | undefined,
  problems: Problem[],
): void {
  if (check === undefined) return;
  // What several foundations share, by an alias or a complex, is wrong once.
  const told = new Set<string>();
  for (const written of sections.entries.foundations.values()) push(written, written.name, []);
  for (const written of sections.entries.structures.values()) {
    const { foundation } = written.value;
    if (typeof foundation === "object" && foundation !== null) push(written, written.name, ["foundation"]);
  }

  function push(
    written: Pick<Written<"foundations" | "structures">, "document" | "path">,
    name: string,
    inside: readonly string[],
  ): void {
    const foundation = parts.foundations.get(name);
    // That it has no type is told among the references.
    if (foundation === undefined || foundation.type === "") return;
    const offered = sections.entries.complexes.get(foundation.complex ?? "");
    for (const { path, ...found } of check?.(foundation.type, attributesOf(parts, foundation)) ?? []) {
      const shared = typeof path[0] === "string" && !Object.hasOwn(foundation.attributes, path[0]);
      const there = shared && offered !== undefined && Object.hasOwn(offered.value.attributes, path[0] ?? "");
      const where = there
        ? offered.document.placeOfKey([...offered.path, "attributes", ...path])
        : written.document.placeOfKey([...written.path, ...inside, "attributes", ...path]);
      const text = problemText({ ...found, where });
      if (!told.has(text)) problems.push({ ...found, where });
      told.add(text);
    }
  }
}

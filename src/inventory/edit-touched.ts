import { nearest } from "../kernel/nearest.ts";
import type { Draft, Touched } from "./edit-draft.ts";
import type { AnyRow } from "./edit-model.ts";
import type { OwnedKind } from "./kinds.ts";

/** What edits touched and left there, to stay. */
export function* stayingTouched<Row extends AnyRow>(
  draft: Draft,
  kind: OwnedKind,
): Generator<Touched & { readonly after: Row }> {
  for (const touched of draft.touched(kind).values())
    if (touched.after !== undefined && touched.after.wanted === "built")
      yield touched as Touched & { readonly after: Row };
}

/** Names that are searched for one that was meant. */
const MOST_NEAR = 5000;

/** `; did you mean 'x'?`, or nothing. Looks at some of the names only: it is a help, and not to take longer than the work. */
export function meant(typed: string, names: Iterable<string>): string {
  const some: string[] = [];
  for (const name of names) {
    if (some.length === MOST_NEAR) break;
    some.push(name);
  }
  const near = nearest(typed, some);
  return near === undefined ? "" : `; did you mean '${near}'?`;
}

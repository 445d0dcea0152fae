import { z } from "zod";
import { GantryError } from "../../kernel/errors.ts";
import { CURSOR_UNKNOWN } from "./errors.ts";

/** What every list takes. */
export const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(200).optional(),
});

/** The cursor behind a name. Opaque to who gets it. */
export function cursorAfter(name: string): string {
  return Buffer.from(name, "utf8").toString("base64url");
}

/** The name a cursor stands behind. Errors: `cursor_unknown`. */
export function decodeCursor(cursor: string): string {
  const name = Buffer.from(cursor, "base64url").toString("utf8");
  if (cursor === "" || cursorAfter(name) !== cursor)
    throw new GantryError(CURSOR_UNKNOWN, `'${cursor.slice(0, 60)}' is not a cursor`);
  return name;
}

/** One page of things by name. */
export function pageOf<Thing extends { readonly name: string }>(
  things: Iterable<Thing>,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): { readonly items: readonly Thing[]; readonly next: string | null } {
  const after = cursor === undefined ? "" : decodeCursor(cursor);
  const rest = [...things].filter(({ name }) => name > after).sort((a, b) => (a.name < b.name ? -1 : 1));
  const items = rest.slice(0, limit);
  return { items, next: rest.length > limit ? cursorAfter(items.at(-1)?.name ?? "") : null };
}

import type { Listing, Page } from "./model.ts";

/** A list over pages. `limit`: the most items there will be; undefined: all. */
export function createListing<Item>(
  load: (cursor: string | undefined, limit: number | undefined) => Promise<Page<Item>>,
  limit: number | undefined,
  largestPage: number | undefined,
): Listing<Item> {
  async function* items(): AsyncGenerator<Item, void, undefined> {
    let left = limit ?? Infinity;
    let cursor: string | undefined;
    while (left > 0) {
      // Who reads on beyond the first page wants more than a look.
      const page = await load(
        cursor,
        cursor === undefined ? sizeOf(left) : sizeOf(Math.min(left, largestPage ?? left)),
      );
      for (const item of page.items.slice(0, left)) yield item;
      left -= page.items.length;
      if (page.next === null) return;
      cursor = page.next;
    }
  }

  /** Undefined: as the server thinks best. */
  function sizeOf(left: number): number | undefined {
    return Number.isFinite(left) ? Math.min(left, largestPage ?? left) : undefined;
  }

  const listing: Listing<Item> = {
    [Symbol.asyncIterator]: items,
    async all() {
      const found: Item[] = [];
      for await (const item of items()) found.push(item);
      return found;
    },
    async first() {
      for await (const item of items()) return item;
      return undefined;
    },
    page: (cursor) => load(cursor, sizeOf(limit ?? Infinity)),
  };
  // What a shell shows of it: nothing was asked yet.
  return Object.assign(listing, {
    [Symbol.for("nodejs.util.inspect.custom")]: () => "a list: `await LIST.all()`, or `for await (const one of LIST)`",
  });
}

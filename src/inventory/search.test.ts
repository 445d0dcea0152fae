import { expect, it } from "vitest";
import { searchVariables, type Postings } from "./search.ts";
import { emptySnapshot, structure, tenant } from "./testing.ts";
import { named } from "./testing/worlds.ts";
import { createResolver } from "./variables.ts";

it("fills a page however many are looked at for it, and gives others their turn meanwhile", async () => {
  const count = 30_000;
  const rows = Array.from({ length: count }, (_, at) =>
    structure(`s${String(at).padStart(5, "0")}`, { variables: at < count - 3 ? { tier: "back" } : {} }),
  );
  const world = emptySnapshot({ tenant: tenant({ variables: { tier: "front" } }), structures: named(rows) });
  const everybody: Postings = { shared: async () => [{ kind: "tenant", name: "t" }], own: async () => [] };
  let turns = 0;
  let searching = true;
  const others = (async () => {
    for (; searching; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  })();
  const resolver = { ...createResolver(world), world };
  const query = { path: ["tier"], value: "front" } as const;
  const page = await searchVariables("t", resolver, everybody, "structure", query, { after: null, limit: 2 });
  searching = false;
  await others;
  expect(page).toEqual({ names: ["s29997", "s29998"], next: "s29998" });
  expect(turns).toBeGreaterThan(50);
});

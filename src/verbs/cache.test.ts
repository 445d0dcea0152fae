import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { cacheKey, openResultCache } from "./cache.ts";

it("lists side by side may come to the same results at the same time, while others are forgotten", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gantry-cache-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cache = openResultCache(folder);
  const result = { verb: "run", text: "x", value: { changed: true }, stdout: "", stderr: "", at: 1 };
  const keys = Array.from({ length: 1100 }, (_, number) => cacheKey([Math.floor(number / 2)]));
  await Promise.all([...keys.map((key) => cache.put(key, result)), cache.evict(), cache.list()]);
  await Promise.all(keys.map((key) => cache.put(key, result)));
  expect(await cache.get(keys[0]!)).toEqual(result);
  // Nothing is left beside them.
  expect(readdirSync(folder).filter((name) => name.length > 64)).toEqual([]);
});

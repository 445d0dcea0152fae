import { join } from "node:path";
import { expect, it } from "vitest";
import { createBench, fetchPage } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";
import { postgresUrl } from "./support/databases.ts";

describeReal("postgresql", "a server on PostgreSQL", () => {
  it("builds the quickstart, says that nothing changed, and takes it down", async () => {
    const bench = createBench();
    try {
      const site = bench.example("quickstart", "127.138");
      const environment = { GANTRY_DATABASE: await postgresUrl() };
      const built = await bench.gantry(["up", site], environment);
      expect([built.code, built.error]).toEqual([0, ""]);
      const names = new Set<string | undefined>();
      for (let asked = 0; asked < 3; asked += 1) names.add((await fetchPage("127.138.0.100"))?.servedBy);
      expect([...names].sort()).toEqual(["web1", "web2", "web3"]);
      // The server is stopped and started anew on the same database.
      expect((await bench.gantry(["server", "stop"])).code).toBe(0);
      const again = await bench.gantry(["up", join(site, "site.yaml")], environment);
      expect([again.code, again.out]).toEqual([0, expect.stringMatching(/no changes/i)]);
      const down = await bench.gantry(["down", "--purge", "--yes"], environment);
      expect([down.code, down.error]).toEqual([0, ""]);
    } finally {
      expect(await bench.clear()).toEqual([]);
    }
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { createTestFleet, FLEET_MIGRATIONS, TENANT } from "../fleet/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { startEmbeddedExecutor } from "./linked.ts";

it("facts are known with the connection, and again as soon as something has noticed others", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gantry-linked-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const clock = manualClock(1_000_000);
  const rig = await createTestFleet(await openSqlite(FLEET_MIGRATIONS), clock);
  onTestFinished(() => rig.close());
  let color = "red";
  let looks = 0;
  const noticed = Promise.withResolvers<() => void>();
  const executor = await startEmbeddedExecutor({
    state: folder,
    modules(changed) {
      noticed.resolve(changed);
      return Promise.resolve([]);
    },
    facts() {
      looks += 1;
      return Promise.resolve({ color });
    },
    version: "1",
    clock,
    random: systemRandom,
    log: { info: () => undefined, warn: () => undefined },
    link: await rig.fleet.embed({ tenantId: TENANT, kind: "worker", name: "embedded", siteId: null }),
    content: () => Promise.reject(new Error("there is none")) as never,
  });
  onTestFinished(() => executor.stop());
  const known = (): Promise<unknown> => rig.fleet.node(TENANT, "embedded").then(({ facts }) => facts);
  await expect.poll(known).toEqual({ color: "red" });
  color = "blue";
  for (let times = 0; times < 100; times += 1) (await noticed.promise)();
  // One look a second is enough, however often somebody asks.
  clock.advance(1000);
  await expect.poll(known).toEqual({ color: "blue" });
  expect(looks).toBe(2);
});

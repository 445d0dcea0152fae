import { expect, it, onTestFinished } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import { INVENTORY_SUBJECT } from "../inventory/index.ts";
import { blueprint, foundation, inserting, site } from "../inventory/testing.ts";
import { startExecutor } from "../jobs/testing/executor.ts";
import type { JsonObject } from "../kernel/json.ts";
import { createForemen, type Foremen } from "./foremen.ts";
import type { ForemanParts } from "./service.ts";
import { openForemanWorld, type ForemanWorld } from "./testing.ts";

const OTHER = "other-id";

interface TenantsWorld extends ForemanWorld {
  readonly foremen: Foremen;
}

/** What a server has of foremen; the tenant `other` is there when the test says so. */
async function open(): Promise<TenantsWorld> {
  let parts: ForemanParts | undefined;
  const made: { foremen?: Foremen } = {};
  const world = await openForemanWorld(
    (given) => {
      parts = given;
      return {};
    },
    {
      finished: (tx, job, outcome) => made.foremen!.finished(tx, job, outcome),
      reopened: (tx, job) => made.foremen!.reopened(tx, job),
      snapshot: (tenantId) => world.inventory.snapshot(tenantId),
    },
  );
  const { tenantId: _one, starterOf: _none, ...rest } = parts!;
  const tenants = async () =>
    (await world.database.kysely.selectFrom("tenant").select("id").execute()).map(({ id }) => id);
  const foremen = createForemen({ ...rest, tenants, written: INVENTORY_SUBJECT });
  made.foremen = foremen;
  onTestFinished(() => foremen.stop());
  return { ...world, foremen };
}

function text(content: string) {
  return { text: content, origin: { file: "site.yaml", line: 1, column: 1, exact: true } };
}

async function fill({ database, inventory }: ForemanWorld, tenantId: string): Promise<void> {
  const scripts = { create: text("foundation.create()\n"), destroy: text("foundation.destroy()\n") };
  const rows = {
    sites: [site("lab", { id: `site ${tenantId}` })],
    blueprints: [blueprint("machine", { id: `blueprint ${tenantId}`, builds: "foundation", scripts })],
    foundations: [foundation("web1", { id: `machine ${tenantId}` })],
  };
  await database.transaction((tx) => inventory.write(tx, tenantId, inserting(rows)));
}

it("what two tenants call by the same names is built for each, by workers of its own", async () => {
  const world = await open();
  await fill(world, DEFAULT_TENANT.id);
  await world.foremen.start();
  const created: [string, string][] = [];
  for (const tenantId of [DEFAULT_TENANT.id, OTHER]) {
    const worker = startExecutor({
      tasks: world.jobs.tasks,
      id: `worker of ${tenantId}`,
      tenantId,
      module: "local",
      functions: {
        create(parameters) {
          created.push([tenantId, String(((parameters as JsonObject)["foundation"] as JsonObject)["id"])]);
          return null;
        },
      },
    });
    onTestFinished(() => worker.stop());
  }
  await world.reach(({ foundations }) => foundations.get("web1")?.state === "built");
  expect(created).toEqual([[DEFAULT_TENANT.id, `machine ${DEFAULT_TENANT.id}`]]);
  // A tenant that comes is seen by what is written in it.
  const { tenant } = await world.snapshot();
  await world.database.transaction((tx) =>
    world.inventory.createTenant(tx, { ...tenant, id: OTHER, name: "other", version: 1 }),
  );
  await fill(world, OTHER);
  await expect
    .poll(async () => (await world.inventory.snapshot(OTHER)).foundations.get("web1")?.state, { timeout: 30_000 })
    .toBe("built");
  expect(created.slice(1)).toEqual([[OTHER, `machine ${OTHER}`]]);
  const jobs = await world.jobs.service.list({ tenantId: OTHER }, { before: null, limit: 10 });
  expect(jobs.map((job) => job.target.id)).toEqual([`machine ${OTHER}`]);
  expect((await world.jobsMade()).map((job) => job.target.id)).toEqual([`machine ${DEFAULT_TENANT.id}`]);
});

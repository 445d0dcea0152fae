import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import type { DesignService } from "../design/index.ts";
import { standingStructures, type InventoryStore } from "../inventory/index.ts";
import { hasEnded, type Job, type JobService } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { designStatus, type StatusInput } from "./status.ts";
import type { DriverLimits } from "./view.ts";

const PAGE = 500;

const statusAnswer = z.object({
  settled: z.boolean(),
  items: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(["structure", "foundation", "dependency"]),
      blueprint: z.string(),
      addresses: z.array(z.string()),
      state: z.enum(["planned", "waiting", "building", "built", "changing", "paused", "failed", "destroying"]),
      step: z.string(),
      percent: z.number(),
      failure: z
        .object({ jobId: z.string(), message: z.string(), place: z.string().nullable(), output: z.string() })
        .nullable(),
      milliseconds: z.number().nullable(),
    }),
  ),
});

/** `GET /v1/designs/:name/status`: how far a design is. */
export function foremanRoutes(
  server: HttpServer,
  parts: {
    readonly designs: DesignService;
    readonly inventory: InventoryStore;
    readonly jobs: JobService;
    readonly clock: Clock;
    readonly driverLimits?: DriverLimits;
  },
): void {
  const params = z.object({ name: z.string() });
  server.app.get(
    "/v1/designs/:name/status",
    {
      ...needs("inventory.read"),
      schema: { summary: "How far a design is", tags: ["designs"], params, response: { 200: statusAnswer } },
    },
    async (request) => {
      const principal = request.principal as Principal;
      const design = await parts.designs.get(principal, request.params.name);
      const snapshot = await parts.inventory.snapshot(principal.tenantId);
      const managedBy = `design:${design.name}`;
      const active = [
        ...snapshot.foundations.values(),
        ...standingStructures(snapshot),
        ...snapshot.dependencies.values(),
      ].flatMap((row) => {
        const jobId = row.jobId ?? row.failure?.jobId ?? null;
        return row.managedBy === managedBy && jobId !== null ? [jobId] : [];
      });
      const jobs = await jobsSince(parts.jobs, principal.tenantId, design.appliedAt, active);
      const { driverLimits = {} } = parts;
      const { appliedAt } = design;
      const input: StatusInput = { snapshot, managedBy, appliedAt, jobs, now: parts.clock.now(), driverLimits };
      const status = designStatus(input);
      return {
        settled: status.settled,
        items: status.items.map((item) => ({ ...item, addresses: [...item.addresses] })),
      };
    },
  );
}

/** Jobs made since a time, and those named: they may be older. */
async function jobsSince(jobs: JobService, tenantId: Id, since: number, named: readonly Id[]): Promise<readonly Job[]> {
  const found = new Map<Id, Job>();
  let before: Id | null = null;
  for (;;) {
    const page: readonly Job[] = await jobs.list({ tenantId }, { before, limit: PAGE });
    for (const job of page) if (job.createdAt >= since) found.set(job.id, job);
    before = page.at(-1)?.id ?? null;
    if (page.length < PAGE || page.at(-1)!.createdAt < since) break;
  }
  for (const id of named) if (!found.has(id)) found.set(id, await jobs.get(tenantId, id));
  return [...found.values()].filter((job) => job.createdAt >= since || !hasEnded(job.status) || named.includes(job.id));
}

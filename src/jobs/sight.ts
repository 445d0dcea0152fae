import { requireAt, type Permission, type Place, type Principal } from "../access/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { JobFilter } from "./job-store.ts";
import type { Job, JobAction, JobTarget } from "./model.ts";
import { notFound, type JobService } from "./service.ts";

/** Where what jobs work on is, as far as rights go by it. Filled by whoever knows the targets. */
export interface TargetPlaces {
  /** In the order of the targets; of what is gone: nowhere. */
  of(tenantId: Id, targets: readonly JobTarget[]): Promise<readonly Place[]>;
}

/**
 * Jobs as somebody may see and control them whose rights reach only some places: a job is where its target is. What may not be read is not
 * there: it is left out of lists, and answered as a job that does not exist.
 */
export interface SeenJobs {
  /** Newest first, those made before the job `before`. `permission`: that to read them, `job.read` when left out. */
  list(
    principal: Principal,
    filter: Omit<JobFilter, "tenantId">,
    page: { readonly before: Id | null; readonly limit: number },
    permission?: Permission,
  ): Promise<readonly Job[]>;
  /** Errors: `job_not_found`. */
  get(principal: Principal, id: Id): Promise<Job>;
  /** Errors: `job_not_found`, `forbidden`, `job_action_not_allowed`, and those of the action. */
  act(principal: Principal, id: Id, action: Exclude<JobAction, "jump">): Promise<Job>;
  jump(principal: Principal, id: Id, label: string): Promise<Job>;
  /** For what else is done to a job. Errors: `job_not_found`, `forbidden`. */
  requireControl(principal: Principal, id: Id): Promise<void>;
}

/** Jobs looked at in one go for one page. */
const LOOKED_AT = 500;

export function createSeenJobs(jobs: JobService, places: TargetPlaces): SeenJobs {
  async function placeOf({ tenantId, target }: Job): Promise<Place> {
    return (await places.of(tenantId, [target]))[0]!;
  }

  async function seen(principal: Principal, id: Id): Promise<Job> {
    const job = await jobs.get(principal.tenantId, id);
    const { rights } = principal;
    if (!rights.everywhere("job.read") && !rights.at("job.read", await placeOf(job))) throw notFound(id);
    return job;
  }

  async function requireControl(principal: Principal, id: Id): Promise<void> {
    if (principal.rights.everywhere("job.control")) return;
    const job = await jobs.get(principal.tenantId, id);
    requireAt(principal, "job.control", await placeOf(job), () => notFound(id), "job.read");
  }

  return {
    async list(principal, asked, { before, limit }, permission = "job.read") {
      const { tenantId, rights } = principal;
      const filter = { ...asked, tenantId };
      if (rights.everywhere(permission)) return jobs.list(filter, { before, limit });
      const found: Job[] = [];
      for (let last = before; ;) {
        const some = await jobs.list(filter, { before: last, limit: LOOKED_AT });
        const where = await places.of(
          tenantId,
          some.map(({ target }) => target),
        );
        for (const [index, job] of some.entries()) if (rights.at(permission, where[index]!)) found.push(job);
        if (found.length >= limit || some.length < LOOKED_AT) return found.slice(0, limit);
        last = some.at(-1)!.id;
      }
    },
    get: seen,
    async act(principal, id, action) {
      await requireControl(principal, id);
      return jobs[action](principal.tenantId, id, principal);
    },
    async jump(principal, id, label) {
      await requireControl(principal, id);
      return jobs.jump(principal.tenantId, id, label, principal);
    },
    requireControl,
  };
}

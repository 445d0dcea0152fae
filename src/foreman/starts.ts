import { createAudit, recordActor, requireAt, type Principal } from "../access/index.ts";
import { createResolver, indexesOf, notFound, placeOf, type Snapshot } from "../inventory/index.ts";
import { starterOf, type Job } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { InventoryStore } from "../inventory/index.ts";
import { madeOf, planStarts, type HandStart } from "./by-hand.ts";
import { NOTHING_IN_GROUP, TARGET_BUSY } from "./errors.ts";
import { buildFor, makeJob, place, StepOutdated, type StartParts } from "./start.ts";

/** On what a script is started: exactly one of these, by name or id. */
export interface StartRequest {
  readonly script: string;
  readonly structure?: string | undefined;
  readonly foundation?: string | undefined;
  /** Each structure of it and of the groups below that somebody builds. */
  readonly group?: string | undefined;
}

/** Jobs that people start: any script of a blueprint, on what is made by it. */
export interface JobStarts {
  /**
   * One job for each target, all of them or none.
   *
   * Errors: `not_found`, `forbidden`, `nothing_in_group`, `script_unknown`, `target_busy`, `target_not_ready`.
   */
  start(principal: Principal, request: StartRequest): Promise<readonly Job[]>;
}

export interface JobStartsParts extends Omit<StartParts, "tenantId" | "inventory"> {
  readonly database: Database;
  readonly inventory: InventoryStore;
  readonly bus: Bus;
}

/** Somebody else may write rows between the look and the start: it is looked again. */
const MOST_TRIES = 5;

export function createJobStarts(parts: JobStartsParts): JobStarts {
  const { database, inventory } = parts;
  const audit = createAudit(parts);

  async function attempt(
    principal: Principal,
    snapshot: Snapshot,
    starts: readonly HandStart[],
  ): Promise<readonly Job[]> {
    const { tenantId } = principal;
    const resolver = createResolver(snapshot);
    const builds = await Promise.all(
      starts.map(({ target, role }) => buildFor(parts.secrets, snapshot, target, role, resolver)),
    );
    return database.transaction(async (tx) => {
      recordActor(tx, principal);
      const jobs: Job[] = [];
      for (const [index, { target, role, script, placedOn }] of starts.entries()) {
        const program = { kind: "script", name: script.name, text: script.source.text, origin: script.source.origin };
        const context = { role, build: builds[index] ?? null };
        const own = { ...parts, tenantId };
        jobs.push(await makeJob(own, tx, target, context, { ...program, kind: "script" }, starterOf(principal)));
        if (placedOn !== undefined) await place(own, tx, snapshot, placedOn, target.row.id);
      }
      await audit.append(
        tx,
        jobs.map(({ id, programName, target: { kind, name } }) => ({
          chain: tenantId,
          action: "job.created",
          subject: { kind: "job", id, name: programName },
          data: { program: programName, target: { kind, name } },
        })),
      );
      return jobs;
    });
  }

  return {
    async start(principal, request) {
      for (let tries = 0; ; tries += 1) {
        const snapshot = await inventory.snapshot(principal.tenantId);
        const starts = planStarts(snapshot, targetsOf(principal, snapshot, request), request.script);
        try {
          return await attempt(principal, snapshot, starts);
        } catch (error) {
          if (!(error instanceof StepOutdated)) throw error;
          if (tries >= MOST_TRIES)
            throw new GantryError(TARGET_BUSY, "the inventory is being changed all the time; try again", {
              cause: error,
            });
        }
      }
    },
  };
}

/** What is meant, as far as it may be seen and worked on. */
function targetsOf(principal: Principal, snapshot: Snapshot, request: StartRequest): readonly HandStart["target"][] {
  const { structure, foundation, group } = request;
  if (structure !== undefined) return [named(principal, snapshot, "structure", structure)];
  if (foundation !== undefined) return [named(principal, snapshot, "foundation", foundation)];
  const row =
    snapshot.groups.get(group ?? "") ?? snapshot.groups.get(indexesOf(snapshot).byId("groups", group ?? "") ?? "");
  const hidden = (): GantryError => notFound("group", group ?? "", []);
  if (row === undefined)
    throw principal.rights.everywhere("inventory.read")
      ? notFound("group", group ?? "", snapshot.groups.keys())
      : hidden();
  requireAt(principal, "job.control", placeOf(snapshot, "group", row), hidden);
  const targets = madeOf(snapshot, indexesOf(snapshot).structures("group", row.name));
  if (targets.length === 0)
    throw new GantryError(NOTHING_IN_GROUP, `no structure that is built by us is in the group ${row.name}`);
  return targets;
}

function named(
  principal: Principal,
  snapshot: Snapshot,
  kind: "structure" | "foundation",
  idOrName: string,
): HandStart["target"] {
  const rows = kind === "structure" ? snapshot.structures : snapshot.foundations;
  const row = rows.get(idOrName) ?? rows.get(indexesOf(snapshot).byId(`${kind}s`, idOrName) ?? "");
  const known = principal.rights.everywhere("inventory.read") ? rows.keys() : [];
  if (row === undefined) throw notFound(kind, idOrName, known);
  requireAt(principal, "job.control", placeOf(snapshot, kind, row), () => notFound(kind, idOrName, []));
  return { kind, row } as HandStart["target"];
}

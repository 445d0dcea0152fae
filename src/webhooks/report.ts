import { recordActor, requireAt, type Audit, type Principal } from "../access/index.ts";
import { notFound, placeOf, type Snapshot } from "../inventory/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { EVENT_REPORT_INVALID } from "./errors.ts";

/** What a person or a program reports of hardware: it becomes an event, which webhooks get. */
export interface EventReports {
  /** Returns the foundation's name. Errors: `event_report_invalid`, `not_found`, `forbidden`. */
  report(
    principal: Principal,
    report: { readonly type: string; readonly foundation: string; readonly data: JsonObject },
  ): Promise<string>;
}

export interface EventReportsParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly audit: Audit;
  snapshot(tenantId: Id): Promise<Snapshot>;
}

const TYPE = /^hardware\.[a-z][a-z_]{0,60}$/;
const MOST_DATA = 16_384;

export function createEventReports({ database, events, audit, snapshot }: EventReportsParts): EventReports {
  return {
    async report(principal, { type, foundation: idOrName, data }) {
      if (!TYPE.test(type))
        throw new GantryError(
          EVENT_REPORT_INVALID,
          `'${type.slice(0, 80)}' is no event of hardware, as hardware.disk_failed`,
        );
      if (JSON.stringify(data).length > MOST_DATA)
        throw new GantryError(EVENT_REPORT_INVALID, `the data has more than ${MOST_DATA} characters`);
      const { tenantId } = principal;
      const now = await snapshot(tenantId);
      const found = now.foundations.get(idOrName) ?? [...now.foundations.values()].find(({ id }) => id === idOrName);
      const hidden = (): GantryError => notFound("foundation", idOrName, []);
      if (found === undefined) throw hidden();
      requireAt(principal, "event.report", placeOf(now, "foundation", found), hidden);
      const subject = { kind: "foundation", id: found.id };
      await database.transaction(async (tx) => {
        recordActor(tx, principal);
        await audit.append(tx, [
          { chain: tenantId, action: "event.reported", subject: { ...subject, name: found.name }, data: { type } },
        ]);
        // Apart from what the server itself says of an event, so that nobody can say it in its place.
        const told = { name: found.name, by: principal.name, details: data };
        await events.append(tx, [{ tenantId, type, subject, data: told }]);
      });
      return found.name;
    },
  };
}

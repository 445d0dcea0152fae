import { createDnsService, createPublishing, createZoneBook, dnsRoutes, type Publishing } from "../dns/index.ts";
import { bindPublisher } from "../drivers/bind/index.ts";
import { nsupdatePublisher } from "../drivers/nsupdate/index.ts";
import { powerdnsPublisher } from "../drivers/powerdns/index.ts";
import type { Snapshot } from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { Logger } from "../platform/logging/index.ts";

interface NamesParts {
  readonly http: HttpServer;
  readonly database: Database;
  readonly inventory: { snapshot(tenantId: Id): Promise<Snapshot> };
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Wires the room `dns` with its drivers, and mounts its routes. */
export function composeNames(parts: NamesParts): Publishing {
  const publishers = [bindPublisher(), nsupdatePublisher(), powerdnsPublisher()];
  const book = createZoneBook(parts);
  const publishing = createPublishing({ ...parts, book, publishers });
  dnsRoutes(parts.http, createDnsService({ ...parts, book, publishers, publishing }));
  return publishing;
}

import { createAudit, recordActor, requireToNameFiles, type Principal } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, problem } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import { canonicalJson, type JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Bus } from "../platform/bus/index.ts";
import { afterCommit, isUniqueViolation, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { ZoneBook } from "./book.ts";
import { isServedBy, type CurrentZone } from "./decide.ts";
import {
  DNS_TARGET_CHANGED,
  DNS_TARGET_EXISTS,
  DNS_TARGET_INVALID,
  DNS_TARGET_UNKNOWN,
  DNS_ZONE_UNKNOWN,
} from "./errors.ts";
import type { DnsTarget, Publication, TargetKind, ZoneProblem } from "./model.ts";
import { normalName } from "./names.ts";
import type { ZonePublisher } from "./publisher.ts";
import { TARGETS_SUBJECT } from "./publishing.ts";
import {
  deletePublication,
  deleteTarget,
  insertTarget,
  savePublication,
  saveSets,
  selectPublications,
  selectTargets,
  updateTarget,
} from "./store.ts";
import { zoneFile } from "./text.ts";

/** What a person says of a target. */
export interface TargetData {
  readonly name: string;
  readonly kind: TargetKind;
  readonly settings: JsonObject;
  readonly zones: readonly string[];
  readonly view: string | null;
}

/** A zone on a target: what is there, and what is to be. */
export interface ZoneStatus {
  readonly target: string;
  readonly zone: string;
  readonly view: string | null;
  readonly state: "waiting" | "published" | "removing";
  /** Of what the server has; null when it has nothing of ours. */
  readonly serial: number | null;
  /** Of what it is to have; null when it is to have nothing. */
  readonly wantedSerial: number | null;
  /** Failed tries since it last went well. */
  readonly attempt: number;
  readonly lastError: string | null;
  readonly publishedAt: number | null;
}

export interface DnsStatus {
  readonly zones: readonly ZoneStatus[];
  readonly problems: readonly ZoneProblem[];
}

export interface DnsService {
  targets(principal: Principal): Promise<readonly DnsTarget[]>;
  /** By id or name. Errors: `dns_target_unknown`. */
  target(principal: Principal, idOrName: string): Promise<DnsTarget>;
  /** Errors: `dns_target_exists`, `dns_target_invalid`, `server_file_forbidden`. */
  addTarget(principal: Principal, data: TargetData): Promise<DnsTarget>;
  /** `version`: the one that was read; null when any will do. Errors: those of `target` and `addTarget`, `dns_target_changed`. */
  replaceTarget(principal: Principal, idOrName: string, version: number | null, data: TargetData): Promise<DnsTarget>;
  /** What the server has stays there. Errors: `dns_target_unknown`, `dns_target_changed`. */
  removeTarget(principal: Principal, idOrName: string, version: number | null): Promise<void>;
  /** By name, then by view. */
  zones(principal: Principal): Promise<readonly CurrentZone[]>;
  /** `view`: undefined when the zone has none, or one. Errors: `dns_zone_unknown`. */
  zone(principal: Principal, name: string, view?: string): Promise<CurrentZone>;
  /** The zone's file. Errors: `dns_zone_unknown`. */
  file(principal: Principal, name: string, view?: string): Promise<string>;
  status(principal: Principal): Promise<DnsStatus>;
  /**
   * Publishes what waits now, without waiting for its time; with `whole` also what the servers are thought to have.
   * Errors: `dns_target_unknown`, `dns_zone_unknown`.
   * @returns zones that are to be published
   */
  publish(
    principal: Principal,
    asked: { readonly target?: string | undefined; readonly zone?: string | undefined; readonly whole: boolean },
  ): Promise<number>;
}

export interface DnsServiceParts {
  readonly database: Database;
  readonly book: ZoneBook;
  readonly publishers: readonly ZonePublisher[];
  readonly publishing: { retry(): void };
  readonly events: Pick<EventStream, "append">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
}

export function createDnsService(parts: DnsServiceParts): DnsService {
  const { database, book, clock, random } = parts;
  const audit = createAudit(parts);

  async function targetNamed(principal: Principal, idOrName: string, tx?: Transaction): Promise<DnsTarget> {
    const targets = await selectTargets(tx ?? database.kysely, principal.tenantId);
    const found = targets.find((one) => one.name === idOrName || one.id === idOrName);
    if (found !== undefined) return found;
    const names = targets.map((one) => one.name);
    throw new GantryError(DNS_TARGET_UNKNOWN, `there is no DNS target '${shown(idOrName)}'${meant(idOrName, names)}`);
  }

  function checkedSettings(kind: TargetKind, settings: JsonObject): JsonObject {
    const publisher = parts.publishers.find((one) => one.kind === kind);
    if (publisher === undefined) throw new GantryError(DNS_TARGET_INVALID, `there is no kind of DNS target '${kind}'`);
    const checked = publisher.settings.safeParse(settings);
    if (checked.success) return checked.data;
    const problems = checked.error.issues.map((issue) => {
      const place = ["settings", ...issue.path].join(".");
      const message = issue.message.endsWith("received undefined") ? "is missing" : issue.message;
      return problem(DNS_TARGET_INVALID, `${place}: ${message}`);
    });
    const [first] = problems;
    throw problems.length === 1 && first !== undefined
      ? new GantryError(DNS_TARGET_INVALID, `a target of kind ${kind}: ${first.message}`)
      : new GantryError(DNS_TARGET_INVALID, `${problems.length} settings of a target of kind ${kind} are wrong`, {
          problems,
        });
  }

  /** Tells what was done once it is committed. */
  async function told(tx: Transaction, principal: Principal, type: string, target: DnsTarget): Promise<void> {
    recordActor(tx, principal);
    const { tenantId, settings: _settings, ...data } = target;
    const subject = { kind: "dns_target", id: target.id, name: target.name };
    await audit.append(tx, [{ chain: tenantId, action: type, subject, data }]);
    await parts.events.append(tx, [
      {
        tenantId: principal.tenantId,
        type,
        subject: { kind: "dns_target", id: target.id },
        data: { name: target.name, kind: target.kind, by: principal.name },
      },
    ]);
    afterCommit(tx, TARGETS_SUBJECT, () => parts.bus.publish(TARGETS_SUBJECT, null));
  }

  function changed(target: DnsTarget, version: number): GantryError {
    return new GantryError(
      DNS_TARGET_CHANGED,
      `DNS target '${target.name}' is at version ${target.version}, not ${version}`,
    );
  }

  function refuseTaken(error: unknown, name: string): never {
    if (isUniqueViolation(error)) throw new GantryError(DNS_TARGET_EXISTS, `there is a DNS target '${name}' already`);
    throw error;
  }

  async function zoneNamed(principal: Principal, name: string, view?: string): Promise<CurrentZone> {
    const { zones } = await book.now(principal.tenantId);
    const wanted = normalName(name);
    const views = zones.filter((one) => one.zone.name === wanted);
    const found =
      view === undefined && views.length === 1
        ? views[0]
        : views.find((one) => one.zone.view === (view === undefined || view === "" ? null : view));
    if (found !== undefined) return found;
    const has = views.map((one) => one.zone.view ?? "none").join(", ");
    const names = zones.map((one) => one.zone.name);
    throw new GantryError(
      DNS_ZONE_UNKNOWN,
      views.length > 0
        ? `zone '${wanted}' has the views ${has}: ${view === undefined ? "say which" : `'${shown(view)}' is none of them`}`
        : `there is no zone '${shown(wanted)}'${meant(wanted, names)}`,
    );
  }

  return {
    targets: (principal) => selectTargets(database.kysely, principal.tenantId),
    target: targetNamed,
    async addTarget(principal, data) {
      const now = clock.now();
      const target: DnsTarget = {
        id: random.id(),
        tenantId: principal.tenantId,
        ...data,
        settings: checkedSettings(data.kind, data.settings),
        zones: data.zones.map(normalName),
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      requireToNameFiles(principal, target.settings);
      await database
        .transaction(async (tx) => {
          await insertTarget(tx, target);
          await told(tx, principal, "dns_target.created", target);
        })
        .catch((error: unknown) => refuseTaken(error, data.name));
      return target;
    },
    async replaceTarget(principal, idOrName, version, data) {
      const settings = checkedSettings(data.kind, data.settings);
      return database
        .transaction(async (tx) => {
          const before = await targetNamed(principal, idOrName, tx);
          if (version !== null && version !== before.version) throw changed(before, version);
          requireToNameFiles(principal, settings, before.kind === data.kind ? before.settings : undefined);
          const after: DnsTarget = {
            ...before,
            ...data,
            settings,
            zones: data.zones.map(normalName),
            version: before.version + 1,
            updatedAt: clock.now(),
          };
          if (!(await updateTarget(tx, after))) throw changed(before, before.version);
          if (!isSameServer(before, after)) {
            // What this one has is not known.
            const rows = await selectPublications(tx, principal.tenantId);
            for (const row of rows) if (row.targetId === after.id) await deletePublication(tx, after.id, row);
          }
          await told(tx, principal, "dns_target.changed", after);
          return after;
        })
        .catch((error: unknown) => refuseTaken(error, data.name));
    },
    async removeTarget(principal, idOrName, version) {
      await database.transaction(async (tx) => {
        const target = await targetNamed(principal, idOrName, tx);
        if (version !== null && version !== target.version) throw changed(target, version);
        await deleteTarget(tx, target.id);
        await told(tx, principal, "dns_target.removed", target);
      });
    },
    async zones(principal) {
      return (await book.now(principal.tenantId)).zones;
    },
    zone: zoneNamed,
    async file(principal, name, view) {
      const { zone, serial } = await zoneNamed(principal, name, view);
      return zoneFile(zone, serial);
    },
    async status(principal) {
      const { zones, problems } = await book.now(principal.tenantId);
      const targets = await selectTargets(database.kysely, principal.tenantId);
      const rows = await selectPublications(database.kysely, principal.tenantId);
      return { zones: targets.flatMap((target) => statusOf(target, zones, rows)), problems };
    },
    async publish(principal, asked) {
      const target = asked.target === undefined ? undefined : await targetNamed(principal, asked.target);
      const zone = asked.zone === undefined ? undefined : normalName(asked.zone);
      const all = (await selectPublications(database.kysely, principal.tenantId)).filter(
        (row) => (target === undefined || row.targetId === target.id) && (zone === undefined || row.zone === zone),
      );
      if (zone !== undefined && all.length === 0)
        throw new GantryError(DNS_ZONE_UNKNOWN, `no target serves a zone '${shown(zone)}'`);
      const rows = all.filter((row) => asked.whole || row.state !== "published");
      await database.transaction(async (tx) => {
        recordActor(tx, principal);
        const subject = { kind: "dns_zone", id: null, name: zone ?? "all" };
        const data = { target: target?.name ?? null, whole: asked.whole, publications: rows.length };
        await audit.append(tx, [{ chain: principal.tenantId, action: "dns_zone.published", subject, data }]);
        for (const row of rows) {
          await savePublication(tx, row.targetId, row, {
            state: row.state === "removing" ? "removing" : "waiting",
            attempt: 0,
            nextTryAt: 0,
            lastError: null,
          });
          if (asked.whole) await saveSets(tx, row.targetId, row, null);
        }
      });
      parts.publishing.retry();
      return rows.length;
    },
  };
}

/** Whether it is where it was: what was published there is still known then. */
function isSameServer(before: DnsTarget, after: DnsTarget): boolean {
  return (
    before.kind === after.kind &&
    before.view === after.view &&
    canonicalJson(before.settings) === canonicalJson(after.settings)
  );
}

function statusOf(
  target: DnsTarget,
  zones: readonly CurrentZone[],
  all: readonly Publication[],
): readonly ZoneStatus[] {
  const rows = new Map(
    all
      .filter((row) => row.targetId === target.id)
      .map((row): [string, Publication] => [`${row.zone} ${row.view}`, row]),
  );
  const served = zones.filter((one) => isServedBy(target, one.zone));
  const wanted = served.map(({ zone, serial, contentHash }): ZoneStatus => {
    const key = `${zone.name} ${zone.view ?? ""}`;
    const row = rows.get(key);
    rows.delete(key);
    const published = row?.state === "published" && row.contentHash === contentHash;
    return {
      ...place(target, zone.name, zone.view, row),
      state: published ? "published" : "waiting",
      wantedSerial: serial,
    };
  });
  const leaving = [...rows.values()].map((row): ZoneStatus => ({
    ...place(target, row.zone, row.view === "" ? null : row.view, row),
    state: "removing",
    wantedSerial: null,
  }));
  return [...wanted, ...leaving];
}

function place(
  target: DnsTarget,
  zone: string,
  view: string | null,
  row: Publication | undefined,
): Omit<ZoneStatus, "state" | "wantedSerial"> {
  return {
    target: target.name,
    zone,
    view,
    serial: row?.serial ?? null,
    attempt: row?.attempt ?? 0,
    lastError: row?.lastError ?? null,
    publishedAt: row?.publishedAt ?? null,
  };
}

function meant(typed: string, names: readonly string[]): string {
  const near = nearest(typed, names);
  return near === undefined ? "" : `; did you mean '${near}'?`;
}

function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

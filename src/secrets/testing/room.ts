import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { auditMigrations, createAudit, NOWHERE, type Place } from "../../access/index.ts";
import { ADMINISTRATOR } from "../../access/testing.ts";
import { manualClock, type ManualClock } from "../../kernel/clock.ts";
import type { Json } from "../../kernel/json.ts";
import { systemRandom } from "../../kernel/ids.ts";
import { createInProcessBus } from "../../platform/bus/index.ts";
import type { Database, Migration } from "../../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../../platform/events/index.ts";
import { silentLogger } from "../../platform/logging/index.ts";
import type { OwnerKey } from "../model.ts";
import type { SecretOwner, SecretOwners } from "../owners.ts";
import type { DoOnce } from "../ports.ts";
import { masterKeyInFolder, type MasterKeySettings } from "../providers.ts";
import { createSecrets, type Secrets } from "../secrets.ts";
import { secretMigrations } from "../tables.ts";

export const SECRET_ROOM_MIGRATIONS: readonly Migration[] = [
  ...eventMigrations,
  ...auditMigrations,
  ...secretMigrations,
];

/** A folder that is gone when the test ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "gantry-secrets-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Owners as a test wants them; of the kind `tenant` there is the administrator's. */
export function ownersOf(known: SecretOwner[]): SecretOwners {
  const same = (one: OwnerKey, other: OwnerKey): boolean => one.kind === other.kind && one.id === other.id;
  return {
    of: async () => ({
      byKey: (key) => known.find((one) => same(one, key)),
      named: (kind, idOrName) => known.find((one) => one.kind === kind && [one.id, one.name].includes(idOrName)),
    }),
  };
}

export function owner(kind: OwnerKey["kind"], name: string, place: Partial<Place> = {}): SecretOwner {
  return { kind, id: `${kind}-${name}`, name, place: { ...NOWHERE, ...place } };
}

/** Keeps answers in memory, as the inventory does in the database. */
function onceInMemory(): DoOnce {
  const kept = new Map<string, { readonly hash: string; readonly answer: Json }>();
  return async (_tx, tenantId, request, _now, work) => {
    if (request === undefined) return work();
    const key = `${tenantId} ${request.by} ${request.key}`;
    const known = kept.get(key);
    if (known?.hash === request.hash) return known.answer;
    if (known !== undefined) throw new Error("idempotency key reused");
    const answer = await work();
    kept.set(key, { hash: request.hash, answer });
    return answer;
  };
}

export interface TestRoom {
  readonly secrets: Secrets;
  readonly database: Database;
  readonly clock: ManualClock;
  readonly owners: SecretOwner[];
  readonly folder: string;
  readonly parts: Omit<Parameters<typeof createSecrets>[0], "settings">;
  /** The same database with other settings: the next start of a server. */
  again(settings?: Partial<MasterKeySettings>): Promise<Secrets>;
}

/** The room on a database, started. */
export async function openRoom(database: Database, settings: Partial<MasterKeySettings> = {}): Promise<TestRoom> {
  const folder = testFolder();
  const clock = manualClock(Date.parse("2026-03-01T12:00:00Z"));
  const log = silentLogger();
  const bus = createInProcessBus(log);
  onTestFinished(() => bus.close());
  const events = createEventStream({ database, bus, clock, random: systemRandom });
  const audit = createAudit({ database, clock, bus });
  const tenant: SecretOwner = { kind: "tenant", id: ADMINISTRATOR.tenantId, name: "default", place: NOWHERE };
  const owners = [
    tenant,
    owner("site", "oslo", { sites: ["site-oslo"] }),
    owner("site", "bergen", { sites: ["site-bergen"] }),
    owner("group", "web", { groups: ["group-web"] }),
    owner("structure", "web1", { sites: ["site-oslo"], groups: ["group-web"] }),
  ];
  const parts = {
    database,
    events,
    audit,
    owners: ownersOf(owners),
    once: onceInMemory(),
    clock,
    random: systemRandom,
    log,
  };
  async function again(changed: Partial<MasterKeySettings> = {}): Promise<Secrets> {
    const made = createSecrets({ ...parts, settings: { ...masterKeyInFolder(folder), ...settings, ...changed } });
    onTestFinished(() => made.stop());
    await made.start();
    return made;
  }
  return { secrets: await again(), database, clock, owners, folder, parts, again };
}

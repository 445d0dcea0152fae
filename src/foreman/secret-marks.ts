import { foundationTypeFacts } from "../blueprints/index.ts";
import {
  createResolver,
  secretOwnersOf,
  writtenVariables,
  type Foundation,
  type InventoryStore,
  type Resolver,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { secretNamesIn } from "../variables/index.ts";
import type { SecretUse } from "./secrets.ts";

/** What a row was built with, of secrets: which one each name meant, and its version. */
type Marks = Readonly<Record<string, string>>;

type Target =
  | { readonly kind: "structure"; readonly row: Structure }
  | { readonly kind: "foundation"; readonly row: Foundation };

/** The marks of everything that the variables of a row refer to, as it is now. A secret that is not there has an empty mark. */
export async function secretMarks(
  secrets: Pick<SecretUse, "find">,
  snapshot: Snapshot,
  target: Target,
  resolver: Resolver = createResolver(snapshot),
): Promise<Marks> {
  // A machine in a rack is reached by its secrets (its BMC's password), not made of them: another one is no reason to begin anew.
  if (target.kind === "foundation" && foundationTypeFacts(target.row.type).origin === "found") return {};
  const resolution =
    target.kind === "structure" ? resolver.structure(target.row.name) : resolver.foundation(target.row.name);
  return marksOf(secrets, snapshot, target, secretNamesIn(writtenVariables(resolution)));
}

async function marksOf(
  secrets: Pick<SecretUse, "find">,
  snapshot: Snapshot,
  target: Target,
  names: readonly string[],
): Promise<Marks> {
  if (names.length === 0) return {};
  const owners = secretOwnersOf(snapshot, target);
  const marks: Record<string, string> = {};
  for (const name of names) {
    const secret = await secrets.find(snapshot.tenant.id, owners, name);
    marks[name] = secret === undefined ? "" : `${secret.id}:${secret.version}`;
  }
  return marks;
}

export interface SecretWatch {
  start(): void;
  stop(): Promise<void>;
}

export interface SecretWatchParts {
  readonly database: Database;
  readonly tenantId: Id;
  readonly inventory: Pick<InventoryStore, "snapshot" | "changeBuild">;
  readonly secrets: Pick<SecretUse, "find">;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly log: Logger;
  /** Rows are stale. */
  marked(): void;
}

/** Milliseconds until it is looked again after the database failed. */
const AFTER_FAILURE = 1000;

const CHANGES = ["secret.created", "secret.changed", "secret.deleted"] as const;

/**
 * Marks as stale what was built with another value of a secret than there is now. Looks at everything once when it starts, and then at what
 * refers to a name as often as a secret of that name changes.
 */
export function watchSecrets(parts: SecretWatchParts): SecretWatch {
  const { database, tenantId, inventory, events, clock, log } = parts;
  const stopping = new AbortController();
  let watching: Promise<void> = Promise.resolve();
  let cancelAgain = (): void => {};

  async function watch(): Promise<void> {
    try {
      // Before the look, so that what changes meanwhile is not passed over.
      const end = await events.end();
      await look();
      for await (const event of events.follow(end, stopping.signal, { tenantId, types: CHANGES }))
        await look(String((event.data as { readonly name?: unknown }).name));
    } catch (error) {
      log.error({ error: messageOf(error) }, "cannot watch which secrets change, and will look again");
      if (!stopping.signal.aborted) cancelAgain = clock.after(AFTER_FAILURE, begin);
    }
  }

  function begin(): void {
    watching = watch();
  }

  async function look(name?: string): Promise<void> {
    const snapshot = await inventory.snapshot(tenantId);
    const targets: Target[] = [
      ...[...snapshot.structures.values()].map((row) => ({ kind: "structure" as const, row })),
      ...[...snapshot.foundations.values()].map((row) => ({ kind: "foundation" as const, row })),
    ];
    let marked = false;
    for (const target of targets) {
      if (stopping.signal.aborted) return;
      if (target.row.stale || target.row.wanted === "absent" || !(await isOutdated(snapshot, target, name))) continue;
      marked = (await mark(target.kind, target.row)) || marked;
    }
    if (marked) parts.marked();
  }

  async function isOutdated(snapshot: Snapshot, target: Target, name: string | undefined): Promise<boolean> {
    const built = target.row.build?.secrets ?? {};
    const names = Object.keys(built).filter((one) => name === undefined || one === name);
    const now = await marksOf(parts.secrets, snapshot, target, names);
    if (names.some((one) => built[one] !== now[one])) return true;
    // What is being built may have got the value there was before.
    if (name === undefined || target.row.jobId === null) return false;
    return Object.hasOwn(await secretMarks(parts.secrets, snapshot, target), name);
  }

  function mark(kind: Target["kind"], { id, version }: Structure | Foundation): Promise<boolean> {
    return database.transaction((tx) => inventory.changeBuild(tx, kind, id, version, { stale: true }));
  }

  return {
    start: begin,
    async stop() {
      stopping.abort();
      await watching;
      cancelAgain();
    },
  };
}

import { recordActor, requireEverywhere, type Audit, type Principal } from "../access/index.ts";
import { meant, type Snapshot } from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import {
  afterCommit,
  isUniqueViolation,
  type Database,
  type Queries,
  type Transaction,
} from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { requireVersion } from "../platform/requests/index.ts";
import type { Couriers } from "./couriers.ts";
import { DEAD_LETTER_UNKNOWN, WEBHOOK_INVALID, WEBHOOK_NAME_TAKEN, WEBHOOK_UNKNOWN } from "./errors.ts";
import type { WebhookKeys } from "./keys.ts";
import {
  webhookProblem,
  type DeadLetter,
  type SecretSource,
  type Webhook,
  type WebhookFilter,
  type WebhookState,
} from "./model.ts";
import type { Sent } from "./sender.ts";
import {
  countDeadLetters,
  deleteWebhook,
  insertWebhook,
  selectDeadLetters,
  selectState,
  selectWebhooks,
  updateWebhook,
  wantReplay,
} from "./store.ts";

/** What a person says of a webhook. */
export interface WebhookDraft {
  readonly name: string;
  readonly url: string;
  readonly filter: WebhookFilter;
  readonly ca: string | null;
  readonly active: boolean;
  /** The name of a secret of the tenant; null: one that the server makes. */
  readonly secret: string | null;
}

/** A change of the secrets, beside the rest. */
export interface SecretChange {
  /** A new one from now on; the one before signs as well. */
  readonly rotate: boolean;
  /** The one before signs no more. */
  readonly dropFormer: boolean;
}

export interface ShownWebhook {
  readonly webhook: Webhook;
  readonly state: WebhookState;
  readonly deadLetters: number;
}

/** With the secret that the server made; undefined: none was made. */
export interface MadeWebhook {
  readonly webhook: Webhook;
  readonly secret: string | undefined;
}

export interface WebhookService {
  /** By name. */
  list(principal: Principal): Promise<readonly ShownWebhook[]>;
  /** By id or name. Errors: `webhook_unknown`. */
  get(principal: Principal, idOrName: string): Promise<ShownWebhook>;
  /** From now on. Errors: `webhook_invalid`, `webhook_name_taken`, `forbidden`, `secrets_locked`. */
  create(principal: Principal, draft: WebhookDraft): Promise<MadeWebhook>;
  /** Who changes it has its sight of events from then on. Errors: those of `create`, `webhook_unknown`, `version_mismatch`. */
  replace(
    principal: Principal,
    idOrName: string,
    version: number | null,
    draft: WebhookDraft,
    secrets: SecretChange,
  ): Promise<MadeWebhook>;
  /** Errors: `webhook_unknown`, `version_mismatch`. */
  remove(principal: Principal, idOrName: string, version: number | null): Promise<void>;
  /** Sends an event that nothing happened for, at once. Errors: `webhook_unknown`. */
  test(principal: Principal, idOrName: string): Promise<Sent>;
  /** In the order of their events. Errors: `webhook_unknown`. */
  deadLetters(
    principal: Principal,
    idOrName: string,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly DeadLetter[]>;
  /** Sends dead letters once more, all or some. Returns how many. Errors: `webhook_unknown`, `dead_letter_unknown`. */
  replay(principal: Principal, idOrName: string, ids: readonly Id[] | undefined): Promise<number>;
}

export interface WebhookServiceParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: WebhookKeys;
  readonly couriers: Pick<Couriers, "changed" | "replay">;
  snapshot(tenantId: Id): Promise<Snapshot>;
  /** Sends one event at once. */
  tryOut(webhook: Webhook): Promise<Sent>;
}

const CHANGED = "webhooks.changed";

export function createWebhookService(parts: WebhookServiceParts): WebhookService {
  const { database, events, audit, clock, random, keys, couriers } = parts;

  async function found(queries: Queries, { tenantId }: Principal, idOrName: string): Promise<Webhook> {
    const all = await selectWebhooks(queries, tenantId);
    const one = all.find(({ name }) => name === idOrName) ?? all.find(({ id }) => id === idOrName);
    if (one !== undefined) return one;
    const names = all.map(({ name }) => name);
    throw new GantryError(WEBHOOK_UNKNOWN, `there is no webhook '${idOrName.slice(0, 80)}'${meant(idOrName, names)}`);
  }

  async function shown(webhook: Webhook): Promise<ShownWebhook> {
    const state = await selectState(database.kysely, webhook.id);
    const deadLetters = await countDeadLetters(database.kysely, webhook.id);
    if (state === undefined) throw new GantryError(WEBHOOK_UNKNOWN, `there is no webhook '${webhook.name}'`);
    return { webhook, state, deadLetters };
  }

  /** Errors: `webhook_invalid`, `forbidden`. */
  async function check(principal: Principal, draft: WebhookDraft): Promise<void> {
    const wrong = webhookProblem(draft);
    if (wrong !== undefined) throw new GantryError(WEBHOOK_INVALID, wrong);
    const { sites } = await parts.snapshot(principal.tenantId);
    const missing = draft.filter.sites.find((name) => !sites.has(name));
    if (missing !== undefined)
      throw new GantryError(
        WEBHOOK_INVALID,
        `there is no site '${missing.slice(0, 80)}'${meant(missing, sites.keys())}`,
      );
    // Who knows what a text is signed with can guess at it.
    if (draft.secret !== null) requireEverywhere(principal, "secret.read");
  }

  async function told(tx: Transaction, principal: Principal, type: string, webhook: Webhook): Promise<void> {
    const { tenantId, id, name, version, url, active } = webhook;
    recordActor(tx, principal);
    const subject = { kind: "webhook", id };
    // What stands behind a question mark is often a secret.
    const { origin, pathname } = new URL(url);
    const data = { version, active, receiver: `${origin}${pathname}` };
    await audit.append(tx, [{ chain: tenantId, action: type, subject: { ...subject, name }, data }]);
    await events.append(tx, [{ tenantId, type, subject, data: { name, version, active, by: principal.name } }]);
    afterCommit(tx, CHANGED, () => couriers.changed());
  }

  function named(taken: string): (error: unknown) => never {
    return (error) => {
      if (!isUniqueViolation(error)) throw error;
      throw new GantryError(WEBHOOK_NAME_TAKEN, `there is a webhook '${taken}' already`, { cause: error });
    };
  }

  async function madeSecret(webhook: Webhook, before?: SecretSource): Promise<string | undefined> {
    const value = await keys.secret(webhook, webhook.secret);
    const isNew = JSON.stringify(before) !== JSON.stringify(webhook.secret);
    return "generation" in webhook.secret && isNew ? value : undefined;
  }

  return {
    async list({ tenantId }) {
      const all = await selectWebhooks(database.kysely, tenantId);
      return Promise.all(all.map(shown));
    },
    get: async (principal, idOrName) => shown(await found(database.kysely, principal, idOrName)),
    async create(principal, draft) {
      await check(principal, draft);
      const now = clock.now();
      const { secret: name, ...rest } = draft;
      const webhook: Webhook = {
        ...rest,
        id: random.id(),
        tenantId: principal.tenantId,
        secret: name === null ? { generation: 1 } : { name },
        former: null,
        owner: ownerOf(principal),
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      const secret = await madeSecret(webhook);
      const cursor = await events.end();
      await database
        .transaction(async (tx) => {
          await insertWebhook(tx, webhook, cursor);
          await told(tx, principal, "webhook.created", webhook);
        })
        .catch(named(draft.name));
      return { webhook, secret };
    },
    async replace(principal, idOrName, version, draft, change) {
      await check(principal, draft);
      const before = await found(database.kysely, principal, idOrName);
      requireVersion(`webhook '${before.name}'`, before.version, version);
      const { secret: name, ...rest } = draft;
      const secret = nextSecret(before, name, change.rotate);
      const replaced = JSON.stringify(secret) !== JSON.stringify(before.secret);
      const former = change.dropFormer ? null : replaced ? before.secret : before.former;
      const next = { version: before.version + 1, updatedAt: clock.now(), owner: ownerOf(principal) };
      const webhook: Webhook = { ...before, ...rest, secret, former, ...next };
      const made = await madeSecret(webhook, before.secret);
      await database
        .transaction(async (tx) => {
          if (!(await updateWebhook(tx, webhook))) {
            const now = await found(tx, principal, before.id);
            requireVersion(`webhook '${before.name}'`, now.version, before.version);
          }
          await told(tx, principal, "webhook.changed", webhook);
        })
        .catch(named(draft.name));
      return { webhook, secret: made };
    },
    async remove(principal, idOrName, version) {
      await database.transaction(async (tx) => {
        const webhook = await found(tx, principal, idOrName);
        requireVersion(`webhook '${webhook.name}'`, webhook.version, version);
        await deleteWebhook(tx, webhook.id);
        await told(tx, principal, "webhook.removed", webhook);
      });
    },
    test: async (principal, idOrName) => parts.tryOut(await found(database.kysely, principal, idOrName)),
    async deadLetters(principal, idOrName, page) {
      const { id } = await found(database.kysely, principal, idOrName);
      return selectDeadLetters(database.kysely, id, page);
    },
    async replay(principal, idOrName, ids) {
      const { id, name } = await found(database.kysely, principal, idOrName);
      const count = await database.transaction(async (tx) => {
        const marked = await wantReplay(tx, id, ids);
        if (ids !== undefined && marked !== new Set(ids).size)
          throw new GantryError(DEAD_LETTER_UNKNOWN, `the webhook '${name}' has not all of these dead letters`);
        recordActor(tx, principal);
        const subject = { kind: "webhook", id, name };
        const data = { deadLetters: marked };
        await audit.append(tx, [{ chain: principal.tenantId, action: "webhook.replayed", subject, data }]);
        return marked;
      });
      couriers.replay(id);
      return count;
    },
  };
}

function ownerOf({ kind, accountId, name }: Principal): Webhook["owner"] {
  if (accountId === undefined && kind !== "administrator")
    throw new Error("an account or the administrator makes webhooks");
  return { accountId: accountId ?? null, name };
}

/** Pure: what signs from now on. */
function nextSecret({ secret, former }: Webhook, name: string | null, rotate: boolean): SecretSource {
  if (name !== null) return { name };
  if ("generation" in secret && !rotate) return secret;
  // None that signed lately signs again.
  const last = [secret, former].map((one) => (one !== null && "generation" in one ? one.generation : 0));
  return { generation: Math.max(...last) + 1 };
}

import type { Audit } from "../access/index.ts";
import type { SecretUse, ServerModule } from "../foreman/index.ts";
import type { Snapshot } from "../inventory/index.ts";
import type { OutsideTasks, TargetPlaces } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { Sealer } from "../secrets/index.ts";
import { deliver, type MayShow } from "./courier.ts";
import { createCouriers } from "./couriers.ts";
import { createHolds } from "./holds.ts";
import { holdRoutes } from "./hold-routes.ts";
import { createWebhookKeys } from "./keys.ts";
import { RETRY_RULES, type RetryRules, type Webhook } from "./model.ts";
import { createEventReports } from "./report.ts";
import { webhookRoutes } from "./routes.ts";
import { createSender, type Sent } from "./sender.ts";
import { createWebhookService } from "./service.ts";
import { forgetTenant, pruneDeadLetters, pruneHolds } from "./store.ts";
import type { AddressPolicy } from "./target.ts";

/** The room, wired together. */
export interface Webhooks {
  /** `events`. */
  readonly module: ServerModule;
  mount(http: HttpServer): void;
  tenantRemoved(tx: Transaction, tenantId: Id): Promise<void>;
  /** Drops dead letters, and what was held, from before a time. */
  prune(before: number): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface WebhooksParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly version: string;
  readonly secrets: SecretUse;
  readonly sealer: Pick<Sealer, "fingerprint">;
  readonly outside: OutsideTasks;
  readonly places: TargetPlaces;
  readonly policy: AddressPolicy;
  readonly rules?: RetryRules;
  readonly mayShow: MayShow;
  snapshot(tenantId: Id): Promise<Snapshot>;
  /** Where receivers reach this server. */
  url(): string;
}

export function createWebhooks(parts: WebhooksParts): Webhooks {
  const { database, clock, random } = parts;
  const keys = createWebhookKeys(parts);
  const send = createSender(parts);
  const holds = createHolds({ ...parts, keys });
  const courierParts = {
    ...parts,
    keys,
    send,
    rules: parts.rules ?? RETRY_RULES,
    chance: Math.random,
    replyTo: holds.replyTo,
  };
  const couriers = createCouriers(courierParts);

  function tryOut(webhook: Webhook): Promise<Sent> {
    const { id, tenantId, name } = webhook;
    const subject = { kind: "webhook", id };
    const event = {
      id: random.id(),
      tenantId,
      at: clock.now(),
      type: "webhook.test",
      subject,
      data: { name },
      cursor: "",
    };
    return deliver(courierParts, webhook, event, new AbortController().signal);
  }

  const service = createWebhookService({ ...parts, keys, couriers, tryOut });
  const reports = createEventReports(parts);
  return {
    module: holds.module,
    mount(http) {
      holdRoutes(http, holds, reports);
      webhookRoutes(http, service);
    },
    async tenantRemoved(tx, tenantId) {
      await forgetTenant(tx, tenantId);
    },
    async prune(before) {
      await pruneDeadLetters(database.kysely, before);
      await pruneHolds(database.kysely, before);
    },
    async start() {
      await couriers.start();
      holds.start();
    },
    async stop() {
      await holds.stop();
      await couriers.stop();
    },
  };
}

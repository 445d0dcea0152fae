import type { Migration } from "../platform/database/index.ts";

interface WebhookTable {
  id: string;
  tenant_id: string;
  name: string;
  url: string;
  filter: string;
  ca: string | null;
  secret: string;
  former: string | null;
  active: number;
  owner_id: string | null;
  owner_name: string;
  version: number;
  created_at: number;
  updated_at: number;
}

/** Apart, because it changes with every delivery. */
interface WebhookStateTable {
  webhook_id: string;
  cursor: string;
  event_id: string | null;
  attempts: number;
  next_at: number | null;
  last_error: string | null;
  delivered_at: number | null;
  /** The server that sends it, and until when without a sign of life. */
  owner: string | null;
  lease_until: number;
}

interface WebhookDeadLetterTable {
  webhook_id: string;
  event_id: string;
  event: string;
  attempts: number;
  error: string;
  gave_up_at: number;
  replay: number;
}

interface WebhookHoldTable {
  task_id: string;
  tenant_id: string;
  job_id: string;
  type: string;
  subject_id: string;
  on_timeout: string;
  created_at: number;
  expires_at: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    webhook: WebhookTable;
    webhook_state: WebhookStateTable;
    webhook_dead_letter: WebhookDeadLetterTable;
    webhook_hold: WebhookHoldTable;
  }
}

export const webhookMigrations: readonly Migration[] = [
  {
    name: "2001_webhooks",
    statements: (types) => [
      `create table webhook (
        id ${types.id} primary key,
        tenant_id ${types.id} not null,
        name ${types.text} not null,
        url ${types.text} not null,
        filter ${types.json} not null,
        ca ${types.text},
        secret ${types.json} not null,
        former ${types.json},
        active ${types.flag} not null,
        owner_id ${types.id},
        owner_name ${types.text} not null,
        version ${types.integer} not null,
        created_at ${types.time} not null,
        updated_at ${types.time} not null,
        unique (tenant_id, name)
      )${types.strict}`,
      `create table webhook_state (
        webhook_id ${types.id} primary key references webhook (id) on delete cascade,
        cursor ${types.text} not null,
        event_id ${types.id},
        attempts ${types.integer} not null,
        next_at ${types.time},
        last_error ${types.text},
        delivered_at ${types.time}
      )${types.strict}`,
      `create table webhook_dead_letter (
        webhook_id ${types.id} not null references webhook (id) on delete cascade,
        event_id ${types.id} not null,
        event ${types.json} not null,
        attempts ${types.integer} not null,
        error ${types.text} not null,
        gave_up_at ${types.time} not null,
        replay ${types.flag} not null,
        primary key (webhook_id, event_id)
      )${types.strict}`,
      "create index webhook_dead_letter_time on webhook_dead_letter (gave_up_at)",
      `create table webhook_hold (
        task_id ${types.id} primary key,
        tenant_id ${types.id} not null,
        job_id ${types.id} not null,
        type ${types.text} not null,
        subject_id ${types.id} not null,
        on_timeout ${types.text} not null,
        created_at ${types.time} not null,
        expires_at ${types.time} not null
      )${types.strict}`,
    ],
  },
  {
    name: "2002_webhook_owner",
    statements: (types) => [
      `alter table webhook_state add column owner ${types.id}`,
      `alter table webhook_state add column lease_until ${types.time} not null default 0`,
    ],
  },
];

export { createWebhooks, type Webhooks, type WebhooksParts } from "./webhooks.ts";
export { EVENTS_DESCRIPTION } from "./holds.ts";
export { ADDRESS_POLICIES, type AddressPolicy } from "./target.ts";
export type { MayShow } from "./courier.ts";
export type { RetryRules } from "./model.ts";
export { webhookMigrations } from "./tables.ts";

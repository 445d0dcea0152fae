import { serverPrincipal } from "../access/index.ts";
import type { SecretUse } from "../foreman/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { sameSecret, type Id } from "../kernel/ids.ts";
import type { Sealer } from "../secrets/index.ts";
import { WEBHOOK_INVALID } from "./errors.ts";
import type { SecretSource, Webhook } from "./model.ts";

/**
 * What requests are signed with, and what receivers answer with. Both are worked out under the tenant's data key and kept nowhere; a
 * signature may also be by a secret of the tenant.
 */
export interface WebhookKeys {
  /** The value that a webhook signs with. Errors: `secrets_locked`, `webhook_invalid`, those of opening a secret. */
  secret(webhook: Pick<Webhook, "id" | "tenantId" | "name">, source: SecretSource): Promise<string>;
  /** What a receiver shows to answer what is held; no other webhook's is the same. */
  replyToken(tenantId: Id, holdId: Id, webhookId: Id): Promise<string>;
  /** Of which hold and webhook a token would be; undefined: it is none. */
  replyOf(token: string): { readonly holdId: Id; readonly webhookId: Id } | undefined;
  /** Whether it is that. */
  isReply(tenantId: Id, token: string): Promise<boolean>;
}

const TOKEN = /^gantry_reply_([0-9a-f-]{36})\.([0-9a-f-]{36})\.[A-Za-z0-9_-]{43}$/;

export function createWebhookKeys(parts: {
  readonly sealer: Pick<Sealer, "fingerprint">;
  readonly secrets: SecretUse;
}): WebhookKeys {
  const { sealer, secrets } = parts;
  /** Opening is audited: a value is opened again when it was changed. */
  const opened = new Map<Id, { readonly version: number; readonly value: string }>();

  async function derived(tenantId: Id, what: readonly string[]): Promise<string> {
    return Buffer.from(await sealer.fingerprint(tenantId, what), "hex").toString("base64url");
  }

  async function named({ tenantId, name: webhook }: Pick<Webhook, "tenantId" | "name">, name: string): Promise<string> {
    const secret = await secrets.find(tenantId, [{ kind: "tenant", id: tenantId }], name);
    if (secret === undefined) throw new GantryError(WEBHOOK_INVALID, `the tenant has no secret '${name}'`);
    const known = opened.get(secret.id);
    if (known?.version === secret.version) return known.value;
    const value = (await secrets.open(serverPrincipal(tenantId), secret.id, { webhook })).text();
    if (value === undefined) throw new GantryError(WEBHOOK_INVALID, `the secret '${name}' is no text`);
    opened.set(secret.id, { version: secret.version, value });
    return value;
  }

  async function replyToken(tenantId: Id, holdId: Id, webhookId: Id): Promise<string> {
    return `gantry_reply_${holdId}.${webhookId}.${await derived(tenantId, ["webhook reply", holdId, webhookId])}`;
  }

  function replyOf(token: string) {
    const [, holdId, webhookId] = TOKEN.exec(token) ?? [];
    return holdId === undefined || webhookId === undefined ? undefined : { holdId, webhookId };
  }

  return {
    async secret(webhook, source) {
      if ("name" in source) return named(webhook, source.name);
      const value = await derived(webhook.tenantId, ["webhook secret", webhook.id, String(source.generation)]);
      return `gantry_webhook_${value}`;
    },
    replyToken,
    replyOf,
    async isReply(tenantId, token) {
      const of = replyOf(token);
      return of !== undefined && sameSecret(token, await replyToken(tenantId, of.holdId, of.webhookId));
    },
  };
}

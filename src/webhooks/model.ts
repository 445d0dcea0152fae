import { createHmac } from "node:crypto";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";

/** What happened, as the stream of events tells it. */
export interface ToldEvent {
  readonly id: Id;
  readonly tenantId: Id;
  readonly at: number;
  readonly type: string;
  readonly subject: { readonly kind: string; readonly id: Id };
  readonly data: Json;
  readonly cursor: string;
}

/** Which events a webhook wants; what is empty asks for nothing. */
export interface WebhookFilter {
  /** `job.finished`, or all of a room by `job.*`. */
  readonly types: readonly string[];
  /** Kinds of what something happened to: `structure`, `job`. */
  readonly subjects: readonly string[];
  /** Names of sites: what happened there or below. */
  readonly sites: readonly string[];
}

/** What requests are signed with: made by the server, or a secret of the tenant. Its value is kept in neither. */
export type SecretSource = { readonly generation: number } | { readonly name: string };

export interface Webhook {
  readonly id: Id;
  readonly tenantId: Id;
  readonly name: string;
  readonly url: string;
  readonly filter: WebhookFilter;
  /** PEM of the authority to trust instead of those of the system. */
  readonly ca: string | null;
  readonly secret: SecretSource;
  /** Signs as well, while the receiver learns of the new one. */
  readonly former: SecretSource | null;
  readonly active: boolean;
  /** Whose sight of events it has; id null: the administrator. */
  readonly owner: { readonly accountId: Id | null; readonly name: string };
  readonly version: number;
  /** Epoch milliseconds, as all times. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** How far a webhook has come. */
export interface WebhookState {
  /** Behind the last event that was delivered, given up, or passed over. */
  readonly cursor: string;
  /** The event that is tried again and again now. */
  readonly eventId: Id | null;
  /** Failed tries of it. */
  readonly attempts: number;
  readonly nextAt: number | null;
  readonly lastError: string | null;
  readonly deliveredAt: number | null;
}

/** An event that was given up. */
export interface DeadLetter {
  readonly webhookId: Id;
  readonly event: ToldEvent;
  readonly attempts: number;
  readonly error: string;
  readonly gaveUpAt: number;
  /** Somebody wants it to be sent again. */
  readonly replay: boolean;
}

/** How failures are tried again. */
export interface RetryRules {
  /** Milliseconds before the second try; doubled each time. */
  readonly first: number;
  readonly longest: number;
  /** Tries of one event. */
  readonly attempts: number;
  /** Milliseconds: an older event is tried once. */
  readonly age: number;
}

const HOUR = 60 * 60 * 1000;

export const RETRY_RULES: RetryRules = { first: 1000, longest: HOUR, attempts: 30, age: 24 * HOUR };

/** Milliseconds before the next try, after so many failed ones. `chance` in [0, 1): between half the time and all of it. */
export function retryDelay(rules: RetryRules, attempts: number, chance: number): number {
  const whole = Math.min(rules.longest, rules.first * 2 ** Math.min(attempts - 1, 40));
  return Math.round(whole * (0.5 + chance / 2));
}

/** Whether an event is tried no more after so many failed tries. */
export function isGivenUp(rules: RetryRules, attempts: number, event: Pick<ToldEvent, "at">, now: number): boolean {
  return attempts >= rules.attempts || now - event.at > rules.age;
}

/** Whether an event is of a kind that is wanted; sites are looked at elsewhere. What happens to the webhook itself never is. */
export function isWanted({ id, filter }: Pick<Webhook, "id" | "filter">, { type, subject }: ToldEvent): boolean {
  if (subject.id === id) return false;
  if (filter.subjects.length > 0 && !filter.subjects.includes(subject.kind)) return false;
  if (filter.types.length === 0) return true;
  return filter.types.some((one) => (one.endsWith(".*") ? type.startsWith(one.slice(0, -1)) : one === type));
}

/** How an answer is given to what waits for one. */
export interface Reply {
  readonly url: string;
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** What is sent of an event. */
export function bodyOf(webhook: Pick<Webhook, "name">, event: ToldEvent, reply: Reply | undefined): string {
  const { id, at, type, subject, data } = event;
  const body: JsonObject = {
    id,
    type,
    at: new Date(at).toISOString(),
    subject: { ...subject },
    data,
    webhook: webhook.name,
    ...(reply !== undefined && { reply: { ...reply, expiresAt: new Date(reply.expiresAt).toISOString() } }),
  };
  return JSON.stringify(body);
}

/** `t=1700000000,v1=HEX[,v1=HEX]`: HMAC-SHA256 of `TIMESTAMP.BODY` (seconds) by each secret. */
export function signatureOf(secrets: readonly string[], timestamp: number, body: string): string {
  const macs = secrets.map((secret) => createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex"));
  return [`t=${timestamp}`, ...macs.map((mac) => `v1=${mac}`)].join(",");
}

const TYPE = /^[a-z][a-z_]*\.([a-z][a-z_]*|\*)$/;

/** Why a webhook cannot be kept; undefined: it can. */
export function webhookProblem(draft: {
  readonly name: string;
  readonly url: string;
  readonly filter: WebhookFilter;
  readonly ca: string | null;
}): string | undefined {
  const { name, url, filter, ca } = draft;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/.test(name))
    return `the name '${name.slice(0, 80)}' must be 1 to 63 letters, digits, - and _, and begin with a letter or digit`;
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:") || url.length > 2000)
    return `the address '${url.slice(0, 80)}' must be one like https://example.org/gantry`;
  if (parsed.username !== "" || parsed.password !== "") return "the address must hold no user and no password";
  if (parsed.hash !== "") return "the address must have no part behind #";
  const wrong = filter.types.find((type) => !TYPE.test(type));
  if (wrong !== undefined)
    return `'${wrong.slice(0, 80)}' is neither a type of events, job.finished, nor all of a room, job.*`;
  const kind = filter.subjects.find((one) => !/^[a-z][a-z_]*$/.test(one));
  if (kind !== undefined) return `'${kind.slice(0, 80)}' is no kind of things, as structure or job`;
  if (ca !== null && !ca.includes("-----BEGIN CERTIFICATE-----")) return "the authority must be a certificate in PEM";
  return undefined;
}

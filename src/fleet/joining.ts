import { type Audit, type AuditDraft, type Principal, recordActor } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import { nearest } from "../kernel/nearest.ts";
import { hashSecret, JOIN_SECRET_BYTES, joinTokenText, type JoinRequest, verifyJoin } from "../link/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import {
  EXECUTOR_NAME_TAKEN,
  EXECUTOR_REVOKED,
  JOIN_SITE_CONTRADICTS,
  JOIN_TOKEN_EXPIRED,
  JOIN_TOKEN_USED,
  JOIN_TOKEN_WRONG,
  SITE_NAME_UNKNOWN,
} from "./errors.ts";
import type { ExecutorKind, ExecutorRecord, JoinTokenRecord } from "./model.ts";
import {
  deleteTokens,
  insertToken,
  type JoinTokenRow,
  revokedAt,
  saveExecutor,
  selectByFoundation,
  selectByName,
  selectExecutor,
  selectToken,
  useToken,
} from "./store.ts";

/** How executors become known: one-time tokens, of which the server keeps only the hash. */

export interface JoinTokenRequest {
  readonly tenantId: Id;
  readonly kind: ExecutorKind;
  /** What it will be called; left out: what it calls itself. */
  readonly name?: string;
  readonly foundationId?: Id;
  readonly siteId?: Id;
  /** Seconds until it is worthless. */
  readonly expiresIn: number;
}

export interface MintedToken {
  /** For lists and logs. */
  readonly id: Id;
  /** `gantry-join-…`: shown once, stored nowhere. */
  readonly token: string;
  readonly expiresAt: number;
}

export interface JoinParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** Pin of the server's authority, base64url. */
  pin(): string;
  readonly audit: Audit;
  /** The sites of a tenant, by name. Left out: there are none. */
  sites?(tenantId: Id): Promise<Sites>;
}

/** Sites as far as joining goes by them. */
export interface Sites {
  readonly names: ReadonlyMap<string, Id>;
  /** That site and those below it. */
  below(siteId: Id): readonly Id[];
}

/** Milliseconds an expired token is remembered, to say so instead of "wrong". */
const MEMORY = 7 * 24 * 60 * 60 * 1000;

/** What the audit says of a join token. */
export function tokenEntry(
  what: "created" | "revoked",
  tenantId: Id,
  id: Id,
  name: string | null,
  data: JsonObject = {},
): AuditDraft {
  return { chain: tenantId, action: `join_token.${what}`, subject: { kind: "join_token", id, name: name ?? "" }, data };
}

export async function mintToken(
  parts: JoinParts,
  request: JoinTokenRequest,
  /** Who wants it; undefined: the server, for a machine that it makes. */
  actor?: Principal,
): Promise<MintedToken> {
  const now = parts.clock.now();
  const secret = parts.random.token(JOIN_SECRET_BYTES);
  const id = parts.random.id();
  const expiresAt = now + request.expiresIn * 1000;
  await parts.database.transaction(async (tx) => {
    if (actor !== undefined) recordActor(tx, actor);
    await insertToken(tx, {
      hash: hashSecret(secret),
      id,
      tenant_id: request.tenantId,
      kind: request.kind,
      name: request.name ?? null,
      foundation_id: request.foundationId ?? null,
      site_id: request.siteId ?? null,
      expires_at: expiresAt,
    });
    await deleteTokens(tx, now - MEMORY);
    const { kind: role, siteId = null, foundationId = null } = request;
    await parts.audit.append(tx, [
      tokenEntry("created", request.tenantId, id, request.name ?? null, { role, siteId, foundationId, expiresAt }),
    ]);
  });
  return { id, token: joinTokenText({ secret, pin: parts.pin() }), expiresAt };
}

/**
 * Lets an executor in. The same token with the same key gives the same answer again, because the first may have been lost on its way.
 *
 * Errors: `join_token_wrong`, `join_token_used`, `join_token_expired`, `executor_name_taken`, `executor_revoked`, `join_site_unknown`,
 * `join_site_contradicts`.
 */
export async function admit(parts: JoinParts, request: JoinRequest): Promise<ExecutorRecord> {
  const hash = hashSecret(request.secret);
  const executorId = parts.random.id();
  const now = parts.clock.now();
  // What a token is for never changes: its sites can be looked at before anything is held.
  const promised = await selectToken(parts.database.kysely, hash);
  const sites = promised === undefined ? undefined : await parts.sites?.(promised.tenant_id);
  return parts.database.transaction(async (tx) => {
    const token = await selectToken(tx, hash);
    if (token === undefined) throw new GantryError(JOIN_TOKEN_WRONG, "there is no such join token");
    if (!verifyJoin(request.publicKey, request.secret, request.signature)) {
      throw new GantryError(JOIN_TOKEN_WRONG, "whoever joins does not hold the private key of its public key");
    }
    if ((await revokedAt(tx, request.publicKey)) !== undefined)
      throw new GantryError(EXECUTOR_REVOKED, "the key of whoever joins was revoked");
    if (token.used_at !== null) return again(tx, token, request);
    if (token.expires_at <= now)
      throw new GantryError(
        JOIN_TOKEN_EXPIRED,
        `the join token was good until ${new Date(token.expires_at).toISOString()}`,
      );
    if (token.kind !== request.kind)
      throw new GantryError(
        JOIN_TOKEN_WRONG,
        `the join token is for ${article(token.kind)}, not for ${article(request.kind)}`,
      );
    const siteId = siteOf(token, request, sites);
    const record = await recordFor(tx, { ...token, site_id: siteId }, request, executorId, now);
    if (!(await useToken(tx, hash, { at: now, key: request.publicKey, executorId: record.id }))) throw usedError(now);
    await saveExecutor(tx, record);
    await parts.audit.append(tx, [
      {
        chain: record.tenantId,
        action: "node.joined",
        subject: { kind: "node", id: record.id, name: record.name },
        data: { kind: record.kind, joinToken: token.id, siteId: record.siteId, foundationId: record.foundationId },
        // Nobody but the token vouches for it.
        actor: { kind: "anonymous", id: null, name: `join token ${token.id}` },
      },
    ]);
    return record;
  });
}

async function again(tx: Transaction, token: JoinTokenRow, request: JoinRequest): Promise<ExecutorRecord> {
  const known = token.executor_id === null ? undefined : await selectExecutor(tx, token.executor_id);
  if (token.used_key === request.publicKey && known?.publicKey === request.publicKey) return known;
  throw usedError(token.used_at ?? 0);
}

function usedError(at: number): GantryError {
  return new GantryError(JOIN_TOKEN_USED, `the join token was used at ${new Date(at).toISOString()}`);
}

/** The site it works for: the token's, or one below that it names itself. */
function siteOf(token: JoinTokenRow, { kind, site }: JoinRequest, sites: Sites | undefined): Id | null {
  if (site === undefined) return token.site_id;
  if (kind !== "worker")
    throw new GantryError(JOIN_SITE_CONTRADICTS, "an agent is where its machine is, at no site it names");
  const siteId = siteNamed(site, sites);
  if (token.site_id === null || (sites?.below(token.site_id) ?? [token.site_id]).includes(siteId)) return siteId;
  const own = [...(sites?.names ?? [])].find(([, id]) => id === token.site_id)?.[0] ?? token.site_id;
  throw new GantryError(JOIN_SITE_CONTRADICTS, `the join token is for site ${own}, and ${site} is not below it`);
}

/** Throws `join_site_unknown`, with the nearest name there is. */
export function siteNamed(name: string, sites: Sites | undefined): Id {
  const found = sites?.names.get(name);
  if (found !== undefined) return found;
  const near = nearest(name, [...(sites?.names.keys() ?? [])]);
  const meant = near === undefined ? "" : `; did you mean ${near}?`;
  throw new GantryError(SITE_NAME_UNKNOWN, `there is no site ${name}${meant}`);
}

/** A foundation has one agent: a new one takes the old one's place, and the old key is worth nothing any more. */
async function recordFor(
  tx: Transaction,
  token: JoinTokenRow,
  request: JoinRequest,
  freshId: Id,
  now: number,
): Promise<ExecutorRecord> {
  const name = token.name ?? request.name;
  const before = token.foundation_id === null ? undefined : await selectByFoundation(tx, token.foundation_id);
  const namesake = await selectByName(tx, token.tenant_id, name);
  if (namesake !== undefined && namesake.id !== before?.id) {
    throw new GantryError(EXECUTOR_NAME_TAKEN, `${article(namesake.kind)} named ${name} has joined before`);
  }
  return {
    id: before?.id ?? freshId,
    tenantId: token.tenant_id,
    kind: request.kind,
    name,
    publicKey: request.publicKey,
    foundationId: token.foundation_id,
    siteId: token.site_id,
    version: "",
    modules: {},
    facts: {},
    joinedAt: now,
    seenAt: null,
    // Whoever joins trusts what its token pins, and says so when it connects.
    pin: "",
    drainAt: null,
  };
}

function article(kind: string): string {
  return kind === "agent" ? "an agent" : "a worker";
}

/** A row as the API shows it. */
export function tokenRecord(row: JoinTokenRow, now: number): JoinTokenRecord {
  return {
    id: row.id,
    role: row.kind as ExecutorKind,
    name: row.name,
    siteId: row.site_id,
    foundationId: row.foundation_id,
    state: row.used_at !== null ? "used" : row.expires_at <= now ? "expired" : "open",
    expiresAt: row.expires_at,
    usedAt: row.used_at,
    nodeId: row.executor_id,
  };
}

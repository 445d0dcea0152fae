import { createHmac } from "node:crypto";
import { type Audit, DEFAULT_TENANT } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import {
  agentProof,
  deriveSharedKey,
  sameProof,
  serverProof,
  type SharedJoinRequest,
  verifyJoin,
} from "../link/index.ts";
import type { Database } from "../platform/database/index.ts";
import {
  EXECUTOR_NAME_TAKEN,
  EXECUTOR_REVOKED,
  SHARED_CHALLENGE_STALE,
  SHARED_KEY_OFF,
  SHARED_KEY_WRONG,
} from "./errors.ts";
import type { ExecutorRecord } from "./model.ts";
import { revokedAt, saveExecutor, selectByKey, selectByName } from "./store.ts";

/**
 * How agents become known by the key that they and the server were given (`link/shared-key.ts`). Agents alone, and of the tenant `default`: a
 * word that people chose is no reason to hand anybody the tasks of a worker.
 */

export interface SharedJoining {
  /** Errors: `shared_key_off`. */
  challenge(): { readonly challenge: string; readonly pin: string };
  /**
   * Lets an agent in. The same key pair again gives the same answer, because the first may have been lost on its way.
   *
   * Errors: `shared_key_off`, `shared_challenge_stale`, `shared_key_wrong`, `executor_revoked`, `executor_name_taken`.
   */
  admit(request: SharedJoinRequest): Promise<{ readonly record: ExecutorRecord; readonly proof: string }>;
}

interface SharedJoiningParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: Audit;
  /** Pin of the server's authority now, base64url. */
  pin(): string;
  /** Undefined: nobody joins this way. */
  readonly sharedKey: string | undefined;
}

/** Milliseconds a challenge is good: an agent on a slow machine derives its key meanwhile. */
const FRESH = 60_000;
const SECRET_BYTES = 32;

export function createSharedJoining(parts: SharedJoiningParts): SharedJoining {
  const { clock, random } = parts;
  /** Challenges are made and recognised by it, so that nothing is kept for strangers who only ask. */
  const secret = random.token(SECRET_BYTES);
  /** Challenges that somebody has joined with, until they are stale by themselves. */
  const used = new Map<string, number>();
  const keys = new Map<string, Promise<Buffer>>();

  function keyFor(sharedKey: string, pin: string): Promise<Buffer> {
    const known = keys.get(pin) ?? deriveSharedKey(sharedKey, pin);
    keys.set(pin, known);
    return known;
  }

  function sealOf(time: string, pin: string, nonce: string): string {
    return createHmac("sha256", secret).update(`${time}.${pin}.${nonce}`).digest("base64url");
  }

  /** The pin it was made with. Throws `shared_challenge_stale`. */
  function pinOfChallenge(challenge: string): string {
    const [time = "", nonce = "", seal = ""] = challenge.split(".");
    const pin = parts.pin();
    const age = clock.now() - Number.parseInt(time, 36);
    const fresh = age >= 0 && age <= FRESH && !used.has(challenge);
    if (!fresh || !sameProof(seal, sealOf(time, pin, nonce)))
      throw new GantryError(SHARED_CHALLENGE_STALE, "the challenge is too old, was used, or is not of this server");
    return pin;
  }

  function use(challenge: string): void {
    const now = clock.now();
    for (const [one, at] of used) if (now - at > FRESH) used.delete(one);
    used.set(challenge, now);
  }

  function required(): string {
    if (parts.sharedKey === undefined) throw new GantryError(SHARED_KEY_OFF, "this server was given no shared key");
    return parts.sharedKey;
  }

  return {
    challenge() {
      required();
      const time = clock.now().toString(36);
      const nonce = random.token(16);
      const pin = parts.pin();
      return { challenge: `${time}.${nonce}.${sealOf(time, pin, nonce)}`, pin };
    },

    async admit(request) {
      const sharedKey = required();
      const { challenge, nonce, publicKey, name } = request;
      const pin = pinOfChallenge(challenge);
      const key = await keyFor(sharedKey, pin);
      const said = { pin, challenge, nonce, publicKey, name };
      if (!sameProof(request.proof, agentProof(key, said)))
        throw new GantryError(SHARED_KEY_WRONG, `${name} does not have the shared key of this server`);
      if (!verifyJoin(publicKey, challenge, request.signature))
        throw new GantryError(SHARED_KEY_WRONG, "whoever joins does not hold the private key of its public key");
      // Looked at again: two may have come with it while the key was derived.
      pinOfChallenge(challenge);
      use(challenge);
      const record = await enter(parts, publicKey, name);
      return { record, proof: serverProof(key, said, record.id) };
    },
  };
}

function enter({ database, random, clock, audit }: SharedJoiningParts, publicKey: string, name: string) {
  const tenantId = DEFAULT_TENANT.id;
  const fresh: ExecutorRecord = {
    id: random.id(),
    tenantId,
    kind: "agent",
    name,
    publicKey,
    foundationId: null,
    siteId: null,
    version: "",
    modules: {},
    facts: {},
    joinedAt: clock.now(),
    seenAt: null,
    pin: "",
    drainAt: null,
  };
  return database.transaction(async (tx) => {
    if ((await revokedAt(tx, publicKey)) !== undefined)
      throw new GantryError(EXECUTOR_REVOKED, "the key of whoever joins was revoked");
    const known = await selectByKey(tx, publicKey);
    if (known !== undefined && known.tenantId === tenantId && known.kind === "agent") return known;
    if (known !== undefined || (await selectByName(tx, tenantId, name)) !== undefined)
      throw new GantryError(EXECUTOR_NAME_TAKEN, `a node named ${name} has joined before, with another key`);
    await saveExecutor(tx, fresh);
    await audit.append(tx, [
      {
        chain: tenantId,
        action: "node.joined",
        subject: { kind: "node", id: fresh.id, name },
        data: { kind: "agent", sharedKey: true },
        // Nobody but the key vouches for it.
        actor: { kind: "anonymous", id: null, name: "shared key" },
      },
    ]);
    return fresh;
  });
}

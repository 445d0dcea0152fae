import { createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { z } from "zod";

/**
 * A key that the server and its agents were both given: the simplest way to join. It is never sent. Each end proves that it has it by an HMAC over
 * what both have said, and over the authority that the connection's certificate comes from: whoever sits between with another certificate gets
 * a proof that is worth nothing elsewhere. Such a one may still try words against it at its leisure; scrypt makes each try cost.
 *
 * The agent proves first, and the server answers only who is right. So a stranger learns nothing by asking.
 */

/** Cost of one derivation: 32 MB of memory, some tens of milliseconds. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const KEY_BYTES = 32;
const NONCE_BYTES = 24;
/** Shorter ones are found by trying. */
export const SHORT_KEY = 16;

const derive = promisify(scrypt) as (
  secret: string,
  salt: string,
  bytes: number,
  options: typeof SCRYPT,
) => Promise<Buffer>;

/** What the agent posts to `/v1/link/join/shared`. */
export const sharedJoinRequest = z.strictObject({
  name: z.string().min(1).max(253),
  /** SPKI, DER, base64. */
  publicKey: z.string().min(1).max(200),
  /** Of the server, from its challenge. */
  challenge: z.string().min(16).max(200),
  /** The agent's own. */
  nonce: z.string().min(16).max(100),
  /** See `agentProof`. */
  proof: z.string().min(1).max(100),
  /** See `signJoin`, over the challenge: whoever joins holds the private key. */
  signature: z.string().min(1).max(200),
});
export type SharedJoinRequest = z.output<typeof sharedJoinRequest>;

/** What the server says before: a nonce of its own, and by which authority it is to be known. */
export const sharedChallenge = z.object({ challenge: z.string().min(16).max(200), pin: z.string().min(43).max(43) });

export const sharedJoinAnswer = z.object({
  id: z.string().min(1).max(64),
  name: z.string().min(1).max(253),
  /** See `serverProof`. */
  proof: z.string().min(1).max(100),
});

/** What both ends have said. */
export interface Said {
  /** Pin of the authority that vouches for the connection, base64url. */
  readonly pin: string;
  readonly challenge: string;
  readonly nonce: string;
  readonly publicKey: string;
  readonly name: string;
}

/** What proofs are made with. The pin is the salt: what was tried against one server is worth nothing against another. */
export function deriveSharedKey(secret: string, pin: string): Promise<Buffer> {
  return derive(secret, `gantry shared key 1:${pin}`, KEY_BYTES, SCRYPT);
}

export function newNonce(): string {
  return randomBytes(NONCE_BYTES).toString("base64url");
}

export function agentProof(key: Buffer, said: Said): string {
  return mac(key, "agent", said);
}

/** Another word stands in front, so that the agent's own proof, sent back to it, proves nothing. */
export function serverProof(key: Buffer, said: Said, id: string): string {
  return mac(key, "server", said, id);
}

export function sameProof(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function mac(key: Buffer, who: "agent" | "server", said: Said, id = ""): string {
  const { pin, challenge, nonce, publicKey, name } = said;
  return createHmac("sha256", key)
    .update(JSON.stringify(["gantry shared key 1", who, pin, challenge, nonce, publicKey, name, id]))
    .digest("base64url");
}

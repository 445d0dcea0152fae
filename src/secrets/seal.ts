import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  timingSafeEqual,
  type KeyObject,
} from "node:crypto";
import type { Random } from "../kernel/ids.ts";

/**
 * Sealing: AES-256-GCM with a random nonce of 96 bits. Sealed bytes are
 *
 *     1 byte   version of this format
 *     4 bytes  generation of the key, big-endian
 *     12 bytes nonce
 *     16 bytes tag
 *     the rest ciphertext
 *
 * The first five bytes and the context (whose it is, and what) are authenticated with the value, so that it opens nowhere else.
 */

export const KEY_BYTES = 32;
const FORMAT = 1;
const HEAD = 5;
const NONCE = 12;
const TAG = 16;
const OVERHEAD = HEAD + NONCE + TAG;
const CIPHER = "aes-256-gcm";

/**
 * A key of 32 bytes. As an object of OpenSSL's it is three times as fast as its bytes, which are made such an object each time, and it is not
 * in the memory of JavaScript.
 */
export type SealingKey = KeyObject | Uint8Array;

/** Makes a key of bytes, and wipes these. */
export function sealingKey(bytes: Uint8Array): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/** What a sealed value is bound to. Two contexts are the same only when all their parts are. */
export type SealContext = readonly string[];

/** A sealed value that does not open: another key, another context, or changed bytes. Which one cannot be told. */
export class NotSealedHere extends Error {}

/** `generation`: a number the opener finds the key by; 0 where there is only one. */
export function seal(
  key: SealingKey,
  generation: number,
  bytes: Uint8Array,
  context: SealContext,
  random: Random,
): Buffer {
  const sealed = Buffer.allocUnsafe(OVERHEAD + bytes.length);
  sealed[0] = FORMAT;
  sealed.writeUInt32BE(generation, 1);
  const nonce = Buffer.from(random.token(NONCE), "base64url");
  nonce.copy(sealed, HEAD);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG });
  cipher.setAAD(boundTo(sealed.subarray(0, HEAD), context));
  // GCM gives as many bytes as it is given, and nothing at its end.
  cipher.update(bytes).copy(sealed, OVERHEAD);
  cipher.final();
  cipher.getAuthTag().copy(sealed, HEAD + NONCE);
  return sealed;
}

/** Throws `NotSealedHere`. */
export function open(key: SealingKey, sealed: Uint8Array, context: SealContext): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < OVERHEAD || bytes[0] !== FORMAT) throw new NotSealedHere("the bytes are not sealed");
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(HEAD, HEAD + NONCE), { authTagLength: TAG });
  decipher.setAAD(boundTo(bytes.subarray(0, HEAD), context));
  decipher.setAuthTag(bytes.subarray(HEAD + NONCE, OVERHEAD));
  const opened = decipher.update(bytes.subarray(OVERHEAD));
  try {
    decipher.final();
  } catch {
    opened.fill(0);
    throw new NotSealedHere("the bytes were not sealed with this key in this context");
  }
  return opened;
}

/** The generation of the key that sealed the bytes. Throws `NotSealedHere`. */
export function generationOf(sealed: Uint8Array): number {
  if (sealed.length < OVERHEAD || sealed[0] !== FORMAT) throw new NotSealedHere("the bytes are not sealed");
  return Buffer.from(sealed.buffer, sealed.byteOffset, HEAD).readUInt32BE(1);
}

/** Each part behind its length, so that no two contexts look the same. */
function boundTo(head: Buffer, context: SealContext): Buffer {
  const parts: Buffer[] = [head];
  for (const part of context) {
    const text = Buffer.from(part, "utf8");
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(text.length);
    parts.push(length, text);
  }
  return Buffer.concat(parts);
}

/** The name of a key, which tells nothing of it: another key has another name. */
export function keyName(key: SealingKey): string {
  return createHmac("sha256", key).update("gantry key name").digest("hex").slice(0, 16);
}

/** A key for something else, made from a key. */
export function derivedKey(key: SealingKey, purpose: string): Buffer {
  return createHmac("sha256", key).update(`gantry derived key: ${purpose}`).digest();
}

/** What is wrapped for a data key: the key, and what says whose it is, so that wrapped keys cannot be exchanged in the database. */
export function packed(key: Uint8Array, tenantId: string, generation: number): Buffer {
  return Buffer.concat([key, belonging(tenantId, generation)]);
}

/** The data key of what was unwrapped. Throws `NotSealedHere` when it is another's. */
export function unpacked(bytes: Uint8Array, tenantId: string, generation: number): Buffer {
  const expected = belonging(tenantId, generation);
  const given = Buffer.from(bytes);
  if (given.length !== KEY_BYTES + expected.length || !timingSafeEqual(given.subarray(KEY_BYTES), expected))
    throw new NotSealedHere("the data key is that of another tenant or generation");
  return given.subarray(0, KEY_BYTES);
}

function belonging(tenantId: string, generation: number): Buffer {
  return createHash("sha256").update(`gantry data key\n${tenantId}\n${generation}`).digest();
}

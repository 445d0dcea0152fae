import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { GantryError } from "../kernel/errors.ts";
import { JOIN_TOKEN_MALFORMED } from "./errors.ts";

/**
 * Who an executor is: an Ed25519 key of its own, made on its machine, that never leaves it. The server knows the public half.
 * TLS says who the server is; a signed challenge inside it says who the executor is, because client certificates die at proxies.
 */

export interface KeyPair {
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  /** SPKI, DER, base64. */
  readonly publicKey: string;
}

export function createKeyPair(): KeyPair {
  const pair = generateKeyPairSync("ed25519");
  return {
    privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    publicKey: pair.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  };
}

/** What an executor signs to be let in. It binds the proof to this challenge, this server and this executor. */
export interface Challenge {
  readonly nonce: string;
  /** Pin of the certificate authority the executor verified the server with. */
  readonly pin: string;
  readonly executor: string;
}

export function signChallenge(privateKey: string, challenge: Challenge): string {
  return sign(null, challengeBytes(challenge), createPrivateKey(privateKey)).toString("base64");
}

/** False for a wrong signature, and for a key or a signature that is no such thing. */
export function verifyChallenge(publicKey: string, challenge: Challenge, signature: string): boolean {
  return verifyBytes(publicKey, challengeBytes(challenge), signature);
}

function challengeBytes(challenge: Challenge): Buffer {
  return Buffer.from(JSON.stringify(["gantry link proof 1", challenge.nonce, challenge.pin, challenge.executor]));
}

/** Shows, when joining, that whoever sends a public key holds its private half. */
export function signJoin(privateKey: string, tokenSecret: string): string {
  return sign(null, joinBytes(tokenSecret), createPrivateKey(privateKey)).toString("base64");
}

export function verifyJoin(publicKey: string, tokenSecret: string, signature: string): boolean {
  return verifyBytes(publicKey, joinBytes(tokenSecret), signature);
}

function joinBytes(tokenSecret: string): Buffer {
  return Buffer.from(JSON.stringify(["gantry join 1", tokenSecret]));
}

/** Also for requests of a joined executor outside a connection: content, runtime. */
export function signRequest(privateKey: string, request: { executor: string; time: number; path: string }): string {
  return sign(null, requestBytes(request), createPrivateKey(privateKey)).toString("base64");
}

export function verifyRequest(
  publicKey: string,
  request: { executor: string; time: number; path: string },
  signature: string,
): boolean {
  return verifyBytes(publicKey, requestBytes(request), signature);
}

/** Header of a request an executor signed: `executor.time.signature`. */
export const EXECUTOR_HEADER = "gantry-executor";

export interface RequestProof {
  readonly executor: string;
  /** Epoch milliseconds by the executor's clock. */
  readonly time: number;
  readonly signature: string;
}

export function requestProofText(proof: RequestProof): string {
  return `${proof.executor}.${proof.time}.${proof.signature}`;
}

export function parseRequestProof(header: string | readonly string[] | undefined): RequestProof | undefined {
  const match =
    typeof header === "string" ? /^([A-Za-z0-9-]{1,64})\.(\d{1,16})\.([A-Za-z0-9+/=]{1,200})$/.exec(header) : null;
  if (match === null) return undefined;
  const [, executor = "", time = "", signature = ""] = match;
  return { executor, time: Number(time), signature };
}

function requestBytes(request: { executor: string; time: number; path: string }): Buffer {
  return Buffer.from(JSON.stringify(["gantry link request 1", request.executor, request.time, request.path]));
}

function verifyBytes(publicKey: string, data: Buffer, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" && verify(null, data, key, Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}

/** SHA-256 over the DER form of a PEM certificate, base64url: what a join token pins. */
export function pinOf(certificate: string): string {
  return createHash("sha256").update(new X509Certificate(certificate).raw).digest("base64url");
}

const PREFIX = "gantry-join-";
/** 18 random bytes and a SHA-256, base64url. The dot is in neither. */
const TOKEN = /^gantry-join-([A-Za-z0-9_-]{24})\.([A-Za-z0-9_-]{43})$/;

/** Random bytes in the secret of a join token. */
export const JOIN_SECRET_BYTES = 18;

export interface JoinToken {
  /** What the server recognises the token by; it keeps only the hash. */
  readonly secret: string;
  /** Pin of the server's certificate authority. */
  readonly pin: string;
}

export function joinTokenText(token: JoinToken): string {
  return `${PREFIX}${token.secret}.${token.pin}`;
}

/** Throws `join_token_malformed`. The message never repeats the text: it may be most of a secret. */
export function parseJoinToken(text: string): JoinToken {
  const match = TOKEN.exec(text.trim());
  if (match === null) {
    const what = text.trim().startsWith(PREFIX)
      ? "is cut short or has characters too many"
      : `does not begin with ${PREFIX}`;
    throw new GantryError(JOIN_TOKEN_MALFORMED, `the join token ${what}`);
  }
  return { secret: match[1] as string, pin: match[2] as string };
}

/** How the server stores and looks up a token's secret. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

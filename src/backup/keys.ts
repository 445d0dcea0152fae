import { createHmac, hkdfSync, scrypt, timingSafeEqual } from "node:crypto";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { BACKUP_KEY_UNUSABLE, BACKUP_KEY_WRONG } from "./errors.ts";
import type { BackupKey, Header } from "./model.ts";

/** Keys of one backup: every backup has its own, also those made with the same passphrase or the same key file. */
export interface ArchiveKeys {
  /** 32 bytes, for AES-256-GCM. */
  readonly seal: Buffer;
  /** 32 bytes, for HMAC-SHA-256 of the header. */
  readonly check: Buffer;
}

const derive = promisify(scrypt) as (
  passphrase: string,
  salt: Buffer,
  bytes: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>;

/** What a key is derived with: about a third of a second, and 128 MB (OWASP's advice for scrypt). */
export const SCRYPT = { n: 2 ** 17, r: 8, p: 1 } as const;

const KEY_BYTES = 32;
const [SHORTEST, LONGEST] = [8, 1024];

/** Errors: `backup_key_wrong` when the header asks for the other kind of key. */
export async function keysOf(key: BackupKey, header: Header): Promise<ArchiveKeys> {
  const salt = Buffer.from(header.salt, "base64url");
  if ((header.scrypt === null) !== (key.kind === "key")) {
    const [is, given] = header.scrypt === null ? ["a key file", "a passphrase"] : ["a passphrase", "a key file"];
    throw new GantryError(BACKUP_KEY_WRONG, `the backup is sealed with ${is}, and ${given} was given`);
  }
  const secret = key.kind === "key" ? key.key : await stretched(key.passphrase, salt, header.scrypt ?? SCRYPT);
  const bytes = (use: string): Buffer => Buffer.from(hkdfSync("sha256", secret, salt, `gantry backup ${use}`, 32));
  return { seal: bytes("seal"), check: bytes("check") };
}

function stretched(passphrase: string, salt: Buffer, { n, r, p }: { n: number; r: number; p: number }) {
  return derive(passphrase.normalize("NFC"), salt, KEY_BYTES, { N: n, r, p, maxmem: 256 * n * r });
}

/** The third line of the file. */
export function checkOf({ check }: ArchiveKeys, headLines: string): string {
  return createHmac("sha256", check).update(headLines).digest("base64url");
}

export function isCheck(keys: ArchiveKeys, headLines: string, given: string): boolean {
  const [right, found] = [checkOf(keys, headLines), given].map((text) => Buffer.from(text));
  return right!.length === found!.length && timingSafeEqual(right!, found!);
}

/** Errors: `backup_key_unusable`. */
export function passphraseKey(text: string): BackupKey {
  if (text.length < SHORTEST || text.length > LONGEST || text.includes("\n"))
    throw new GantryError(BACKUP_KEY_UNUSABLE, "the passphrase has not 8 to 1,024 characters on one line");
  return { kind: "passphrase", passphrase: text };
}

/** Errors: `backup_key_unusable`. */
export function fileKey(bytes: Uint8Array): BackupKey {
  if (bytes.length !== KEY_BYTES)
    throw new GantryError(BACKUP_KEY_UNUSABLE, `the key has ${bytes.length} bytes, not ${KEY_BYTES}`);
  return { kind: "key", key: bytes };
}

/** The key out of a file that only its owner may read. Exactly one is named. Errors: `backup_key_unusable`. */
export async function readKey(files: {
  readonly passphraseFile?: string | undefined;
  readonly keyFile?: string | undefined;
}): Promise<BackupKey> {
  const { passphraseFile, keyFile } = files;
  if ((passphraseFile === undefined) === (keyFile === undefined))
    throw new GantryError(BACKUP_KEY_UNUSABLE, "name one of --passphrase-file and --key-file");
  if (keyFile !== undefined) return fileKey(await privateBytes(keyFile));
  // A file is read with its last line break.
  return passphraseKey((await privateBytes(passphraseFile!)).toString("utf8").replace(/\r?\n$/, ""));
}

async function privateBytes(path: string): Promise<Buffer> {
  try {
    const file = await open(path, "r");
    try {
      const found = await file.stat();
      if (!found.isFile() || found.size > 4 * LONGEST)
        throw new GantryError(BACKUP_KEY_UNUSABLE, `${path} is no file with a passphrase or a key`);
      if ((found.mode & 0o077) !== 0)
        throw new GantryError(BACKUP_KEY_UNUSABLE, `${path} may be read by others than its owner`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof GantryError) throw cause;
    throw new GantryError(BACKUP_KEY_UNUSABLE, `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

import { createCipheriv, createHmac, pbkdf2Sync } from "node:crypto";

/**
 * Ansible Vault, format 1.1: PBKDF2-SHA256 makes a key for AES-256-CTR, one for HMAC-SHA256 and the counter's start of password and salt.
 * After the description in Ansible's documentation ("Ansible Vault payload format 1.1 - 1.2"). Pure.
 */
export const VAULT_ITERATIONS = 10_000;
export const VAULT_SALT = 32;

const HEADER = "$ANSIBLE_VAULT;1.1;AES256";
const KEY = 32;
const BLOCK = 16;
const LINE = 80;

/** @param salt 32 random bytes, new for each value */
export function vaultText(value: Uint8Array, password: Uint8Array, salt: Uint8Array): string {
  const derived = pbkdf2Sync(password, salt, VAULT_ITERATIONS, 2 * KEY + BLOCK, "sha256");
  const [cipherKey, hashKey, counter] = [
    derived.subarray(0, KEY),
    derived.subarray(KEY, 2 * KEY),
    derived.subarray(2 * KEY),
  ];
  const cipher = createCipheriv("aes-256-ctr", cipherKey, counter);
  // The counter mode needs no padding; the format has it all the same.
  const left = BLOCK - (value.length % BLOCK);
  const sealed = Buffer.concat([cipher.update(value), cipher.update(Buffer.alloc(left, left)), cipher.final()]);
  const hash = createHmac("sha256", hashKey).update(sealed).digest("hex");
  const body = [Buffer.from(salt).toString("hex"), hash, sealed.toString("hex")].join("\n");
  const lines =
    Buffer.from(body)
      .toString("hex")
      .match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return `${[HEADER, ...lines].join("\n")}\n`;
}

import { GantryError } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import { MASTER_KEY_INVALID, MASTER_KEY_UNREACHABLE } from "./errors.ts";
import { keyOf, localKey, type KeyProvider, type MasterKey } from "./master-key.ts";
import { sourceText, type KeySource } from "./source.ts";
import type { Vault } from "./vault.ts";

/** A key of the transit engine: Vault wraps and unwraps, the key never leaves it. New versions of the key are Vault's matter. */
export function transitKeys(source: Extract<KeySource, { kind: "vault-transit" }>, vault: Vault): KeyProvider {
  const { mount, key: name } = source;
  const key: MasterKey = {
    id: `transit/${mount}/${name}`,
    async wrap(bytes) {
      const data = dataOf(
        await vault.ask("POST", `${mount}/encrypt/${name}`, { plaintext: Buffer.from(bytes).toString("base64") }),
      );
      return Buffer.from(textIn(data, "ciphertext"), "utf8");
    },
    async unwrap(bytes) {
      const ciphertext = Buffer.from(bytes).toString("utf8");
      if (!/^vault:v\d+:[A-Za-z0-9+/=]+$/.test(ciphertext))
        throw new GantryError(MASTER_KEY_INVALID, "the data key was not wrapped by Vault");
      const data = dataOf(await vault.ask("POST", `${mount}/decrypt/${name}`, { ciphertext }));
      return Buffer.from(textIn(data, "plaintext"), "base64");
    },
  };
  return {
    source: sourceText(source),
    keys: async () => [key],
    first: async () => key,
    next: async () => key,
    settle: async () => undefined,
    close: () => vault.close(),
  };
}

/** How many versions back a key is looked for. */
const MOST_VERSIONS = 10;

/** A key in a field of the KV engine, version 2: read, then used here. Going over to a new key: it is put there as a new version. */
export function kvKeys(source: Extract<KeySource, { kind: "vault-kv" }>, vault: Vault, random: Random): KeyProvider {
  const { mount, path, field } = source;

  async function read(version?: number): Promise<{ readonly key: MasterKey; readonly version: number }> {
    const asked = `${mount}/data/${path}${version === undefined ? "" : `?version=${version}`}`;
    const { data, metadata } = dataOf(await vault.ask("GET", asked));
    const found = Number(isJsonObject(metadata) ? metadata["version"] : Number.NaN);
    const text = textIn(isJsonObject(data) ? data : {}, field);
    return { key: localKey(keyOf(text, `the field '${field}' of ${mount}/${path}`), random), version: found };
  }

  return {
    source: sourceText(source),
    async keys(wanted) {
      const latest = await read();
      const keys = [latest.key];
      const last = Math.max(1, latest.version - MOST_VERSIONS);
      for (let version = latest.version - 1; wanted !== undefined && version >= last; version -= 1) {
        if (keys.at(-1)!.id === wanted) break;
        // A version that was deleted is passed over.
        const older = await read(version).catch(() => undefined);
        if (older !== undefined) keys.push(older.key);
      }
      return keys;
    },
    first: async () => (await read()).key,
    next: async () => (await read()).key,
    settle: async () => undefined,
    close: () => vault.close(),
  };
}

function dataOf(answer: JsonObject): JsonObject {
  const { data } = answer;
  if (isJsonObject(data)) return data;
  throw new GantryError(MASTER_KEY_UNREACHABLE, "Vault answers with something that holds no data");
}

function textIn(data: JsonObject, member: string): string {
  const value = data[member];
  if (typeof value === "string") return value;
  throw new GantryError(MASTER_KEY_INVALID, `Vault has no text in '${member}'`);
}

import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import type { Logger } from "../platform/logging/index.ts";
import { readPrivateFile } from "../platform/files/index.ts";
import { ask, objectOf, serverUrl, type Answered, type KeyServer } from "./ask.ts";
import { MASTER_KEY_SOURCE_INVALID, MASTER_KEY_UNREACHABLE } from "./errors.ts";

/**
 * Vault and OpenBao by their HTTP API: who we are (a token, or AppRole), and asking. Source: Vault's public API documentation (auth/token,
 * auth/approle, secret/transit, secret/kv/kv-v2), which OpenBao shares.
 */

export interface VaultSettings extends KeyServer {
  /** Path of a file with a token. */
  readonly tokenFile: string | null;
  readonly roleId: string | null;
  /** Path of a file with the secret id of the role. */
  readonly secretIdFile: string | null;
  /** Vault Enterprise, OpenBao: the namespace. */
  readonly namespace: string | null;
}

export interface Vault {
  /** Asks for a path below `/v1/`; says who we are, once more when that is not believed any more. Errors: `master_key_unreachable`. */
  ask(method: "GET" | "POST", path: string, body?: JsonObject): Promise<JsonObject>;
  close(): void;
}

export interface VaultParts {
  readonly settings: VaultSettings;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Lease {
  readonly token: string;
  /** Seconds; 0: without end. */
  readonly seconds: number;
  readonly renewable: boolean;
}

/** A lease is renewed after this part of it. */
const RENEW_AFTER = 2 / 3;
const LONGEST_FILE = 16 * 1024;

/** Errors: `master_key_source_invalid`. */
export function createVault({ settings, clock, log }: VaultParts): Vault {
  const origin = serverUrl(settings.url, "vault_address").origin;
  if (settings.tokenFile === null && (settings.roleId === null || settings.secretIdFile === null))
    throw new GantryError(
      MASTER_KEY_SOURCE_INVALID,
      "Vault asks who we are: set vault_token_file, or vault_role_id and vault_secret_id_file",
    );
  let lease: Promise<Lease> | undefined;
  let cancelRenewal = (): void => {};
  let closed = false;

  function send(method: "GET" | "POST", path: string, token: string | null, body?: JsonObject): Promise<Answered> {
    const headers: Record<string, string> = { "x-vault-request": "true" };
    if (token !== null) headers["x-vault-token"] = token;
    if (settings.namespace !== null) headers["x-vault-namespace"] = settings.namespace;
    return ask(settings, { method, path: `/v1/${path}`, headers, ...(body !== undefined && { body }) });
  }

  async function secretIn(file: string): Promise<string> {
    return (await readPrivateFile(file, LONGEST_FILE)).toString("utf8").trim();
  }

  async function login(): Promise<Lease> {
    const { tokenFile, roleId, secretIdFile } = settings;
    if (tokenFile !== null) {
      const token = await secretIn(tokenFile);
      const { data } = understood(await send("GET", "auth/token/lookup-self", token), "the token is not let in");
      const known = isJsonObject(data) ? data : {};
      return { token, seconds: Number(known["ttl"] ?? 0), renewable: known["renewable"] === true };
    }
    const body = { role_id: roleId ?? "", secret_id: await secretIn(secretIdFile ?? "") };
    const { auth } = understood(await send("POST", "auth/approle/login", null, body), "AppRole is not let in");
    return leaseOf(auth);
  }

  function leaseOf(auth: unknown): Lease {
    const given = isJsonObject(auth as JsonObject) ? (auth as JsonObject) : {};
    const token = given["client_token"];
    if (typeof token !== "string") throw lost("answers a login without a token");
    return { token, seconds: Number(given["lease_duration"] ?? 0), renewable: given["renewable"] === true };
  }

  function current(): Promise<Lease> {
    lease ??= login().then(
      (found) => {
        renewLater(found);
        return found;
      },
      (error: unknown) => {
        lease = undefined;
        throw error;
      },
    );
    return lease;
  }

  function renewLater(held: Lease): void {
    cancelRenewal();
    if (closed || !held.renewable || held.seconds <= 0) return;
    cancelRenewal = clock.after(held.seconds * 1000 * RENEW_AFTER, () => {
      renew(held).catch(() => {
        // Who asks next logs in again.
        lease = undefined;
        log.warn({ server: origin }, "the token of vault could not be renewed");
      });
    });
  }

  async function renew(held: Lease): Promise<void> {
    const answer = await send("POST", "auth/token/renew-self", held.token, {});
    const renewed = leaseOf(understood(answer, "the token is not renewed")["auth"]);
    lease = Promise.resolve(renewed);
    renewLater(renewed);
  }

  /** The body of a good answer. */
  function understood(answer: Answered, refused: string): JsonObject {
    const body = objectOf(answer.bytes);
    if (answer.status === 200 && body !== undefined) return body;
    if (answer.status === 204) return {};
    const errors = Array.isArray(body?.["errors"]) ? body["errors"].map(String).join("; ").slice(0, 300) : "";
    const why = answer.status === 400 || answer.status === 403 ? `${refused}: ` : "";
    throw lost(`${why}answers ${answer.status}${errors === "" ? "" : ` (${errors.trim()})`}`);
  }

  function lost(why: string): GantryError {
    return new GantryError(MASTER_KEY_UNREACHABLE, `Vault at ${origin}: ${why}`);
  }

  return {
    async ask(method, path, body) {
      const held = current();
      const answer = await send(method, path, (await held).token, body);
      if (answer.status !== 403) return understood(answer, path);
      // The token may have ended, or been exchanged in its file.
      if (lease === held) lease = undefined;
      return understood(await send(method, path, (await current()).token, body), path);
    },
    close() {
      closed = true;
      cancelRenewal();
    },
  };
}

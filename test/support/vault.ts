import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";

/**
 * An emulator of the parts of Vault (and OpenBao) that Gantry uses, written after Vault's public API documentation: auth/token (lookup-self,
 * renew-self), auth/approle (login), secret/transit (encrypt, decrypt, key versions) and secret/kv/kv-v2 (read a version). It is not Vault.
 */
export interface VaultEmulator {
  readonly url: string;
  /** Tokens that are let in; with the seconds they live, 0: for ever. */
  readonly tokens: Map<string, { seconds: number; renewable: boolean }>;
  /** AppRole: secret ids by role id. */
  readonly roles: Map<string, string>;
  /** How long the token of a login lives, in seconds. */
  leaseSeconds: number;
  /** KV: versions of what a path holds, the first being version 1; null: deleted. By `mount/path`. */
  readonly values: Map<string, (Readonly<Record<string, string>> | null)[]>;
  /** A new version of a key of the transit engine. */
  rotate(mount: string, key: string): void;
  /** Versions below are not decrypted any more. */
  forget(mount: string, key: string, below: number): void;
  /** What was asked: `POST auth/approle/login`. */
  readonly asked: string[];
  /** Sealed: every answer is 503, as Vault's is. */
  sealed: boolean;
  close(): Promise<void>;
}

interface TransitKey {
  readonly versions: Buffer[];
  least: number;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const denied: Answer = { status: 403, body: { errors: ["permission denied"] } };

/** `tls`: with this certificate and key, PEM. */
export async function startVault(tls?: { readonly cert: string; readonly key: string }): Promise<VaultEmulator> {
  const keys = new Map<string, TransitKey>();

  function transitKey(name: string): TransitKey {
    const key = keys.get(name) ?? { versions: [randomBytes(32)], least: 1 };
    keys.set(name, key);
    return key;
  }

  function login(body: Record<string, unknown>): Answer {
    const { role_id: role, secret_id: secret } = body;
    if (typeof role !== "string" || vault.roles.get(role) !== secret)
      return { status: 400, body: { errors: ["invalid role or secret ID"] } };
    const token = `hvs.${randomUUID()}`;
    vault.tokens.set(token, { seconds: vault.leaseSeconds, renewable: true });
    return authOf(token);
  }

  function authOf(token: string): Answer {
    const { seconds, renewable } = vault.tokens.get(token)!;
    return { status: 200, body: { data: null, auth: { client_token: token, lease_duration: seconds, renewable } } };
  }

  function encrypt(name: string, body: Record<string, unknown>): Answer {
    const { versions } = transitKey(name);
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", versions.at(-1)!, nonce);
    const text = Buffer.concat([cipher.update(Buffer.from(String(body["plaintext"]), "base64")), cipher.final()]);
    const bytes = Buffer.concat([nonce, text, cipher.getAuthTag()]).toString("base64");
    return { status: 200, body: { data: { ciphertext: `vault:v${versions.length}:${bytes}` } } };
  }

  function decrypt(name: string, body: Record<string, unknown>): Answer {
    const { versions, least } = transitKey(name);
    const [, version = "0", text = ""] = /^vault:v(\d+):(.+)$/.exec(String(body["ciphertext"])) ?? [];
    const key = versions[Number(version) - 1];
    if (key === undefined || Number(version) < least)
      return { status: 400, body: { errors: ["ciphertext or signature version is disallowed by policy (too old)"] } };
    const bytes = Buffer.from(text, "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(-16));
      const plain = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      return { status: 200, body: { data: { plaintext: plain.toString("base64") } } };
    } catch {
      return { status: 400, body: { errors: ["cipher: message authentication failed"] } };
    }
  }

  function read(mount: string, path: string, asked: string | null): Answer {
    const versions = vault.values.get(`${mount}/${path}`);
    const version = asked === null || asked === "0" ? (versions?.length ?? 0) : Number(asked);
    const data = versions?.[version - 1];
    if (data === undefined) return { status: 404, body: { errors: [] } };
    const metadata = { version, destroyed: false, deletion_time: data === null ? "2026-01-01T00:00:00Z" : "" };
    return { status: data === null ? 404 : 200, body: { data: { data, metadata } } };
  }

  function answerTo(method: string, url: URL, token: string, body: Record<string, unknown>): Answer {
    const path = url.pathname.replace(/^\/v1\//, "");
    vault.asked.push(`${method} ${path}`);
    if (vault.sealed) return { status: 503, body: { errors: ["Vault is sealed"] } };
    if (method === "POST" && path === "auth/approle/login") return login(body);
    const held = vault.tokens.get(token);
    if (held === undefined) return denied;
    if (method === "GET" && path === "auth/token/lookup-self")
      return { status: 200, body: { data: { ttl: held.seconds, renewable: held.renewable } } };
    if (method === "POST" && path === "auth/token/renew-self") return authOf(token);
    const [, mount = "", verb, key = ""] = /^(.+)\/(encrypt|decrypt)\/([^/]+)$/.exec(path) ?? [];
    if (method === "POST" && verb === "encrypt") return encrypt(`${mount}/${key}`, body);
    if (method === "POST" && verb === "decrypt") return decrypt(`${mount}/${key}`, body);
    const [, engine = "", place = ""] = /^([^/]+)\/data\/(.+)$/.exec(path) ?? [];
    if (method === "GET" && engine !== "") return read(engine, place, url.searchParams.get("version"));
    return { status: 404, body: { errors: ["no handler for route"] } };
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://vault");
      const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
      const { status, body: said } = answerTo(
        request.method ?? "GET",
        url,
        String(request.headers["x-vault-token"]),
        body,
      );
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(said));
    });
  }

  const server: Server = tls === undefined ? createHttp(handle) : createHttps(tls, handle);
  await new Promise<void>((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  const { port } = server.address() as AddressInfo;
  const vault: VaultEmulator = {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    tokens: new Map(),
    roles: new Map(),
    leaseSeconds: 1200,
    values: new Map(),
    rotate: (mount, key) => void transitKey(`${mount}/${key}`).versions.push(randomBytes(32)),
    forget: (mount, key, below) => void (transitKey(`${mount}/${key}`).least = below),
    asked: [],
    sealed: false,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return vault;
}

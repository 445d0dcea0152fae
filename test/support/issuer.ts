import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  calculateJwkThumbprint,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
} from "jose";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { ensureCertificates } from "../../src/platform/http/index.ts";

/** An issuer of OpenID Connect of its own: over HTTPS, with keys that can be changed, and able to misbehave. */
export interface TestIssuer {
  readonly url: string;
  /** PEM of its authority. */
  readonly authority: string;
  /** Who is logged in there: the claims of the next ID token. */
  person: Record<string, unknown>;
  /** What the next ID token is like instead of the right one. */
  bad: ((token: Draft) => Promise<string>) | undefined;
  /** Requests so far, by path. */
  readonly asked: Map<string, number>;
  /** Another key signs from now on, and only it is shown. */
  rotate(): Promise<void>;
  /** What a browser does with the URL it is sent to: logs in, and comes back with this query. */
  browse(url: string): Promise<{ readonly redirect: string; readonly query: string }>;
  /** Confirms the code of a device, or refuses it. */
  confirm(userCode: string, allowed?: boolean): void;
  stop(): Promise<void>;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Draft {
  readonly claims: Record<string, unknown>;
  readonly key: Key;
  readonly former: readonly Key[];
}

export interface Key {
  readonly kid: string;
  readonly private: CryptoKey;
  readonly public: CryptoKey;
  readonly jwk: JWK;
}

async function newKey(): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, private: privateKey, public: publicKey, jwk: { ...jwk, kid, alg: "RS256", use: "sig" } };
}

/** Signs as it should be, with what is given otherwise. */
export function signed(claims: Record<string, unknown>, key: Key): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: key.kid }).sign(key.private);
}

/** Signs with HMAC, the public key being the secret: what a careless reader takes for good. */
export async function signedByPublicKey({ claims, key }: Draft): Promise<string> {
  const secret = Buffer.from(await exportSPKI(key.public));
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: key.kid }).sign(secret);
}

/** Says that it needs no signature. */
export async function unsigned({ claims }: Draft): Promise<string> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.`;
}

export async function startIssuer(): Promise<TestIssuer> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-issuer-"));
  const { chain, key: tlsKey, authority } = await ensureCertificates(folder, ["127.0.0.1"], systemClock);
  rmSync(folder, { recursive: true });
  let key = await newKey();
  const former: Key[] = [];
  const codes = new Map<
    string,
    { readonly challenge: string; readonly nonce: string | null; readonly redirect: string }
  >();
  const devices = new Map<string, { readonly userCode: string; state: "pending" | "allowed" | "denied" }>();
  const [clientId, clientSecret] = ["gantry", randomBytes(12).toString("hex")];

  async function idToken(nonce: string | null): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer.url,
      aud: clientId,
      iat: now,
      exp: now + 300,
      ...(nonce !== null && { nonce }),
      ...issuer.person,
    };
    return issuer.bad === undefined ? signed(claims, key) : issuer.bad({ claims, key, former });
  }

  async function tokens(form: URLSearchParams): Promise<readonly [number, object]> {
    if (form.get("grant_type") === "authorization_code") {
      const code = codes.get(form.get("code") ?? "");
      // A code is good once.
      codes.delete(form.get("code") ?? "");
      const digest = await crypto.subtle.digest("SHA-256", Buffer.from(form.get("code_verifier") ?? ""));
      if (code === undefined || code.redirect !== form.get("redirect_uri")) return [400, { error: "invalid_grant" }];
      if (Buffer.from(digest).toString("base64url") !== code.challenge) return [400, { error: "invalid_grant" }];
      return [200, { access_token: "a", token_type: "bearer", expires_in: 60, id_token: await idToken(code.nonce) }];
    }
    const device = devices.get(form.get("device_code") ?? "");
    if (device === undefined) return [400, { error: "invalid_grant" }];
    if (device.state === "pending") return [400, { error: "authorization_pending" }];
    devices.delete(form.get("device_code") ?? "");
    if (device.state === "denied") return [400, { error: "access_denied" }];
    return [200, { access_token: "a", token_type: "bearer", expires_in: 60, id_token: await idToken(null) }];
  }

  async function answer(request: IncomingMessage): Promise<readonly [number, object, string?]> {
    const url = new URL(request.url ?? "/", issuer.url);
    issuer.asked.set(url.pathname, (issuer.asked.get(url.pathname) ?? 0) + 1);
    const known = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return [
          200,
          {
            issuer: issuer.url,
            authorization_endpoint: `${issuer.url}/authorize`,
            token_endpoint: `${issuer.url}/token`,
            device_authorization_endpoint: `${issuer.url}/device`,
            jwks_uri: `${issuer.url}/keys`,
            response_types_supported: ["code"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["RS256", "HS256", "none"],
            code_challenge_methods_supported: ["S256"],
          },
        ];
      case "/keys":
        return [200, { keys: [key.jwk] }];
      case "/authorize": {
        const code = randomBytes(12).toString("hex");
        const redirect = url.searchParams.get("redirect_uri") ?? "";
        const challenge = url.searchParams.get("code_challenge") ?? "";
        codes.set(code, { challenge, nonce: url.searchParams.get("nonce"), redirect });
        const back = new URLSearchParams({ code, state: url.searchParams.get("state") ?? "" });
        return [302, {}, `${redirect}?${back.toString()}`];
      }
      case "/device": {
        if (request.headers.authorization !== known) return [401, { error: "invalid_client" }];
        const [code, userCode] = [randomBytes(12).toString("hex"), randomBytes(4).toString("hex").toUpperCase()];
        devices.set(code, { userCode, state: "pending" });
        const shown = { user_code: userCode, verification_uri: `${issuer.url}/confirm`, interval: 1, expires_in: 600 };
        return [200, { device_code: code, ...shown }];
      }
      case "/token":
        if (request.headers.authorization !== known) return [401, { error: "invalid_client" }];
        return tokens(new URLSearchParams(await text(request)));
      default:
        return [404, {}];
    }
  }

  async function handle(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const [status, body, location] = await answer(request);
    reply.writeHead(status, { "content-type": "application/json", ...(location !== undefined && { location }) });
    reply.end(JSON.stringify(body));
  }

  const server = createServer({ cert: chain, key: tlsKey }, (request, reply) => void handle(request, reply));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };

  async function stop(): Promise<void> {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
  onTestFinished(stop);

  const issuer: TestIssuer = {
    url: `https://127.0.0.1:${port}`,
    authority,
    person: { sub: "1", preferred_username: "olga", name: "Olga of Example", groups: ["operators"] },
    bad: undefined,
    asked: new Map(),
    clientId,
    clientSecret,
    async rotate() {
      former.push(key);
      key = await newKey();
    },
    async browse(url) {
      const { request } = await import("node:https");
      const location = await new Promise<string>((resolve, reject) => {
        request(url, { ca: authority, agent: false }, (reply) => {
          reply.resume();
          resolve(reply.headers.location ?? "");
        })
          .on("error", reject)
          .end();
      });
      const came = new URL(location);
      return { redirect: `${came.origin}${came.pathname}`, query: came.search.slice(1) };
    },
    confirm(userCode, allowed = true) {
      for (const device of devices.values())
        if (device.userCode === userCode) device.state = allowed ? "allowed" : "denied";
    },
    stop,
  };
  return issuer;
}

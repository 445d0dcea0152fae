import type { JWTPayload } from "jose";
import type { Configuration } from "openid-client";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../platform/logging/index.ts";
import type { DirectoryPerson } from "./directory.ts";
import { ID_TOKEN_REFUSED, LOGIN_REFUSED, LOGIN_UNAVAILABLE } from "./errors.ts";
import { issuerFetch, IssuerUnreachable } from "./issuer-fetch.ts";

export interface OidcSettings {
  /** `https://…`, as its ID tokens name it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client. */
  readonly clientSecret: string | undefined;
  /** Separated by spaces; `openid` is among them. */
  readonly scopes: string;
  readonly nameClaim: string;
  readonly groupsClaim: string;
  /** Where browsers come back to: `https://GANTRY/v1/login/oidc/callback`. Undefined: only the command line logs in. */
  readonly redirect: string | undefined;
  /** PEM of the authorities to trust. Undefined: those of Node. */
  readonly ca: string | undefined;
  /** Milliseconds for each answer. */
  readonly timeout: number;
  /** Milliseconds between two looks for the key of an id that is not known. Left out: 30 s. */
  readonly keysEvery?: number;
}

/** What is kept of a login between its begin and its end: nobody else may know it. */
export interface PendingCode {
  readonly redirect: string;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

export interface DeviceBegin {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string | null;
  /** Seconds between two questions. */
  readonly interval: number;
  /** Seconds. */
  readonly expiresIn: number;
}

/** An issuer of OpenID Connect. Errors of all: `login_unavailable`, `id_token_refused`, `login_refused`. */
export interface Issuer {
  /** The URL a browser is sent to. */
  authorization(redirect: string): Promise<{ readonly url: string; readonly pending: PendingCode }>;
  /** `query`: what the browser came back with. */
  redeem(pending: PendingCode, query: string): Promise<DirectoryPerson>;
  beginDevice(): Promise<DeviceBegin>;
  pollDevice(deviceCode: string): Promise<DirectoryPerson | "pending" | "slow_down">;
}

/** What only an issuer can sign: never `none`, and nothing that is made with a key that others know. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
/** Milliseconds for which it is not asked again what the issuer offers. */
const KNOWN_FOR = 10 * 60 * 1000;
/** Seconds that clocks may differ. */
const TOLERANCE = 30;

type Libraries = typeof import("openid-client") & { readonly jose: typeof import("jose") };
interface Known {
  readonly config: Configuration;
  readonly keys: ReturnType<typeof import("jose").createRemoteJWKSet>;
  readonly at: number;
}

export function createIssuer(settings: OidcSettings, log: Logger, clock: Clock): Issuer {
  const fetched = issuerFetch(settings);
  let known: Promise<Known> | undefined;

  /** Loaded when somebody logs in that way. */
  async function libraries(): Promise<Libraries> {
    const [client, jose] = await Promise.all([import("openid-client"), import("jose")]);
    return { ...client, jose };
  }

  async function discovered(client: Libraries): Promise<Known> {
    const { clientId, clientSecret } = settings;
    const config = await client.discovery(
      new URL(settings.issuer),
      clientId,
      undefined,
      clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret),
      { [client.customFetch]: fetched, timeout: settings.timeout / 1000 },
    );
    config[client.customFetch] = fetched;
    const { jwks_uri: where } = config.serverMetadata();
    if (where === undefined) throw new Error("the issuer names no keys");
    const keys = client.jose.createRemoteJWKSet(new URL(where), {
      [client.jose.customFetch]: fetched,
      cooldownDuration: settings.keysEvery ?? 30_000,
      cacheMaxAge: KNOWN_FOR,
      timeoutDuration: settings.timeout,
    });
    return { config, keys, at: clock.now() };
  }

  async function present(client: Libraries): Promise<Known> {
    const found = await known?.catch(() => undefined);
    if (found !== undefined && Math.abs(clock.now() - found.at) < KNOWN_FOR) return found;
    known = discovered(client);
    try {
      return await known;
    } catch (cause) {
      known = undefined;
      throw cause instanceof IssuerUnreachable ? cause : new IssuerUnreachable(messageOf(cause), { cause });
    }
  }

  async function asking<Result>(work: (client: Libraries, known: Known) => Promise<Result>): Promise<Result> {
    const client = await libraries();
    try {
      return await work(client, await present(client));
    } catch (cause) {
      if (cause instanceof GantryError) throw cause;
      if (isUnreachable(cause) || cause instanceof client.jose.errors.JWKSTimeout) {
        log.warn({ error: messageOf(cause) }, "the issuer cannot be asked");
        throw new GantryError(LOGIN_UNAVAILABLE, "the issuer cannot be asked at the moment", { cause });
      }
      if (errorOf(cause) === "access_denied")
        throw new GantryError(LOGIN_REFUSED, "the issuer says that the login was not allowed", { cause });
      throw new GantryError(ID_TOKEN_REFUSED, `what the issuer sent is no proof: ${reasonOf(cause)}`, { cause });
    }
  }

  /** The person of an ID token whose signature, issuer, audience and time are right. */
  async function personOf(
    client: Libraries,
    { keys, config }: Known,
    idToken: string | undefined,
    nonce: string | undefined,
  ): Promise<DirectoryPerson> {
    if (idToken === undefined) throw new Error("there is no ID token");
    // As the issuer writes it, which may be with or without the last slash; it was compared with what was set.
    const { issuer } = config.serverMetadata();
    const { payload } = await client.jose.jwtVerify(idToken, keys, {
      issuer,
      audience: settings.clientId,
      algorithms: ALGORITHMS,
      requiredClaims: ["sub", "exp", "iat"],
      clockTolerance: TOLERANCE,
      currentDate: new Date(clock.now()),
    });
    if (nonce !== undefined && payload["nonce"] !== nonce) throw new Error("the nonce is another login's");
    return described(payload, issuer, settings);
  }

  return {
    authorization: (redirect) =>
      asking(async (client, { config }) => {
        const pending: PendingCode = {
          redirect,
          verifier: client.randomPKCECodeVerifier(),
          state: client.randomState(),
          nonce: client.randomNonce(),
        };
        const url = client.buildAuthorizationUrl(config, {
          redirect_uri: redirect,
          scope: settings.scopes,
          code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
          code_challenge_method: "S256",
          state: pending.state,
          nonce: pending.nonce,
        });
        return { url: url.href, pending };
      }),
    redeem: (pending, query) =>
      asking(async (client, now) => {
        const came = new URL(pending.redirect);
        came.search = query;
        const tokens = await client.authorizationCodeGrant(now.config, came, {
          pkceCodeVerifier: pending.verifier,
          expectedState: pending.state,
          expectedNonce: pending.nonce,
          idTokenExpected: true,
        });
        return personOf(client, now, tokens.id_token, pending.nonce);
      }),
    beginDevice: () =>
      asking(async (client, { config }) => {
        const begun = await client.initiateDeviceAuthorization(config, { scope: settings.scopes });
        return {
          deviceCode: begun.device_code,
          userCode: begun.user_code,
          verificationUri: begun.verification_uri,
          verificationUriComplete: begun.verification_uri_complete ?? null,
          interval: Math.max(1, begun.interval ?? 5),
          expiresIn: begun.expires_in,
        };
      }),
    pollDevice: (deviceCode) =>
      asking(async (client, now) => {
        try {
          const tokens = await client.genericGrantRequest(now.config, DEVICE_GRANT, { device_code: deviceCode });
          return await personOf(client, now, tokens.id_token, undefined);
        } catch (error) {
          const answer = errorOf(error);
          if (answer === "authorization_pending") return "pending";
          if (answer === "slow_down") return "slow_down";
          throw error;
        }
      }),
  };
}

function described(claims: JWTPayload, issuer: string, { nameClaim, groupsClaim }: OidcSettings): DirectoryPerson {
  const name = claims[nameClaim];
  if (typeof name !== "string") throw new Error(`it has no claim '${nameClaim}'`);
  const groups = claims[groupsClaim];
  const text = (claim: string): string | undefined =>
    typeof claims[claim] === "string" ? String(claims[claim]) : undefined;
  return {
    source: "oidc",
    externalId: `${issuer} ${claims.sub ?? ""}`,
    name,
    displayName: text("name") ?? "",
    email: claims["email_verified"] === true ? (text("email") ?? null) : null,
    groups: Array.isArray(groups) ? groups.filter((one): one is string => typeof one === "string") : [],
  };
}

/** Every error behind an error. */
function* causes(error: unknown): Generator<unknown> {
  for (let one = error, depth = 0; one !== undefined && one !== null && depth < 10; depth += 1) {
    yield one;
    one = one instanceof Error ? one.cause : undefined;
  }
}

function isUnreachable(error: unknown): boolean {
  return [...causes(error)].some((one) => one instanceof IssuerUnreachable);
}

/** What OAuth calls the error that the issuer answered with. */
function errorOf(error: unknown): string | undefined {
  for (const one of causes(error))
    if (typeof one === "object" && one !== null && "error" in one && typeof one.error === "string") return one.error;
  return undefined;
}

function reasonOf(error: unknown): string {
  return (errorOf(error) ?? [...causes(error)].map(messageOf).at(-1) ?? "").slice(0, 200);
}

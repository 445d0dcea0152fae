import { X509Certificate } from "node:crypto";
import type { Agent } from "node:https";
import { type DetailedPeerCertificate, TLSSocket } from "node:tls";
import { z } from "zod";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { LINK_PATHS } from "./connect.ts";
import { JOIN_REFUSED, LINK_PIN_MISMATCH, LINK_UNREACHABLE } from "./errors.ts";
import { type KeyPair, parseJoinToken, pinOf, signJoin } from "./identity.ts";
import { distrustingAgent, openRequest, request, trustingAgent } from "./request.ts";

/** How an executor becomes known to the server: once, with a one-time token that pins the server's certificate authority. */

export interface JoinOptions {
  readonly urls: readonly string[];
  /** `gantry-join-…` */
  readonly token: string;
  readonly kind: "agent" | "worker";
  /** What it wants to be called. The server may have decided that when it made the token. */
  readonly name: string;
  /** Of a worker: the site it works for. Left out: that of the token. */
  readonly site?: string;
  readonly keys: KeyPair;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds for each request. */
  readonly timeout: number;
}

export interface Joined {
  readonly id: string;
  readonly name: string;
  /** The site a worker works for; null: an agent, or a worker for all. */
  readonly site: string | null;
  /** PEM of the server's authority. */
  readonly authority: string;
}

/** What the executor posts to `/v1/link/join`. */
export const joinRequest = z.strictObject({
  secret: z.string().min(1).max(100),
  kind: z.enum(["agent", "worker"]),
  name: z.string().min(1).max(253),
  /** Of a worker: the name of the site it works for, with those below it. Left out: that of the token. */
  site: z.string().min(1).max(253).optional(),
  /** SPKI, DER, base64. */
  publicKey: z.string().min(1).max(200),
  /** See `signJoin`: whoever joins holds the private key. */
  signature: z.string().min(1).max(200),
});
export type JoinRequest = z.output<typeof joinRequest>;

export const joinAnswer = z.object({
  id: z.string().min(1).max(64),
  name: z.string().min(1).max(253),
  /** The site a worker works for, with those below it; null: an agent, or a worker for all. */
  site: z.string().nullable(),
});

const ANSWER_LIMIT = 64 * 1024;

/**
 * Joins at the first address that answers. Joining again with the same token and the same keys gives the same answer, so that a
 * crash in between does no harm.
 *
 * Throws `join_token_malformed`, `link_pin_mismatch`, `link_unreachable`, and `join_refused` with the server's own words.
 */
export async function join(options: JoinOptions): Promise<Joined> {
  const token = parseJoinToken(options.token);
  let failure: GantryError | undefined;
  for (const url of options.urls) {
    try {
      const authority = await fetchAuthority(url, token.pin, options);
      const agent = trustingAgent({ authority, environment: options.environment });
      try {
        return { ...(await post(url, token.secret, agent, options)), authority };
      } finally {
        agent.destroy();
      }
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      // Another address cannot make a refused token good; it may lead to the right server.
      if (error.kind === JOIN_REFUSED) throw error;
      failure = error;
    }
  }
  throw failure ?? new GantryError(LINK_UNREACHABLE, "no address of the server is known");
}

/**
 * The certificate a token pins, out of the chain the server shows: PEM. Throws `link_pin_mismatch`, `link_unreachable`. Nothing is trusted yet, and nothing asked that matters: the next
 * connection trusts this authority alone.
 */
export async function fetchAuthority(
  url: string,
  pin: string,
  options: Pick<JoinOptions, "environment" | "timeout">,
): Promise<string> {
  const agent = distrustingAgent(options.environment);
  const response = await openRequest({ url, path: "/healthz", method: "GET", agent, timeout: options.timeout });
  try {
    const chain = response.socket instanceof TLSSocket ? chainOf(response.socket) : [];
    const found = chain.find((certificate) => pinOf(certificate.toString()) === pin);
    return found?.toString() ?? (await askAuthority(url, pin, agent, options));
  } finally {
    response.destroy();
    agent.destroy();
  }
}

/**
 * The same where the chain leads to another one: a server that changed its authority shows how who knows the former finds its way. Whoever
 * answers cannot lie: the answer either has the pinned hash, or is worth nothing.
 */
async function askAuthority(
  url: string,
  pin: string,
  agent: Agent,
  options: Pick<JoinOptions, "timeout">,
): Promise<string> {
  const path = `${LINK_PATHS.authority}${pin}`;
  const { status, body } = await request({ url, path, method: "GET", agent, timeout: options.timeout }, ANSWER_LIMIT);
  const certificate = status === 200 ? safeCertificate(body.toString()) : undefined;
  if (certificate === undefined || pinOf(certificate) !== pin)
    throw new GantryError(LINK_PIN_MISMATCH, `${url} is not the server the join token was made by`);
  return certificate;
}

/** Undefined when it is none. */
function safeCertificate(text: string): string | undefined {
  try {
    return new X509Certificate(text).toString();
  } catch {
    return undefined;
  }
}

/** Certificates in a chain longer than this are not looked at. */
const LONGEST_CHAIN = 10;

function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.length < LONGEST_CHAIN) {
    chain.push(new X509Certificate(next.raw));
    // The last one names itself as its issuer.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}

async function post(
  url: string,
  secret: string,
  agent: Agent,
  options: JoinOptions,
): Promise<z.output<typeof joinAnswer>> {
  const body: JoinRequest = {
    secret,
    kind: options.kind,
    name: options.name,
    ...(options.site === undefined ? {} : { site: options.site }),
    publicKey: options.keys.publicKey,
    signature: signJoin(options.keys.privateKey, secret),
  };
  const answer = await request(
    {
      url,
      path: LINK_PATHS.join,
      method: "POST",
      agent,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      timeout: options.timeout,
    },
    ANSWER_LIMIT,
  );
  if (answer.status !== 200) throw refusalOf(url, answer.status, answer.body);
  try {
    return joinAnswer.parse(JSON.parse(answer.body.toString()));
  } catch (error) {
    throw new GantryError(LINK_UNREACHABLE, `${url} does not answer as a server does: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The server answers problem documents (RFC 9457) with its own code; they are passed on as details. */
export function refusalOf(url: string, status: number, body: Buffer): GantryError {
  // Overloaded, or too many at once: it is not the fault of whoever wants to join.
  if (status >= 500 || status === 429) return new GantryError(LINK_UNREACHABLE, `${url} answered ${status}`);
  const problem = z
    .object({
      code: z.string(),
      detail: z.string().optional(),
      title: z.string().optional(),
      hint: z.string().optional(),
    })
    .safeParse(safeJson(body.toString()));
  if (!problem.success) return new GantryError(JOIN_REFUSED, `the server answered ${status}`);
  const { code, detail, title, hint } = problem.data;
  return new GantryError(JOIN_REFUSED, `the server refused: ${detail ?? title ?? code} (${code})`, {
    details: { code },
    ...(hint === undefined ? {} : { hint }),
  });
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { GantryError } from "../kernel/errors.ts";
import { LINK_UNREACHABLE } from "./errors.ts";

/** HTTPS as executors speak it: trusting the server's own authority, through a proxy where the environment names one. */

/**
 * The name every server certificate of a Gantry authority bears, whatever address it is reached at: behind a port forward, inside a
 * container, on a new address. No public authority vouches for a name without a dot, so that it is worth nothing elsewhere. The
 * same as `SERVER_NAME` of `platform/http`, which would bring its whole certificate library into the agent's bundle.
 */
export const SERVER_NAME = "gantry-server";

export interface Trust {
  /** PEM of the authority (or of any certificate of the server's chain) to trust; undefined: those the system trusts. */
  readonly authority: string | undefined;
  /** `HTTPS_PROXY`, `NO_PROXY` and their kind are read from here. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Keeps connections alive. Call `destroy()` when done. */
export function trustingAgent(trust: Trust): Agent {
  return new Agent({
    keepAlive: true,
    // Node reads HTTPS_PROXY and NO_PROXY from this and opens a CONNECT tunnel.
    proxyEnv: trust.environment,
    ...(trust.authority === undefined
      ? {}
      : { ca: trust.authority, allowPartialTrustChain: true, checkServerIdentity: checkOwnServer }),
  });
}

/** For the one request before anything is known about the server: its answer is checked against a pin instead. */
export function distrustingAgent(environment: NodeJS.ProcessEnv): Agent {
  return new Agent({ keepAlive: false, rejectUnauthorized: false, proxyEnv: environment });
}

function checkOwnServer(host: string, certificate: PeerCertificate): Error | undefined {
  const wrong = checkServerIdentity(host, certificate);
  return wrong === undefined || checkServerIdentity(SERVER_NAME, certificate) === undefined ? undefined : wrong;
}

export interface RequestOptions {
  readonly url: string;
  readonly path: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly agent: Agent;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a stream the length stands in `headers`. */
  readonly body?: string | Uint8Array | Readable;
  /** Milliseconds without a sign of life from the server. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

/** Resolves with the head of the answer; its body is still to be read. Throws `link_unreachable`. */
export function openRequest(options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    function failed(error: Error): void {
      reject(new GantryError(LINK_UNREACHABLE, `cannot reach ${options.url}: ${error.message}`, { cause: error }));
    }
    try {
      const request = httpsRequest(new URL(options.path, options.url), {
        method: options.method,
        agent: options.agent,
        headers: {
          ...options.headers,
          ...(options.body === undefined || options.body instanceof Readable
            ? {}
            : { "content-length": Buffer.byteLength(options.body) }),
        },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      request.setTimeout(options.timeout, () => request.destroy(new Error(`no answer in ${options.timeout} ms`)));
      request.on("error", failed);
      request.on("response", resolve);
      if (options.body instanceof Readable) {
        options.body.on("error", (error) => request.destroy(error));
        options.body.pipe(request);
      } else request.end(options.body);
    } catch (error) {
      // A URL that is none, or not https.
      failed(error as Error);
    }
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The whole answer, at most `limit` bytes of it. Throws `link_unreachable`. */
export async function request(options: RequestOptions, limit: number): Promise<Answer> {
  const response = await openRequest(options);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      size += (chunk as Buffer).length;
      if (size > limit) throw new Error(`the answer is longer than ${limit} bytes`);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    response.destroy();
    throw new GantryError(LINK_UNREACHABLE, `the answer of ${options.url} broke off: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

import type { IncomingHttpHeaders } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import type { RedfishAttributes } from "./attributes.ts";
import { REDFISH_ANSWER_UNKNOWN, REDFISH_CERTIFICATE, REDFISH_UNREACHABLE } from "./errors.ts";

/** HTTPS to a BMC whose certificate is trusted by a fingerprint, by its authority, or as any other. One request after the other. */

const LARGEST_ANSWER = 4 * 1024 * 1024;

export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for the whole answer. */
  readonly limit: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Connection {
  /** Throws `redfish_unreachable`, `redfish_certificate`, `redfish_answer_unknown` for an answer without end. */
  send(request: Request, context: FunctionContext): Promise<Answer>;
  close(): void;
}

export function openConnection({ address, fingerprint, authority }: RedfishAttributes): Connection {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    ...(authority === undefined ? {} : { ca: authority, allowPartialTrustChain: true }),
  });
  // Nothing is sent before the certificate is the one that is wanted.
  if (fingerprint !== undefined)
    agent.createConnection = (options, done) => {
      const socket: TLSSocket = connect({ ...(options as object), rejectUnauthorized: false }, () => {
        const found = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "").toLowerCase() ?? "";
        if (found === fingerprint) return done?.(null, socket);
        socket.destroy();
        done?.(new WrongCertificate(found), socket);
      });
      socket.once("error", (error) => done?.(error, socket));
      return undefined;
    };

  return {
    async send({ method, url, headers, body, limit }, context) {
      context.signal.throwIfAborted();
      const late = new AbortController();
      const disarm = context.clock.after(limit, () => late.abort(new Error(`no whole answer in ${limit / 1000} s`)));
      try {
        return await transmit(AbortSignal.any([context.signal, late.signal]));
      } catch (error) {
        if (context.signal.aborted) throw context.signal.reason;
        throw failure(address, late.signal.aborted ? (late.signal.reason as Error) : error);
      } finally {
        disarm();
      }

      async function transmit(signal: AbortSignal): Promise<Answer> {
        const sent =
          body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
        const request = httpsRequest(url, { method, agent, signal, headers: { ...headers, ...sent } });
        request.end(body);
        return new Promise((resolve, reject) => {
          request.on("error", reject);
          request.on("response", (response) => {
            const chunks: Buffer[] = [];
            let size = 0;
            response.on("error", reject);
            response.on("data", (chunk: Buffer) => {
              size += chunk.length;
              if (size > LARGEST_ANSWER) request.destroy(new Endless());
              else chunks.push(chunk);
            });
            response.on("end", () => {
              const text = Buffer.concat(chunks).toString("utf8");
              resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
            });
          });
        });
      }
    },
    close: () => agent.destroy(),
  };
}

class WrongCertificate extends Error {}

class Endless extends Error {}

/** OpenSSL's words for certificates that nobody vouches for, that are over, or that are another machine's. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS_CERT/;

function failure(address: string, error: unknown): GantryError {
  if (error instanceof WrongCertificate)
    return new GantryError(
      REDFISH_CERTIFICATE,
      `the certificate at ${address} is another one, with SHA-256 ${error.message}`,
    );
  if (error instanceof Endless)
    return new GantryError(REDFISH_ANSWER_UNKNOWN, `an answer of ${address} is longer than ${LARGEST_ANSWER} bytes`);
  const { code = "" } = error as NodeJS.ErrnoException;
  if (UNTRUSTED.test(code))
    return new GantryError(REDFISH_CERTIFICATE, `the certificate at ${address} is not trusted: ${messageOf(error)}`, {
      cause: error,
      hint: "Put the certificate's SHA-256 into the attribute `fingerprint` (`openssl s_client -connect ADDRESS </dev/null | openssl x509 -fingerprint -sha256 -noout` shows it), or its authority's certificate into `authority`.",
    });
  if (code.startsWith("HPE_"))
    return new GantryError(
      REDFISH_ANSWER_UNKNOWN,
      `what answers at ${address} does not speak HTTP: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  return new GantryError(
    REDFISH_UNREACHABLE,
    `the Redfish service at ${address} does not answer: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
}

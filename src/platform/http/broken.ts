import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { GantryError } from "../../kernel/errors.ts";
import { REQUEST_HEAD_TOO_LARGE, REQUEST_INVALID, REQUEST_TOO_SLOW, TLS_NEEDED } from "./errors.ts";
import { PROBLEM_TYPE, problemDocument } from "./problem.ts";

/** What never becomes a request: bytes that are none, that come too slowly, or that speak no TLS. The connection ends with an answer. */

/** Milliseconds a client may take. */
export interface Patience {
  /** For the head of a request. */
  readonly headersTimeout: number;
  /** For a whole request. */
  readonly requestTimeout: number;
  /** How often the two are looked after. */
  readonly connectionsCheckingInterval: number;
}

/** The slowest request is a large file over a slow line: 256 MB in ten minutes is 450 kB a second. */
export const PATIENCE: Patience = {
  headersTimeout: 15_000,
  requestTimeout: 10 * 60_000,
  connectionsCheckingInterval: 5000,
};

/** Answers what the parser gave up on. What else came on the connection is not looked at: where it would begin, nobody can say. */
export function answerBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  // More came behind a request that said it was the last: its answer is on the way, and ends the connection.
  if (error.code === "HPE_CLOSED_CONNECTION") return;
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  socket.end(answerText(brokenBy(error)));
  // Nobody reads what may still come, so that the end would never be seen.
  socket.resume();
  setTimeout(() => socket.destroy(), LAST_WORDS).unref();
}

/** Milliseconds for the answer to arrive before the connection is cut. */
const LAST_WORDS = 2000;

function brokenBy(error: NodeJS.ErrnoException): GantryError {
  if (error.code === "HPE_HEADER_OVERFLOW")
    return new GantryError(REQUEST_HEAD_TOO_LARGE, "the head of the request is too large", { cause: error });
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new GantryError(REQUEST_TOO_SLOW, "the request did not arrive in time", { cause: error });
  return new GantryError(REQUEST_INVALID, "the request is not HTTP as it should be", { cause: error });
}

/** Tells who speaks plain HTTP to a port with TLS. Whoever else fails at TLS, or does not trust us, has seen why. */
export function answerPlain(error: NodeJS.ErrnoException, socket: TLSSocket): void {
  if (error.code !== "ERR_SSL_HTTP_REQUEST") return;
  // TLS has given up and lets nothing through; Node has no other name for the connection below.
  const { _parent: below } = socket as unknown as { readonly _parent?: Socket };
  below?.end(answerText(new GantryError(TLS_NEEDED, "this port speaks HTTPS: begin the address with https://")));
}

/** A whole answer as it goes over the wire, for where there is no request to answer. The connection ends with it. */
export function answerText(error: GantryError): string {
  const document = problemDocument(error);
  const body = JSON.stringify(document);
  const retryAfter = error.details["retryAfter"];
  return [
    `HTTP/1.1 ${document.status} ${REASONS[document.status] ?? "Error"}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "x-content-type-options: nosniff",
    "cache-control: no-store",
    ...(typeof retryAfter === "number" ? [`retry-after: ${retryAfter}`] : []),
    "connection: close",
    "",
    body,
  ].join("\r\n");
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  408: "Request Timeout",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
};

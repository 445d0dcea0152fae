import type { FastifyReply, FastifyRequest } from "fastify";
import { cameThroughSocket } from "./listeners.ts";

/**
 * Headers of every answer, for whoever opens one in a browser: it is what it says it is, loads nothing, stands in nobody's frame, and tells no
 * other place of its address. Headers that would let other sites read answers (CORS) are never sent.
 */
const COMMON: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Seconds: a year, in which a browser does not try this name without TLS. */
const STRICT_TRANSPORT = "max-age=31536000";

/** Nothing of `/v1` is kept by anyone on the way. */
export function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header("x-request-id", request.id).headers(COMMON);
  // Of this machine's own name it would bind what other programs serve on it.
  if (!cameThroughSocket(request.raw) && !/^localhost(:|$)/i.test(request.headers.host ?? ""))
    void reply.header("strict-transport-security", STRICT_TRANSPORT);
  if (request.url.startsWith("/v1/")) void reply.header("cache-control", "no-store");
}

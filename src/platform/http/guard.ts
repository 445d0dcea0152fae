import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { REQUEST_ENCODED, REQUEST_INVALID } from "./errors.ts";
import { headProblem } from "./head.ts";
import { createLimiter, LINK_COST, type RateLimits } from "./limits.ts";
import { cameThroughSocket } from "./listeners.ts";

/** What every request passes before anybody asks who sends it. */
export interface Guard {
  /** Errors: `request_invalid`, `request_encoded`, `rate_limited`. */
  admit(request: FastifyRequest, reply: FastifyReply): void;
  /** Once it is known that the credential is good. Errors: `rate_limited`. */
  known(request: FastifyRequest): void;
  /** Why a connection may not become another protocol. */
  upgrade(request: IncomingMessage): GantryError | undefined;
}

/** The parser also reads what came before 1.0, which has no headers and so no end. */
const VERSIONS: readonly string[] = ["1.0", "1.1"];

export function createGuard(limits: RateLimits | undefined, clock: Pick<Clock, "now">): Guard {
  const limiter = createLimiter(limits, clock);

  function checkHead(request: IncomingMessage): void {
    const problem = VERSIONS.includes(request.httpVersion)
      ? headProblem(request.url ?? "", request.rawHeaders)
      : `HTTP ${request.httpVersion} is not spoken here`;
    if (problem !== undefined) throw new GantryError(REQUEST_INVALID, problem);
    const encoding = request.headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity")
      throw new GantryError(REQUEST_ENCODED, "the body of the request is encoded");
  }

  return {
    admit(request, reply) {
      checkHead(request.raw);
      if (cameThroughSocket(request.raw)) return;
      const { cost, door } = request.routeOptions.config;
      limiter.address(request.raw, cost?.(request));
      if (door !== true) return;
      const letIn = limiter.door(request.raw);
      reply.raw.once("close", () => {
        const { headersSent, statusCode } = reply.raw;
        // A refusal is what the asker got wrong, not what went wrong here; who leaves before the answer gets nothing back.
        if (headersSent && (statusCode < 400 || statusCode >= 500)) letIn();
      });
    },
    known(request) {
      if (!cameThroughSocket(request.raw)) limiter.credential(request.headers.authorization);
    },
    upgrade(request) {
      try {
        checkHead(request);
        if (!cameThroughSocket(request)) limiter.address(request, LINK_COST);
        return undefined;
      } catch (error) {
        if (error instanceof GantryError) return error;
        throw error;
      }
    },
  };
}

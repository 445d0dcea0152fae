import type { FastifyReply, FastifyRequest } from "fastify";
import type { Metrics } from "../metrics/index.ts";

/** From an answer off the memory to a long script's check, in seconds; streams go beyond. */
const BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];

/** The status noted for a request whose asker went away before there was an answer. Never sent. */
const ABANDONED = 499;

/** Where a request that fits no route is counted: its path is the asker's, and would make a row of its own each time. */
const NO_ROUTE = "none";

/** Notes a request when it is over: in the log (debug; warn when the server failed), and in the metrics, if there are any. */
export function createRequestObserver(
  metrics: Metrics | undefined,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const total = metrics?.counter("gantry_http_requests_total", "Requests answered.", ["method", "route", "status"]);
  const seconds = metrics?.histogram(
    "gantry_http_request_seconds",
    "Seconds from a request's head to the end of its answer, streams included.",
    BUCKETS,
    ["method", "route"],
  );
  return (request, reply) => {
    const start = performance.now();
    // Not Fastify's onResponse: a stream that its reader leaves never gets there.
    reply.raw.once("close", () => {
      const elapsed = performance.now() - start;
      const { method } = request;
      const route = request.routeOptions.url ?? NO_ROUTE;
      const status = reply.raw.headersSent ? reply.raw.statusCode : ABANDONED;
      total?.inc({ method, route, status });
      seconds?.observe({ method, route }, elapsed / 1000);
      const fields = { method, route, status, milliseconds: Math.round(elapsed) };
      if (status >= 500) request.log.warn(fields, "request failed at the server");
      else request.log.debug(fields, "request answered");
    });
  };
}

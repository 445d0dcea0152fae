import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import {
  acceptPolls,
  acceptWebSockets,
  CONNECTION_HEADER,
  EXECUTOR_HEADER,
  hashSecret,
  joinAnswer,
  joinRequest,
  LINK_PATHS,
  parseJoinToken,
  parseRequestProof,
  sharedChallenge,
  sharedJoinAnswer,
  sharedJoinRequest,
  verifyRequest,
} from "../link/index.ts";
import type { Database } from "../platform/database/index.ts";
import { type HttpServer, LINK_COST } from "../platform/http/index.ts";
import { contentRoutes } from "./content-routes.ts";
import { AUTHORITY_UNKNOWN, CONTENT_UNKNOWN, EXECUTOR_REQUEST_WRONG } from "./errors.ts";
import type { Fleet, FleetParts } from "./fleet.ts";
import type { ExecutorRecord } from "./model.ts";
import { nodeRoutes } from "./node-routes.ts";
import { selectToken } from "./store.ts";

/**
 * `/v1/link…`: the door for executors, who show a key or a join token instead of a bearer token. `/v1/nodes`, `/v1/join-tokens` and
 * `/v1/content` are for everybody else. Returns how to close what is open.
 */
export function fleetRoutes(http: HttpServer, fleet: Fleet, parts: FleetParts): () => void {
  const webSockets = acceptWebSockets((connection) => fleet.accept(connection));
  const polls = acceptPolls((connection) => fleet.accept(connection), parts);
  http.onUpgrade(LINK_PATHS.webSocket, webSockets.upgrade);
  linkRoutes(http, fleet, parts, polls);
  nodeRoutes(http, fleet, parts);
  contentRoutes(http, fleet, { database: parts.database, proven: (request) => proven(request, fleet, parts) });
  return () => {
    polls.close();
    webSockets.close();
  };
}

/** A name, a key and two proofs. */
const JOIN_BYTES = 4096;

type LinkParts = { readonly database: Database; readonly clock: Clock; readonly random: Random } & Pick<
  FleetParts,
  "runtime" | "sites"
>;

function linkRoutes(http: HttpServer, fleet: Fleet, parts: LinkParts, polls: ReturnType<typeof acceptPolls>): void {
  const open = { open: true };
  void http.app.register(async (scope) => {
    // The transport reads its bodies itself.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    scope.route({
      method: ["GET", "POST", "DELETE"],
      url: LINK_PATHS.poll,
      config: {
        ...open,
        // A new connection holds something of ours until it has proved itself.
        cost: (request) => (request.headers[CONNECTION_HEADER] === undefined ? LINK_COST : 1),
      },
      schema: { hide: true },
      handler: (request, reply) => {
        reply.hijack();
        polls.handle(request.raw, reply.raw);
      },
    });
  });

  http.app.post(
    LINK_PATHS.join,
    {
      config: { ...open, door: true },
      bodyLimit: JOIN_BYTES,
      schema: {
        summary: "Let a worker or an agent join by its one-time token",
        tags: ["link"],
        security: [],
        body: joinRequest,
        response: { 200: joinAnswer },
      },
    },
    async (request) => {
      const { id, name, tenantId, siteId } = await fleet.join(request.body);
      const names = siteId === null ? undefined : (await parts.sites?.(tenantId))?.names;
      const site = [...(names ?? [])].find(([, one]) => one === siteId)?.[0] ?? siteId;
      return { id, name, site };
    },
  );

  http.app.get(
    LINK_PATHS.joinShared,
    {
      config: open,
      schema: {
        summary: "What an agent answers to join by the shared key",
        tags: ["link"],
        security: [],
        response: { 200: sharedChallenge },
      },
    },
    async () => fleet.shared.challenge(),
  );

  http.app.post(
    LINK_PATHS.joinShared,
    {
      config: { ...open, door: true },
      bodyLimit: JOIN_BYTES,
      schema: {
        summary: "Let an agent join by the shared key",
        tags: ["link"],
        security: [],
        body: sharedJoinRequest,
        response: { 200: sharedJoinAnswer },
      },
    },
    async (request) => {
      const { record, proof } = await fleet.shared.admit(request.body);
      return { id: record.id, name: record.name, proof };
    },
  );

  http.app.get(
    `${LINK_PATHS.authority}:pin`,
    {
      config: open,
      schema: {
        summary: "The certificate of the server's authority, for who knows its fingerprint",
        tags: ["link"],
        security: [],
        params: z.object({ pin: z.string().regex(/^[A-Za-z0-9_-]{43}$/) }),
      },
    },
    async (request, reply) => {
      const certificate = fleet.authority(request.params.pin);
      if (certificate === undefined)
        throw new GantryError(AUTHORITY_UNKNOWN, "this server has no authority of that fingerprint");
      return reply.type("application/x-pem-file").send(certificate);
    },
  );

  http.app.get(
    `${LINK_PATHS.runtime}:file`,
    {
      config: open,
      schema: {
        summary: "The agent's program and the Node it runs on, for who has a join token or has joined",
        tags: ["link"],
        security: [],
        params: z.object({ file: z.enum(["agent.mjs", "node"]) }),
      },
    },
    async (request, reply) => {
      if (!(await holdsToken(request, parts))) await proven(request, fleet, parts);
      const runtime = await parts.runtime?.();
      if (runtime === undefined) throw new GantryError(CONTENT_UNKNOWN, "this server hands out no runtime");
      void reply.type("application/octet-stream");
      if (request.params.file === "agent.mjs") return reply.send(Buffer.from(runtime.bundle));
      return reply.header("content-length", (await stat(runtime.node)).size).send(createReadStream(runtime.node));
    },
  );
}

/** Milliseconds the clock of an executor may differ from ours. */
const CLOCK_TOLERANCE = 10 * 60 * 1000;

/** Throws `executor_request_wrong` unless the request bears the signature of an executor that has joined. */
async function proven(request: FastifyRequest, fleet: Fleet, parts: LinkParts): Promise<ExecutorRecord> {
  const proof = parseRequestProof(request.headers[EXECUTOR_HEADER]);
  if (proof === undefined)
    throw new GantryError(EXECUTOR_REQUEST_WRONG, "the request has no proof of a worker or an agent");
  if (Math.abs(proof.time - parts.clock.now()) > CLOCK_TOLERANCE) {
    throw new GantryError(EXECUTOR_REQUEST_WRONG, "the request is too old, or the clock it was signed by is wrong");
  }
  const record = await fleet.find(proof.executor);
  const signed = { executor: proof.executor, time: proof.time, path: request.url };
  if (record === undefined || !verifyRequest(record.publicKey, signed, proof.signature)) {
    throw new GantryError(EXECUTOR_REQUEST_WRONG, "the proof is wrong, or no worker or agent of this id has joined");
  }
  return record;
}

/** A join token that is still good, as `Authorization: Bearer gantry-join-…`. It is not used up by this. */
async function holdsToken(request: FastifyRequest, parts: LinkParts): Promise<boolean> {
  const match = /^Bearer (gantry-join-\S+)$/.exec(request.headers.authorization ?? "");
  if (match === null) return false;
  const row = await selectToken(parts.database.kysely, hashSecret(parseJoinToken(match[1] as string).secret));
  return row !== undefined && row.used_at === null && row.expires_at > parts.clock.now();
}

import type { RequestListener } from "node:http";
import swagger from "@fastify/swagger";
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyContextConfig,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { jsonSchemaTransform, serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { GantryError } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Clock } from "../../kernel/clock.ts";
import { systemClock } from "../../kernel/clock.ts";
import { answerText, type Patience } from "./broken.ts";
import { ENDPOINT_UNKNOWN, SERVER_CLOSING } from "./errors.ts";
import { createGuard } from "./guard.ts";
import { setCommonHeaders } from "./headers.ts";
import type { RateLimits } from "./limits.ts";
import { cameThroughSocket, listenSocket, listenTls, type Listener, type UpgradeHandler } from "./listeners.ts";
import { isUnforeseen, PROBLEM_TYPE, problemDocument, unknownEndpoint } from "./problem.ts";
import { withoutDangling } from "./references.ts";
import { jsonParser } from "./json-body.ts";
import { createRequestObserver } from "./requests.ts";
import { requestValidator } from "./validation.ts";
import type { Metrics } from "../metrics/index.ts";
import type { Certificates } from "./certificates.ts";

// Importing node:http evaluates all its exports, among them a whole WebSocket client of 14 MB.
const { createServer } = process.getBuiltinModule("node:http");

/** What an endpoint is checked against before anything else. */
export interface RequestCredentials {
  readonly authorization: string | undefined;
  /** Through the Unix socket, which only the owner of the server can open. */
  readonly throughSocket: boolean;
  /** What the endpoint says of who may use it beside accounts. */
  readonly scope: string | undefined;
  /** What the endpoint asks of who calls it; undefined: there is no such endpoint. */
  readonly requirement: { readonly permission: string; readonly reach: "tenant" | "place" } | undefined;
  /** Id or name of the tenant that is meant, by the path or the header `Gantry-Tenant`. */
  readonly tenant: string | undefined;
}

export type App = ReturnType<typeof typedApp>;

export interface HttpServerParts<Principal extends object> {
  readonly log: FastifyBaseLogger;
  readonly version: string;
  /** Throws a GantryError for whom it does not let in. */
  authenticate(credentials: RequestCredentials): Principal | Promise<Principal>;
  /**
   * For answers that go on for long: calls `ended` with the error once who was let in would be refused, until what it returns is called.
   * Left out: who is in stays in.
   */
  watch?(principal: Principal, credentials: RequestCredentials, ended: (error: unknown) => void): () => void;
  /** Throws, or resolves with false, while the server cannot do its work. */
  ready(): Promise<boolean>;
  /** What `/readyz` says beside it: parts that do not keep the server from its work. Open to everybody: states, no reasons. */
  details?(): Readonly<Record<string, string>>;
  /** What `/metrics` tells. Requests are counted in it; where it is only a text, they are not counted. */
  readonly metrics: Metrics | (() => Promise<string>);
  /** How often may be asked. Left out: as often as one likes. */
  readonly limits?: RateLimits;
  /** How long a request may take to arrive. Left out: see `PATIENCE`. */
  readonly patience?: Patience;
  readonly clock?: Pick<Clock, "now">;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** True: answered without a credential. `test/open-endpoints.json` lists them. */
    open?: boolean;
    /** Who may use it beside accounts: the word `authenticate` gets as `scope`. */
    scope?: string;
    /** What one must be allowed to do. Every route that is not open says so. */
    permission?: string;
    /** Whether that must hold in the whole tenant (default), or somewhere: then the use case asks for each thing. */
    reach?: "tenant" | "place";
    /** True: here somebody says who he is. Too many refusals, and an address has to wait. */
    door?: boolean;
    /** How many requests a request counts for; left out: one. */
    cost?(request: FastifyRequest): number;
    /** The parameter of the path that names the tenant; left out: the header `Gantry-Tenant` does. */
    tenantParameter?: string;
  }
  interface FastifyRequest {
    principal: object | null;
  }
  interface FastifyInstance {
    /** Calls `ended` once who sent the request would be refused, until what it returns is called. */
    watchAdmission(request: FastifyRequest, ended: (error: unknown) => void): () => void;
  }
}

export interface HttpServer {
  /** Where rooms add their routes, before the first `listen`. */
  readonly app: App;
  /** Ends when the server closes: what streams stops. */
  readonly closing: AbortSignal;
  /** Takes over upgrades on a path, on every listener. */
  onUpgrade(path: string, handler: UpgradeHandler): void;
  /** Listens with TLS. May be called at any time. */
  listen(address: { readonly host: string; readonly port: number }, certificates: Certificates): Promise<Listener>;
  listenOnSocket(path: string): Promise<Listener>;
  /** Shows other certificates from now on, wherever it listens. */
  renew(certificates: Certificates): void;
  readonly listeners: readonly Listener[];
  /** The OpenAPI 3.1 document, made from the routes. */
  openApi(): Promise<object>;
  /** Every route, for tests: `GET /healthz`, whether it is open, and how many bytes of a body it takes. */
  routes(): Promise<readonly { readonly route: string; readonly open: boolean; readonly bodyLimit: number }[]>;
  close(): Promise<void>;
}

/** Largest body of a request that does not say otherwise. */
const BODY_LIMIT = 1024 * 1024;

export async function createHttpServer<Principal extends object>(
  parts: HttpServerParts<Principal>,
): Promise<HttpServer> {
  let handler: RequestListener | undefined;
  const { metrics } = parts;
  const observe = createRequestObserver(typeof metrics === "function" ? undefined : metrics);
  const begin = (request: FastifyRequest, reply: FastifyReply): void => {
    observe(request, reply);
    setCommonHeaders(request, reply);
  };
  const app = typedApp(
    parts.log,
    (received) => {
      handler = received;
    },
    begin,
  );
  const closing = new AbortController();
  const upgrades = new Map<string, UpgradeHandler>();
  const listeners: Listener[] = [];
  const routes: { route: string; open: boolean; bodyLimit: number }[] = [];
  const guard = createGuard(parts.limits, parts.clock ?? systemClock);

  app.setErrorHandler(async (error, request, reply) => {
    if (isUnforeseen(error)) request.log.error({ err: error }, "request failed");
    return sendProblem(reply, error);
  });
  app.setNotFoundHandler(async (request) => {
    await authenticated(request);
    throw unknownEndpoint(request.method, request.url);
  });
  app.decorateRequest("principal", null);
  app.decorate("watchAdmission", (request: FastifyRequest, ended: (error: unknown) => void): (() => void) =>
    parts.watch === undefined || request.principal === null
      ? () => {}
      : parts.watch(request.principal as Principal, credentialsOf(request), ended),
  );
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "string" }, jsonParser(app));
  app.addHook("onRequest", async (request, reply) => {
    begin(request, reply);
    if (closing.signal.aborted) throw new GantryError(SERVER_CLOSING, "the server is being stopped");
    guard.admit(request, reply);
    if (request.routeOptions.config.open !== true && !request.is404) await authenticated(request);
  });
  app.addHook("onRoute", (route) => {
    const { open, permission } = route.config ?? {};
    if (open !== true && permission === undefined)
      throw new Error(`${String(route.method)} ${route.url} does not say who may use it`);
    for (const method of [route.method].flat()) {
      if (method !== "HEAD" && method !== "OPTIONS")
        routes.push({
          route: `${method} ${route.url}`,
          open: route.config?.open === true,
          bodyLimit: route.bodyLimit ?? BODY_LIMIT,
        });
    }
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Gantry", version: parts.version, description: "Inventory, jobs and fleet of one Gantry server." },
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
      security: [{ bearer: [] }],
    },
    transform(route) {
      const { schema, url } = jsonSchemaTransform(route);
      return { schema: { ...schema, ...accessOf(route.route.config ?? {}) }, url };
    },
  });

  async function authenticated(request: FastifyRequest): Promise<void> {
    request.principal = await parts.authenticate(credentialsOf(request));
    guard.known(request);
  }

  const open = { config: { open: true }, schema: { security: [], tags: ["server"] } };
  app.get("/healthz", { ...open, schema: { ...open.schema, summary: "The process lives" } }, async () => ({
    status: "ok",
  }));
  app.get(
    "/readyz",
    { ...open, schema: { ...open.schema, summary: "The server can do its work" } },
    async (_request, reply) => {
      const ready = await parts.ready().catch(() => false);
      return reply.status(ready ? 200 : 503).send({ status: ready ? "ok" : "not ready", ...parts.details?.() });
    },
  );
  app.get(
    "/metrics",
    { config: { permission: "server.read" }, schema: { summary: "Metrics, for Prometheus", tags: ["server"] } },
    async (_request, reply) =>
      reply.type("text/plain; version=0.0.4").send(await (typeof metrics === "function" ? metrics() : metrics.text())),
  );

  const onUpgrade: UpgradeHandler = (request, socket, head) => {
    const upgrade = upgrades.get((request.url ?? "").split("?")[0]!);
    if (upgrade === undefined || closing.signal.aborted)
      return void socket.end(answerText(new GantryError(ENDPOINT_UNKNOWN, "nothing here takes an upgrade")));
    const refusal = guard.upgrade(request);
    if (refusal !== undefined) return void socket.end(answerText(refusal));
    return upgrade(request, socket, head);
  };

  async function readyHandler(): Promise<RequestListener> {
    await app.ready();
    return handler!;
  }

  return {
    app,
    closing: closing.signal,
    listeners,
    onUpgrade: (path, upgrade) => void upgrades.set(path, upgrade),
    async listen(address, certificates) {
      const listener = await listenTls(await readyHandler(), onUpgrade, certificates, address, parts.patience);
      listeners.push(listener);
      return listener;
    },
    async listenOnSocket(path) {
      const listener = await listenSocket(await readyHandler(), onUpgrade, path, parts.patience);
      listeners.push(listener);
      return listener;
    },
    renew(certificates) {
      for (const listener of listeners) listener.renew(certificates);
    },
    async openApi() {
      await app.ready();
      return withoutDangling(app.swagger() as unknown as JsonObject);
    },
    async routes() {
      await app.ready();
      return routes;
    },
    async close() {
      closing.abort();
      await Promise.all(listeners.splice(0).map((listener) => listener.close()));
      await app.close();
    },
  };
}

/** For the document: what one must be allowed to do, how far that must reach, and who else may use the endpoint. */
function accessOf({
  open,
  permission,
  reach = "tenant",
  scope,
}: FastifyContextConfig): Readonly<Record<string, string>> {
  if (open === true || permission === undefined) return {};
  return {
    "x-permission": permission,
    ...(permission !== "self" && { "x-reach": reach }),
    ...(scope !== undefined && { "x-scope": scope }),
  };
}

function credentialsOf(request: FastifyRequest): RequestCredentials {
  const { scope, permission, reach = "tenant", tenantParameter } = request.routeOptions.config;
  const header = request.headers["gantry-tenant"];
  return {
    authorization: request.headers.authorization,
    throughSocket: cameThroughSocket(request.raw),
    scope,
    requirement: permission === undefined ? undefined : { permission, reach },
    tenant:
      tenantParameter === undefined
        ? textOf(header)
        : (request.params as Readonly<Record<string, string>>)[tenantParameter],
  };
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header.trim() : undefined;
}

function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const document = problemDocument(error);
  if (document.status === 401) void reply.header("www-authenticate", 'Bearer realm="gantry"');
  const retryAfter = document.details?.["retryAfter"];
  if (typeof retryAfter === "number") void reply.header("retry-after", retryAfter);
  return reply.status(document.status).type(PROBLEM_TYPE).send(JSON.stringify(document));
}

/** Given at the start, so that Fastify does not load its own, which would never be used; its types know those alone. */
const COMPILERS = { buildValidator: () => requestValidator, buildSerializer: () => serializerCompiler } as object;

/** The app, with its own handler of requests given away: one app answers on several listeners. */
function typedApp(
  log: FastifyBaseLogger,
  receive: (handler: RequestListener) => void,
  begin: (request: FastifyRequest, reply: FastifyReply) => void,
) {
  return fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    schemaController: { compilersFactory: COMPILERS },
    // A path that cannot be read meets no hook and no handler of errors.
    frameworkErrors(error, request, reply) {
      begin(request, reply);
      void sendProblem(reply, error);
    },
    serverFactory(handler) {
      receive(handler);
      // Fastify wants one server of its own; it never listens.
      return createServer();
    },
  }).withTypeProvider<ZodTypeProvider>();
}

import { z } from "zod";
import type { HttpServer } from "../../platform/http/index.ts";
import type { IssuerLogins } from "./issuer-service.ts";
import { LOGIN_DOOR, LOGIN_TAGS as tags, SESSION, TENANT } from "./routes.ts";
import { askerOf } from "./waits.ts";

const flow = z.string().min(1).max(100).describe("The secret of this login, told when it was begun");
const security: [] = [];
const CALLBACK = "/v1/login/oidc/callback";
const COOKIE = "gantry_login";
const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|\[::1\]):\d{1,5}\/callback$/;

/** `/v1/login/oidc`, `/v1/login/device`. */
export function issuerRoutes({ app }: HttpServer, logins: IssuerLogins): void {
  app.post(
    "/v1/login/oidc",
    {
      ...LOGIN_DOOR,
      schema: {
        summary: "Begin a login by the issuer, in a browser that comes back to a program on its own machine",
        tags,
        security,
        body: z.strictObject({
          redirect: z.string().regex(LOOPBACK, "is not http://127.0.0.1:PORT/callback").describe("Of that program"),
        }),
        response: { 200: z.object({ flow, url: z.string().describe("What to open in the browser") }) },
      },
    },
    (request) => logins.begin(askerOf(request.socket.remoteAddress), request.body.redirect),
  );
  app.post(
    "/v1/login/oidc/finish",
    {
      ...LOGIN_DOOR,
      schema: {
        summary: "End a login by the issuer with what the browser came back with",
        tags,
        security,
        body: z.strictObject({
          flow,
          query: z.string().max(16_384).describe("All that stood behind the question mark"),
          tenant: TENANT,
        }),
        response: { 200: SESSION },
      },
    },
    async (request) => {
      const { flow: secret, query, tenant } = request.body;
      return logins.finish(secret, query, { address: askerOf(request.socket.remoteAddress), tenant });
    },
  );
  app.get(
    "/v1/login/oidc",
    {
      ...LOGIN_DOOR,
      schema: { summary: "Send a browser to the issuer", tags, security, response: { 302: z.null() } },
    },
    async (request, reply) => {
      const begun = await logins.begin(askerOf(request.socket.remoteAddress));
      // What binds the login to this browser; it carries no right, and goes nowhere but to the end of this login.
      void reply.header("set-cookie", cookie(begun.flow, 600));
      return reply.redirect(begun.url, 302);
    },
  );
  app.get(
    CALLBACK,
    {
      ...LOGIN_DOOR,
      schema: {
        summary: "Where the issuer sends the browser back to",
        tags,
        security,
        querystring: z.record(z.string(), z.unknown()),
        response: { 200: SESSION },
      },
    },
    async (request, reply) => {
      const secret = new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]{1,100})`).exec(request.headers.cookie ?? "")?.[1] ?? "";
      void reply.header("set-cookie", cookie("", 0));
      const query = request.url.split("?").slice(1).join("?");
      return logins.finish(secret, query, { address: askerOf(request.socket.remoteAddress) });
    },
  );
  app.post(
    "/v1/login/device",
    {
      ...LOGIN_DOOR,
      schema: {
        summary: "Begin a login that is confirmed on another device",
        tags,
        security,
        response: {
          200: z.object({
            flow,
            userCode: z.string(),
            verificationUri: z.string(),
            verificationUriComplete: z.string().nullable().describe("The same with the code in it"),
            interval: z.number().describe("Seconds between two questions"),
            expiresIn: z.number().describe("Seconds"),
          }),
        },
      },
    },
    (request) => logins.beginDevice(askerOf(request.socket.remoteAddress)),
  );
  app.post(
    "/v1/login/device/poll",
    {
      ...LOGIN_DOOR,
      schema: {
        summary: "Ask whether a login was confirmed on the other device",
        tags,
        security,
        body: z.strictObject({ flow, tenant: TENANT }),
        response: {
          200: z.object({
            session: SESSION.nullable().describe("Null: not yet"),
            interval: z.number().describe("Seconds to wait before asking again"),
          }),
        },
      },
    },
    async (request) => {
      const { flow: secret, tenant } = request.body;
      const found = await logins.pollDevice(secret, { address: askerOf(request.socket.remoteAddress), tenant });
      return typeof found === "number" ? { session: null, interval: found } : { session: found, interval: 0 };
    },
  );
}

function cookie(value: string, seconds: number): string {
  return `${COOKIE}=${value}; Path=${CALLBACK}; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`;
}

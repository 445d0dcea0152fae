import { z } from "zod";
import type { HttpServer } from "../../platform/http/index.ts";
import type { Principal } from "../model.ts";
import { needs } from "../requirement.ts";
import { LONGEST_PASSWORD } from "./password.ts";
import type { PasswordService } from "./password-service.ts";
import type { LoginService } from "./service.ts";
import type { Sessions } from "./sessions.ts";
import { askerOf } from "./waits.ts";

export const LOGIN_TAGS = ["access"];
/** Open to everybody, and watched: who is refused too often has to wait. */
export const LOGIN_DOOR = { config: { open: true, door: true }, bodyLimit: 64 * 1024 } as const;

export const SESSION = z.object({
  token: z.string().describe("Told here, and never again"),
  expiresAt: z.number(),
  account: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
});

export const TENANT = z
  .string()
  .max(255)
  .optional()
  .describe("Id or name of the only tenant the session opens; left out: all the account has rights in");

const password = z.string().max(4 * LONGEST_PASSWORD);

/** `/v1/login`, `/v1/session` and passwords. */
export function loginRoutes(
  { app }: HttpServer,
  logins: LoginService,
  sessions: Sessions,
  passwords: PasswordService,
): void {
  app.post(
    "/v1/login",
    {
      ...LOGIN_DOOR,
      schema: {
        summary: "Log in with name and password, here or in the directory; gives the token of a session",
        tags: LOGIN_TAGS,
        security: [],
        body: z.strictObject({ name: z.string().min(1).max(255), password, tenant: TENANT }),
        response: { 200: SESSION },
      },
    },
    async (request) => logins.login({ ...request.body, address: askerOf(request.socket.remoteAddress) }),
  );
  app.delete(
    "/v1/session",
    {
      ...needs("self"),
      schema: { summary: "Log out: ends the session that asks", tags: LOGIN_TAGS, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await sessions.end(request.principal as Principal);
      return reply.status(204).send(null);
    },
  );
  app.put(
    "/v1/password",
    {
      ...needs("self"),
      schema: {
        summary: "Change the own password; ends all other sessions",
        tags: LOGIN_TAGS,
        body: z.strictObject({ password, old: password.describe("The one there was") }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const address = askerOf(request.socket.remoteAddress);
      await passwords.set(request.principal as Principal, undefined, { ...request.body, address });
      return reply.status(204).send(null);
    },
  );
  app.put(
    "/v1/accounts/:idOrName/password",
    {
      ...needs("access.manage"),
      schema: {
        summary: "Set the password of a person; ends the sessions there are",
        tags: LOGIN_TAGS,
        params: z.object({ idOrName: z.string() }),
        body: z.strictObject({ password, old: password.optional().describe("Needed for the own one") }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const address = askerOf(request.socket.remoteAddress);
      const { idOrName } = request.params;
      await passwords.set(request.principal as Principal, idOrName, { ...request.body, address });
      return reply.status(204).send(null);
    },
  );
}

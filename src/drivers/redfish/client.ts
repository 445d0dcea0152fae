import type { z } from "zod";
import { GantryError } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { FunctionContext } from "../../link/index.ts";
import { pause } from "../wait.ts";
import type { RedfishAttributes } from "./attributes.ts";
import { type Answer, type Connection, openConnection } from "./connection.ts";
import { REDFISH_ANSWER_UNKNOWN, REDFISH_BUSY, REDFISH_LOGIN_REFUSED, REDFISH_REFUSED } from "./errors.ts";
import { follow, refusalText, retryAfter } from "./model.ts";
import { collectionSchema, rootSchema } from "./schema.ts";

/** A Redfish service, logged in to: what is read is checked, and where things are is never guessed but for the root. */

export const ROOT = "/redfish/v1/";
/** How often a service that is not ready is asked again. */
const PATIENCE = 5;
const MOST_REDIRECTS = 3;
/** More members than a machine has of anything. */
const MOST_MEMBERS = 256;

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Something that was read, and what says that it is still the same. */
export interface Read<T> {
  readonly value: T;
  readonly etag: string | undefined;
}

export interface Service {
  readonly root: z.output<typeof rootSchema>;
  /** Throws the errors of `errors.ts`. */
  read<T>(link: string, schema: z.ZodType<T>): Promise<Read<T>>;
  /** What a collection's members are, at most 256. */
  members<T>(link: string, schema: z.ZodType<T>): Promise<readonly (Read<T> & { readonly link: string })[]>;
  /** Changes members of what was read, unless somebody else changed it meanwhile: then it is refused. */
  change(link: string, change: JsonObject, etag: string | undefined): Promise<void>;
  /** Has an action done, or a member made. */
  post(link: string, body: JsonObject): Promise<void>;
}

export interface ServiceOptions {
  /** Milliseconds for one answer. */
  readonly limit: number;
}

/** Logs in, has something done, and logs out. `login`: in place of that of the attributes. */
export async function withService<T>(
  attributes: RedfishAttributes,
  { limit }: ServiceOptions,
  context: FunctionContext,
  act: (service: Service) => Promise<T>,
  login: Login = attributes,
): Promise<T> {
  const { address } = attributes;
  const connection = openConnection(attributes);
  const basic = Buffer.from(`${login.user}:${login.password}`).toString("base64");
  let credential: Readonly<Record<string, string>> = {};
  let session: string | undefined;

  async function ask(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    link: string,
    body?: JsonObject,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const common = { accept: "application/json", "odata-version": "4.0", ...credential, ...headers };
    let url = urlOf(link);
    for (let redirects = 0, tries = 0; ;) {
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await connection.send({ method, url, headers: common, limit, ...text }, context);
      if (answer.status === 503 || answer.status === 429) {
        tries += 1;
        if (tries > PATIENCE)
          throw new GantryError(
            REDFISH_BUSY,
            `the Redfish service at ${address} answers ${answer.status} each of ${tries} times`,
          );
        await pause(retryAfter(answer.headers["retry-after"], context.clock.now()), context);
      } else if (method === "GET" && answer.status >= 300 && answer.status < 400 && redirects < MOST_REDIRECTS) {
        redirects += 1;
        url = urlOf(answer.headers.location ?? "");
      } else return answer;
    }
  }

  /** Only to the service itself: nothing else is to see our credentials. */
  function urlOf(link: string): URL {
    const url = follow(address, link);
    if (url !== undefined) return url;
    const where = link.slice(0, 200);
    throw new GantryError(REDFISH_ANSWER_UNKNOWN, `the Redfish service at ${address} sends us elsewhere: ${where}`);
  }

  function refuse(method: string, link: string, { status, body }: Answer): GantryError {
    const said = refusalText(body);
    const why = said === "" ? `status ${status}` : `${said} (status ${status})`;
    if (status === 401)
      return new GantryError(
        REDFISH_LOGIN_REFUSED,
        `the Redfish service at ${address} refuses user ${login.user}: ${why}`,
      );
    const kind = status >= 300 && status < 400 ? REDFISH_ANSWER_UNKNOWN : REDFISH_REFUSED;
    return new GantryError(kind, `the Redfish service at ${address} refused ${method} ${link}: ${why}`, {
      details: { status },
    });
  }

  async function read<T>(link: string, schema: z.ZodType<T>): Promise<Read<T>> {
    const answer = await ask("GET", link);
    if (answer.status !== 200) throw refuse("GET", link, answer);
    let value: unknown;
    try {
      value = JSON.parse(answer.body);
    } catch (cause) {
      throw unknown(link, "it is no JSON", cause);
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      const [first] = parsed.error.issues;
      throw unknown(link, `${first?.path.join(".") ?? ""}: ${first?.message ?? ""}`, parsed.error);
    }
    const own = (value as { "@odata.etag"?: unknown })["@odata.etag"];
    return { value: parsed.data, etag: answer.headers.etag ?? (typeof own === "string" ? own : undefined) };
  }

  function unknown(link: string, why: string, cause: unknown): GantryError {
    const message = `what ${address} answers at ${link} is not what Redfish says: ${why}`;
    return new GantryError(REDFISH_ANSWER_UNKNOWN, message, { cause });
  }

  async function send(method: "POST" | "PATCH", link: string, body: JsonObject, etag?: string): Promise<Answer> {
    const answer = await ask(method, link, body, etag === undefined ? {} : { "if-match": etag });
    if (answer.status >= 300) throw refuse(method, link, answer);
    return answer;
  }

  async function logIn(sessions: string): Promise<void> {
    const answer = await ask("POST", sessions, { UserName: login.user, Password: login.password });
    // Some say 400 or 403 to a wrong password.
    if (answer.status === 400 || answer.status === 403) throw refuse("POST", sessions, { ...answer, status: 401 });
    if (answer.status >= 300) throw refuse("POST", sessions, answer);
    const token = answer.headers["x-auth-token"];
    if (typeof token !== "string" || token === "") throw unknown(sessions, "it gives no X-Auth-Token", undefined);
    session = answer.headers.location;
    credential = { "x-auth-token": token };
  }

  try {
    // The root is there for everybody.
    const { value: root } = await read(ROOT, rootSchema);
    const sessions = root.Links?.Sessions?.["@odata.id"];
    if (attributes.authentication === "session" && sessions !== undefined) await logIn(sessions);
    else credential = { authorization: `Basic ${basic}` };
    return await act({
      root,
      read,
      async members(link, schema) {
        const found: (Read<z.output<typeof schema>> & { readonly link: string })[] = [];
        for (let page: string | undefined = link; page !== undefined;) {
          const { value: collection }: Read<z.output<typeof collectionSchema>> = await read(page, collectionSchema);
          for (const { "@odata.id": member } of collection.Members) {
            if (found.length === MOST_MEMBERS)
              throw unknown(link, `it has more than ${MOST_MEMBERS} members`, undefined);
            found.push({ ...(await read(member, schema)), link: member });
          }
          page = collection.Members.length === 0 ? undefined : collection["Members@odata.nextLink"];
        }
        return found;
      },
      change: async (link, body, etag) => void (await send("PATCH", link, body, etag)),
      post: async (link, body) => void (await send("POST", link, body)),
    });
  } finally {
    await logOut(connection);
  }

  /** A BMC has few sessions: one that is left open is in somebody's way for half an hour. */
  async function logOut(open: Connection): Promise<void> {
    try {
      if (session !== undefined && !context.signal.aborted) await ask("DELETE", session);
    } catch {
      // What was to be done is done, or failed for a reason that says more.
    } finally {
      open.close();
    }
  }
}

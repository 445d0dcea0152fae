import { Agent, request } from "node:http";
import { join } from "node:path";
import type { LoginSettings } from "../../src/access/index.ts";
import { testComposition } from "../../src/server/testing.ts";

/** What tests of logins read of an answer. */
export interface Answered {
  readonly [member: string]: unknown;
  readonly code: string;
  readonly token: string;
  readonly expiresAt: number;
  readonly account: object;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

export interface LoginAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Answered;
}

/** A whole server in the test's process, asked over its socket. */
export interface LoginClient {
  /** As the owner of the server, or with a token. */
  call(method: string, path: string, body?: unknown, token?: string, cookie?: string): Promise<LoginAnswer>;
  logIn(name: string, password: string, more?: object): Promise<LoginAnswer>;
  /** The newest entries of the server's audit with this action. */
  audited(action: string): Promise<Answered["items"]>;
  close(): Promise<void>;
}

/** Passwords cost next to nothing in it. */
export async function createLoginClient(
  folder: string,
  login: Partial<LoginSettings>,
  more: Partial<Parameters<typeof testComposition>[2] & object> = {},
): Promise<LoginClient> {
  const made = await testComposition(folder, "the right token", {
    login: { session: 12 * 60 * 60 * 1000, cost: { log2N: 10, r: 8, p: 1 }, ...login },
    ...more,
  });
  const socketPath = join(folder, "gantry.sock");
  await made.composition.http.listenOnSocket(socketPath);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  function call(method: string, path: string, body?: unknown, token?: string, cookie?: string): Promise<LoginAnswer> {
    const headers = {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(cookie !== undefined && { cookie }),
      "if-match": "*",
    };
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath, method, path, headers, agent }, (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += String(chunk)));
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: (text === "" ? {} : JSON.parse(text)) as Answered,
          }),
        );
      });
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  return {
    call,
    logIn: (name, password, rest = {}) => call("POST", "/v1/login", { name, password, ...rest }),
    audited: async (action) => (await call("GET", `/v1/audit?chain=server&action=${action}&limit=1000`)).body.items,
    async close() {
      agent.destroy();
      await made.close();
    },
  };
}

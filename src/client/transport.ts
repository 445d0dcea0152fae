import type { Agent, IncomingMessage } from "node:http";
import type { RequestOptions } from "node:https";
import type { PeerCertificate } from "node:tls";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { ANSWER_NOT_UNDERSTOOD, CLIENT_ADDRESS_INVALID, SERVER_NOT_RUNNING, SERVER_UNREACHABLE } from "./errors.ts";
import type { Address } from "./model.ts";

// Importing node:http evaluates all its exports, among them a whole WebSocket client.
const http = process.getBuiltinModule("node:http");

export interface Outgoing {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests to one server. */
export interface Transport {
  /** Where it asks, for messages. */
  readonly server: string;
  /** Resolves with the head of the answer; its body is still to be read. Errors: `server_not_running`, `server_unreachable`. */
  open(outgoing: Outgoing): Promise<IncomingMessage>;
  /** Closes what is kept open. */
  close(): void;
}

/**
 * The name every server certificate of a Gantry authority bears, whatever address it is reached at: the same as `SERVER_NAME` of
 * `platform/http`, which would bring a web server along.
 */
const SERVER_NAME = "gantry-server";

/** What the system says of a connection that the other end has closed. */
const BROKEN: readonly string[] = ["ECONNRESET", "EPIPE"];

/** `headers` go with every request. Errors: `client_address_invalid`. */
export function createTransport(address: Address, headers: Readonly<Record<string, string>> = {}): Transport {
  return "socket" in address ? overSocket(address.socket, headers) : overTls(address, headers);
}

/**
 * A connection that was kept may be closed by the server at the moment it is used again. What only reads is then asked once more; what changes
 * something gets a new connection, as nobody could say whether it was done. That one may be kept as well, for what is asked next.
 */
interface Agents {
  readonly kept: Agent;
  readonly single: Agent;
}

function agentFor({ kept, single }: Agents, method: string): Agent {
  const isNew = Object.keys(kept.freeSockets).length === 0;
  return method === "GET" || isNew ? kept : single;
}

function overSocket(socketPath: string, headers: Readonly<Record<string, string>>): Transport {
  const agents = { kept: new http.Agent({ keepAlive: true }), single: new http.Agent({ keepAlive: false }) };
  // Without a name of a server, which only TLS needs, Node looks whether the host is an address, by an expression that takes 3 ms to compile.
  const place = { socketPath, servername: "", headers };
  return {
    server: socketPath,
    open: (outgoing) =>
      sent(outgoing, agents, place, http.request, (error) =>
        error.code === "ENOENT" || error.code === "ECONNREFUSED"
          ? new GantryError(SERVER_NOT_RUNNING, `no server answers at ${socketPath}`, { cause: error })
          : undefined,
      ),
    close: () => agents.kept.destroy(),
  };
}

function overTls(
  { url, token, authority }: Exclude<Address, { socket: string }>,
  headers: Readonly<Record<string, string>>,
): Transport {
  const target = URL.parse(url);
  if (target?.protocol !== "https:" || target.pathname !== "/" || target.search !== "")
    throw new GantryError(CLIENT_ADDRESS_INVALID, `'${url}' is not an address like https://127.0.0.1:7411`);
  const https = process.getBuiltinModule("node:https");
  const { checkServerIdentity } = process.getBuiltinModule("node:tls");
  const trust = {
    ca: authority,
    allowPartialTrustChain: true,
    checkServerIdentity(host: string, certificate: PeerCertificate): Error | undefined {
      const wrong = checkServerIdentity(host, certificate);
      return checkServerIdentity(SERVER_NAME, certificate) === undefined ? undefined : wrong;
    },
  };
  // HTTPS_PROXY, NO_PROXY and their kind are read from the environment.
  const options = { proxyEnv: process.env, ...(authority === undefined ? {} : trust) };
  const agents = {
    kept: new https.Agent({ ...options, keepAlive: true }),
    single: new https.Agent({ ...options, keepAlive: false }),
  };
  const place = {
    host: target.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: target.port === "" ? 443 : Number(target.port),
    headers: { ...headers, authorization: `Bearer ${token}` },
  };
  return {
    server: target.origin,
    open: (outgoing) =>
      sent(
        outgoing,
        agents,
        place,
        https.request,
        (error) =>
          new GantryError(SERVER_UNREACHABLE, `cannot reach ${target.origin}: ${messageOf(error)}`, { cause: error }),
      ),
    close: () => agents.kept.destroy(),
  };
}

async function sent(
  outgoing: Outgoing,
  agents: Agents,
  options: RequestOptions,
  request: typeof http.request,
  known: (error: NodeJS.ErrnoException) => GantryError | undefined,
): Promise<IncomingMessage> {
  const { method, path, headers, body, signal } = outgoing;
  const whole = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const given: RequestOptions = {
    ...options,
    method,
    path,
    agent: agentFor(agents, method),
    headers: {
      accept: "application/json",
      ...(whole && body !== undefined ? { "content-length": Buffer.byteLength(body) } : {}),
      ...headers,
      ...(options.headers as Record<string, string> | undefined),
    },
    ...(signal === undefined ? {} : { signal }),
  };
  const { Readable } = process.getBuiltinModule("node:stream");
  return new Promise((resolve, reject) => {
    begin(true);
    function begin(first: boolean): void {
      let unread: Error | undefined;
      const one = request(first ? given : { ...given, agent: agents.single }, resolve);
      one.on("error", (error: NodeJS.ErrnoException) => {
        // What the caller gave could not be read, or the caller wants no more: that says nothing of the server.
        if (signal?.aborted === true || error === unread) reject(error);
        else if (first && one.reusedSocket && BROKEN.includes(error.code ?? "")) begin(false);
        else reject(known(error) ?? brokenOff(error));
      });
      if (whole) one.end(body);
      else {
        const source = Readable.from(body);
        source.on("error", (error) => {
          unread = error;
          one.destroy(error);
        });
        source.pipe(one);
      }
    }
  });
}

/** Errors of a connection that was there, in our form; others as they are. */
export function brokenOff(error: NodeJS.ErrnoException): Error {
  if (!BROKEN.includes(error.code ?? "")) return error;
  return new GantryError(ANSWER_NOT_UNDERSTOOD, "the server closed the connection before it had answered", {
    cause: error,
  });
}

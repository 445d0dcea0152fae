import { readFile } from "node:fs/promises";
import type { IncomingMessage, RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import { addressText, type EngineAddress } from "./address.ts";
import { DOCKER_ANSWER_UNKNOWN, DOCKER_REFUSED, DOCKER_TOO_OLD, DOCKER_UNREACHABLE } from "./errors.ts";

// Importing node:http evaluates all its exports, among them a whole WebSocket client of 14 MB.
const { request: httpRequest } = process.getBuiltinModule("node:http");

/** The Engine API over HTTP: one connection a request, errors with codes, the version both ends know. */

export interface Ask {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Below the version, beginning with `/`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json | Readable;
  readonly signal: AbortSignal;
}

export interface EngineClient {
  /** Where the engine is, for messages. */
  readonly title: string;
  /** The answer, to be read. Throws `docker_unreachable`; `docker_refused` for any status of 400 and more. */
  open(ask: Ask): Promise<IncomingMessage>;
  /** The answer's body. */
  bytes(ask: Ask): Promise<Buffer>;
  /** The answer's body as what it should be. Throws `docker_answer_unknown`. */
  json<T>(ask: Ask, schema: z.ZodType<T>): Promise<T>;
}

/** Source of what is used: docs.docker.com/reference/api/engine. 1.41 is Docker 20.10. */
const OLDEST = "1.41";
const NEWEST = "1.47";
const LARGEST_ANSWER = 32 * 1024 * 1024;

export function createEngineClient(address: EngineAddress): EngineClient {
  const title = addressText(address);
  let version: string | undefined;

  async function open(ask: Ask): Promise<IncomingMessage> {
    version ??= await negotiate(ask.signal);
    return send(`/v${version}`, ask);
  }

  /** Asks without a version, which every engine answers. An engine that is restarted meanwhile does not get older. */
  async function negotiate(signal: AbortSignal): Promise<string> {
    const answer = await send("", { method: "GET", path: "/version", signal });
    const { ApiVersion: newest, MinAPIVersion: oldest } = parse(title, await read(title, answer), versionSchema);
    if (later(OLDEST, newest) || later(oldest, NEWEST)) {
      throw new GantryError(
        DOCKER_TOO_OLD,
        `the engine at ${title} speaks versions ${oldest} to ${newest} of its API, Gantry ${OLDEST} to ${NEWEST}`,
      );
    }
    return later(newest, NEWEST) ? NEWEST : newest;
  }

  async function send(prefix: string, ask: Ask): Promise<IncomingMessage> {
    const answer = await transmit(title, await connection(address), prefix, ask);
    const status = answer.statusCode ?? 0;
    if (status < 400) return answer;
    throw refusal(title, ask, status, await read(title, answer));
  }

  return {
    title,
    open,
    bytes: async (ask) => read(title, await open(ask)),
    json: async (ask, schema) => parse(title, await read(title, await open(ask)), schema),
  };
}

/** Whether the engine refused with this HTTP status. */
export function isRefusal(error: unknown, status: number): error is GantryError {
  return error instanceof GantryError && error.kind === DOCKER_REFUSED && error.details["status"] === status;
}

/** The engine's own words, when it refused. */
export function refusalText(error: unknown): string {
  return error instanceof GantryError && error.kind === DOCKER_REFUSED ? String(error.details["said"]) : "";
}

const versionSchema = z.looseObject({ ApiVersion: z.string(), MinAPIVersion: z.string().default("1.0") });

async function connection(address: EngineAddress): Promise<RequestOptions> {
  if (address.kind === "unix") return { socketPath: address.path };
  const { host, port, certificates } = address;
  if (certificates === undefined) return { host, port };
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => readFile(join(certificates, name))),
  ).catch((error: unknown) => {
    throw unreachable(`${host}:${port}`, error);
  });
  return { protocol: "https:", host, port, ca, cert, key } as RequestOptions;
}

function transmit(title: string, options: RequestOptions, prefix: string, ask: Ask): Promise<IncomingMessage> {
  const query = ask.query === undefined ? "" : `?${new URLSearchParams(ask.query)}`;
  const { body } = ask;
  const stream = isStream(body) ? body : undefined;
  const text = body === undefined || stream !== undefined ? undefined : JSON.stringify(body);
  const headers = {
    // An engine that refuses does so before it has read all of a large body, and would be taken for one that broke off.
    ...(stream === undefined ? {} : { "content-type": "application/x-tar", expect: "100-continue" }),
    ...(text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
  };
  const open = options.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    function fail(error: unknown): void {
      stream?.destroy();
      reject(ask.signal.aborted ? ask.signal.reason : unreachable(title, error));
    }
    const request = open({
      ...options,
      method: ask.method,
      path: `${prefix}${ask.path}${query}`,
      headers: { host: "docker", ...headers },
      // A connection kept from before an engine's restart would only fail.
      agent: false,
      signal: ask.signal,
    });
    request.on("error", fail);
    request.on("response", (answer) => {
      resolve(answer);
      stream?.destroy();
    });
    if (stream === undefined) request.end(text);
    else request.on("continue", () => void pipeline(stream, request).catch(fail));
  });
}

async function read(title: string, answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > LARGEST_ANSWER) throw new GantryError(DOCKER_ANSWER_UNKNOWN, `an answer of ${title} has no end`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof GantryError ? error : unreachable(title, error);
  }
  return Buffer.concat(chunks);
}

function parse<T>(title: string, body: Buffer, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(body.toString("utf8")));
  } catch (error) {
    throw new GantryError(DOCKER_ANSWER_UNKNOWN, `${title} does not answer like a Docker engine`, { cause: error });
  }
}

const refusalSchema = z.looseObject({ message: z.string() });

/** What an engine says while it is going down, or has lost its containerd: nothing about what was asked. */
const GOING =
  /connection is closing|transport is closing|context canceled|code = Unavailable|connection error|shutting down/i;

function refusal(title: string, ask: Ask, status: number, body: Buffer): GantryError {
  let said = body.toString("utf8").trim();
  try {
    said = refusalSchema.parse(JSON.parse(said)).message.trim();
  } catch {
    // A proxy's page, or nothing: as it is.
  }
  if (status === 503 || (status >= 500 && GOING.test(said))) return unreachable(title, new Error(said));
  return new GantryError(DOCKER_REFUSED, `the Docker engine refused: ${said.slice(0, 1000) || `status ${status}`}`, {
    details: { status, said, request: `${ask.method} ${ask.path}` },
  });
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such socket",
  EACCES: "you may not use its socket",
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "it broke off the connection",
  EPIPE: "it broke off the connection",
};

function unreachable(title: string, error: unknown): GantryError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? "";
  const why = WHY[code] === undefined ? messageOf(error) : `${WHY[code]} (${code})`;
  return new GantryError(DOCKER_UNREACHABLE, `the Docker engine at ${title} does not answer: ${why}`, { cause: error });
}

/** Compares versions like 1.41. */
function later(one: string, other: string): boolean {
  const [major = 0, minor = 0] = one.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number);
  return major > otherMajor || (major === otherMajor && minor > otherMinor);
}

function isStream(body: Json | Readable | undefined): body is Readable {
  return typeof body === "object" && body !== null && "pipe" in body;
}

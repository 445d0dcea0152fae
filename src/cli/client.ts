import { createReadStream, type ReadStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { ANSWER_NOT_UNDERSTOOD, SERVER_NOT_RUNNING } from "./errors.ts";
import { ServerProblem, type ProblemDocument } from "./server-problem.ts";

// Importing node:http evaluates all its exports, among them a whole WebSocket client: 40 ms of every command.
const { request } = process.getBuiltinModule("node:http");

export interface Client {
  /** @throws ServerProblem what the server refused; GantryError `server_not_running` */
  get<Answer = Json>(path: string): Promise<Answer>;
  send<Answer = Json>(
    method: "POST" | "PATCH" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** Sends a file's bytes. Returns the SHA-256 the server keeps them under. */
  upload(path: string, file: string): Promise<string>;
  /**
   * The lines of an answer that goes on (NDJSON), until it ends or `signal` is aborted. Resolves once the server has begun it: what happens
   * from then on is in it.
   */
  follow<Line = Json>(path: string, signal?: AbortSignal): Promise<AsyncGenerator<Line>>;
}

/** A client of the server behind a Unix socket. */
export function socketClient(socketPath: string): Client {
  function open(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          socketPath,
          method,
          path,
          headers: {
            accept: "application/json",
            ...(body === undefined
              ? {}
              : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
            ...headers,
          },
          ...(signal === undefined ? {} : { signal }),
        },
        resolve,
      );
      outgoing.on("error", (error: NodeJS.ErrnoException) => reject(connectionError(error, socketPath)));
      outgoing.end(body);
    });
  }

  function send(path: string, body: ReadStream): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { socketPath, method: "POST", path, headers: { "content-type": "application/octet-stream" } },
        resolve,
      );
      outgoing.on("error", (error: NodeJS.ErrnoException) => reject(connectionError(error, socketPath)));
      body.on("error", (error) => outgoing.destroy(error));
      body.pipe(outgoing);
    });
  }

  async function call<Answer>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await open(method, path, body === undefined ? undefined : JSON.stringify(body), headers);
    const text = await textOf(answer);
    const status = answer.statusCode ?? 500;
    if (status >= 400) throw problemOf(status, text);
    return (text === "" ? null : parse(text)) as Answer;
  }

  return {
    get: (path) => call("GET", path),
    send: (method, path, body, headers) => call(method, path, body, headers),
    async upload(path, file) {
      const answer = await send(path, createReadStream(file));
      const text = await textOf(answer);
      const status = answer.statusCode ?? 500;
      if (status >= 400) throw problemOf(status, text);
      return (parse(text) as { sha256: string }).sha256;
    },
    async follow<Line>(path: string, signal?: AbortSignal): Promise<AsyncGenerator<Line>> {
      const answer = await open("GET", path, undefined, { accept: "application/x-ndjson" }, signal);
      const status = answer.statusCode ?? 500;
      if (status >= 400) throw problemOf(status, await textOf(answer));
      return linesOf<Line>(answer, signal);
    },
  };
}

async function* linesOf<Line>(answer: IncomingMessage, signal: AbortSignal | undefined): AsyncGenerator<Line> {
  try {
    for await (const line of createInterface({ input: answer, crlfDelay: Infinity })) {
      if (line !== "") yield parse(line) as Line;
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    answer.destroy();
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new GantryError(ANSWER_NOT_UNDERSTOOD, "the server's answer is not JSON", { cause });
  }
}

function problemOf(status: number, text: string): ServerProblem {
  const document = parse(text) as unknown as Partial<ProblemDocument>;
  return new ServerProblem({
    ...document,
    status,
    code: document.code ?? "internal",
    detail: document.detail ?? "no detail",
  });
}

function connectionError(error: NodeJS.ErrnoException, socketPath: string): Error {
  if (error.code === "ENOENT" || error.code === "ECONNREFUSED") {
    return new GantryError(SERVER_NOT_RUNNING, `no server answers at ${socketPath}`, { cause: error });
  }
  if (error.code === "ECONNRESET" || error.code === "EPIPE") {
    return new GantryError(ANSWER_NOT_UNDERSTOOD, "the server closed the connection before it had answered", {
      cause: error,
    });
  }
  return error;
}

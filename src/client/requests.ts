import type { IncomingMessage } from "node:http";
import type { Json } from "../kernel/json.ts";
import type { Requests } from "./model.ts";
import { errorOf, parseAnswer } from "./problem.ts";
import { linesIn } from "./lines.ts";
import { brokenOff, type Outgoing, type Transport } from "./transport.ts";

/** Requests by path, and their answers as values or errors. `missing` is told of answers that lack what backends hold. */
export function createRequests(
  transport: Transport,
  missing: (backends: readonly string[]) => void = () => {},
): Requests {
  /** An answer that is no problem. */
  async function open(outgoing: Outgoing): Promise<IncomingMessage> {
    const answer = await transport.open(outgoing);
    const status = answer.statusCode ?? 500;
    if (status >= 400) throw errorOf(status, parseAnswer(await textOf(answer)));
    const lacking = answer.headers["gantry-missing"];
    if (typeof lacking === "string") missing(lacking.split(", "));
    return answer;
  }

  async function call(outgoing: Outgoing): Promise<Json> {
    const text = await textOf(await open(outgoing));
    return text === "" ? null : parseAnswer(text);
  }

  return {
    get: async <Answer>(path: string, options = {}) => (await call({ method: "GET", path, ...options })) as Answer,
    send: async <Answer>(method: string, path: string, body?: unknown, headers = {}, options = {}) =>
      (await call({
        method,
        path,
        ...options,
        ...(body === undefined
          ? { headers }
          : { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } }),
      })) as Answer,
    upload: async <Answer>(path: string, body: Outgoing["body"], headers = {}, options = {}, method = "POST") =>
      (await call({
        method,
        path,
        body,
        headers: { "content-type": "application/octet-stream", ...headers },
        ...options,
      })) as Answer,
    download: async (path, options = {}) =>
      chunksOf(await open({ method: "GET", path, headers: { accept: "*/*" }, ...options }), options.signal),
    fetch: async (method, path, body, options = {}) =>
      chunksOf(
        await open({
          method,
          path,
          body: JSON.stringify(body ?? {}),
          headers: { accept: "*/*", "content-type": "application/json" },
          ...options,
        }),
        options.signal,
      ),
    async lines<Line>(path: string, options = {}) {
      const headers = { accept: "application/x-ndjson" };
      const answer = await open({ method: "GET", path, headers, ...options });
      return valuesOf<Line>(chunksOf(answer, (options as { signal?: AbortSignal }).signal));
    },
  };
}

async function* valuesOf<Line>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void, undefined> {
  for await (const line of linesIn(chunks)) {
    if (line === "") continue;
    const value = parseAnswer(line) as { readonly problem?: { readonly status?: number } };
    // The server could no longer say so by a status.
    if (value?.problem?.status !== undefined) throw errorOf(value.problem.status, value.problem as Json);
    yield value as Line;
  }
}

/** What an answer brings. Ends quietly when its signal is aborted; the connection is closed when it is no longer read. */
export async function* chunksOf(
  answer: IncomingMessage,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of answer) yield chunk as Uint8Array;
  } catch (error) {
    if (signal?.aborted !== true) throw brokenOff(error as NodeJS.ErrnoException);
  } finally {
    answer.destroy();
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (error) {
    throw brokenOff(error as NodeJS.ErrnoException);
  }
  return Buffer.concat(chunks).toString("utf8");
}

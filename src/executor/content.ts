import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Agent } from "node:https";
import { pipeline, Readable } from "node:stream";
import { createZstdDecompress } from "node:zlib";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import {
  backoffDelay,
  type BroughtFile,
  canDownload,
  EXECUTOR_HEADER,
  inLargePieces,
  LINK_PATHS,
  openDownload,
  openRequest,
  requestProofText,
  signRequest,
} from "../link/index.ts";
import { CONTENT_NOT_TAKEN, CONTENT_UNAVAILABLE } from "./errors.ts";

/** Fetches content by its hash from the server, and brings it there, with the executor's own signature. */

export interface ContentParts {
  readonly urls: readonly string[];
  readonly executor: string;
  /** PKCS #8, PEM. */
  readonly key: string;
  agent(): Agent;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ContentLink {
  /**
   * Yields the bytes behind `from`; each piece is good until the next is asked for. A broken transfer is taken up where it stopped. Ends with
   * `content_unavailable` when that does not help, or the bytes are wrong; with `from` given they are not checked: who has the others can.
   * `size`: of all of it, where it is known.
   */
  content(sha256: string, from?: number, size?: number): AsyncIterable<Uint8Array>;
  /** Brings a file that a task asked for. Goes on where it stopped. Errors: `content_not_taken`. */
  bring(task: string, file: BroughtFile): Promise<void>;
}

/** Answers that are no content, until there is no more trying. */
const TRIES = 6;
/** Milliseconds a server that cannot be reached is waited for: it is being started anew. The task's own time-out may be shorter. */
const AWAY = 10 * 60 * 1000;
/** Longest wait between two tries, milliseconds. */
const PAUSE = 2000;
/** Milliseconds without a byte. */
const SILENCE = 20_000;
/** Milliseconds two clocks may differ before ours is taken for wrong. */
const CLOCK_DIFFERENCE = 60_000;
/** Bytes from which a connection of its own is worth its handshake. */
const LARGE = 4 * 1024 * 1024;
/** Bytes of an answer to an upload that are read. */
const ANSWER = 64 * 1024;

export function contentLink(parts: ContentParts): ContentLink {
  /** How far the server's clock is ahead of ours: a machine without a battery starts in 1970. */
  let ahead = 0;

  function urlOf(attempt: number): string {
    return parts.urls[attempt % parts.urls.length] as string;
  }

  async function send(
    path: string,
    attempt: number,
    more: { readonly method: "GET" | "PUT"; readonly headers: Record<string, string>; readonly body?: Readable },
  ): Promise<IncomingMessage> {
    const { time, text } = proof(path);
    const headers = { ...more.headers, [EXECUTOR_HEADER]: text };
    const response = await openRequest({
      url: urlOf(attempt),
      path,
      agent: parts.agent(),
      timeout: SILENCE,
      ...more,
      headers,
    });
    const server = Date.parse(response.headers.date ?? "");
    if (response.statusCode === 401 && Number.isFinite(server) && Math.abs(server - time) > CLOCK_DIFFERENCE)
      ahead = server - parts.clock.now();
    return response;
  }

  function proof(path: string): { readonly time: number; readonly text: string } {
    const time = Math.max(0, Math.round(parts.clock.now() + ahead));
    const signature = signRequest(parts.key, { executor: parts.executor, time, path });
    return { time, text: requestProofText({ executor: parts.executor, time, signature }) };
  }

  /** What is large comes past Node's HTTP, unless the server would rather compress it, or says no: why, shows in the other way. */
  async function open(
    sha256: string,
    from: number,
    attempt: number,
    large: boolean,
  ): Promise<AsyncGenerator<Uint8Array>> {
    const path = `${LINK_PATHS.content}${sha256}${from === 0 ? "" : `?from=${from}`}`;
    const encodings = { "accept-encoding": "zstd" };
    if (large && canDownload(parts.agent())) {
      const body = await openDownload({
        url: urlOf(attempt),
        path,
        agent: parts.agent(),
        headers: { ...encodings, [EXECUTOR_HEADER]: proof(path).text },
        timeout: SILENCE,
        clock: parts.clock,
      });
      if (body !== undefined) return body;
    }
    const response = await send(path, attempt, { method: "GET", headers: encodings });
    if (response.statusCode !== 200) {
      response.destroy();
      const why = `the server answered ${response.statusCode}`;
      // What it lacks, or gives to others, it will not have later either.
      throw response.statusCode === 404 ? new Unwanted(why) : new Refused(why);
    }
    if (response.headers["content-encoding"] !== "zstd") return inLargePieces(response);
    const unpacked = createZstdDecompress();
    pipeline(response, unpacked, () => undefined);
    return inLargePieces(unpacked);
  }

  /** Tries until it is done. `work` throws `Refused` for an answer that is no connection's fault. */
  async function patiently(work: (attempt: number) => Promise<void>, failed: (why: unknown) => Error): Promise<void> {
    const began = parts.clock.now();
    let refusals = 0;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work(attempt);
      } catch (error) {
        if (error instanceof Refused) refusals += 1;
        if (error instanceof Unwanted || refusals >= TRIES || parts.clock.now() - began > AWAY) throw failed(error);
        await pauseBefore(attempt);
      }
    }
  }

  function pauseBefore(attempt: number): Promise<void> {
    const pause = Math.min(PAUSE, backoffDelay(attempt, parts.random));
    return new Promise((resolve) => parts.clock.after(pause, resolve));
  }

  return {
    async *content(sha256, from, size = 0) {
      const hash = from === undefined ? createHash("sha256") : undefined;
      let received = from ?? 0;
      function failed(why: unknown): Error {
        return new GantryError(CONTENT_UNAVAILABLE, `content ${sha256} cannot be fetched: ${messageOf(why)}`, {
          cause: why,
        });
      }
      const began = parts.clock.now();
      let stuck = 0;
      for (let over = false; !over;) {
        let pieces: AsyncGenerator<Uint8Array> | undefined;
        const before = received;
        await patiently(async (attempt) => {
          pieces = await open(sha256, received, attempt, size - received >= LARGE);
        }, failed);
        try {
          for await (const piece of pieces!) {
            received += piece.length;
            hash?.update(piece);
            yield piece;
          }
          over = true;
        } catch (error) {
          stuck = received > before ? 0 : stuck + 1;
          if (stuck >= TRIES && parts.clock.now() - began > AWAY) throw failed(error);
          if (stuck > 0) await pauseBefore(stuck);
        }
      }
      if (hash !== undefined && hash.digest("hex") !== sha256)
        throw new GantryError(CONTENT_UNAVAILABLE, `what the server sent is not content ${sha256}`);
    },
    async bring(task, { sha256, size, read }) {
      let from = 0;
      await patiently(
        async (attempt) => {
          const query = new URLSearchParams({ size: String(size), from: String(from), task });
          const response = await send(`${LINK_PATHS.content}${sha256}?${query}`, attempt, {
            method: "PUT",
            headers: { "content-type": "application/octet-stream", "content-length": String(size - from) },
            body: Readable.from(read(from)),
          });
          const { statusCode = 0 } = response;
          const answer = await answerOf(response);
          if (statusCode === 200) return;
          if (answer.code === "content_upload_elsewhere" && typeof answer.details?.received === "number")
            from = answer.details.received;
          const why = `the server answered ${statusCode}${answer.detail === undefined ? "" : `: ${answer.detail}`}`;
          throw ["content_wrong", "content_too_large"].includes(answer.code ?? "")
            ? new Unwanted(why)
            : new Refused(why);
        },
        (why) =>
          new GantryError(CONTENT_NOT_TAKEN, `content ${sha256} cannot be brought to the server: ${messageOf(why)}`, {
            cause: why,
          }),
      );
    },
  };
}

interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly details?: { readonly received?: number | null };
}

async function answerOf(response: IncomingMessage): Promise<Problem> {
  let text = "";
  for await (const chunk of response) if (text.length < ANSWER) text += (chunk as Buffer).toString();
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return {};
  }
}

/** The server answered, and it was not what was asked for. */
class Refused extends Error {}

/** Trying again is no use. */
class Unwanted extends Error {}

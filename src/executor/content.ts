import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Agent } from "node:https";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import {
  backoffDelay,
  EXECUTOR_HEADER,
  LINK_PATHS,
  openRequest,
  requestProofText,
  signRequest,
} from "../link/index.ts";
import { CONTENT_UNAVAILABLE } from "./errors.ts";

/** Fetches content by its hash from the server, with the executor's own signature. */

export interface ContentParts {
  readonly urls: readonly string[];
  readonly executor: string;
  /** PKCS #8, PEM. */
  readonly key: string;
  agent(): Agent;
  readonly clock: Clock;
  readonly random: Random;
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

/** A broken transfer is taken up where it stopped. Ends with `content_unavailable` when that does not help, or the bytes are wrong. */
export function contentFetcher(parts: ContentParts): (sha256: string) => AsyncIterable<Uint8Array> {
  /** How far the server's clock is ahead of ours: a machine without a battery starts in 1970. */
  let ahead = 0;

  async function open(sha256: string, attempt: number): Promise<IncomingMessage> {
    const path = `${LINK_PATHS.content}${sha256}`;
    const url = parts.urls[attempt % parts.urls.length] as string;
    const time = Math.max(0, Math.round(parts.clock.now() + ahead));
    const signature = signRequest(parts.key, { executor: parts.executor, time, path });
    const headers = { [EXECUTOR_HEADER]: requestProofText({ executor: parts.executor, time, signature }) };
    const response = await openRequest({ url, path, method: "GET", agent: parts.agent(), headers, timeout: SILENCE });
    if (response.statusCode === 200) return response;
    response.destroy();
    const server = Date.parse(response.headers.date ?? "");
    if (response.statusCode === 401 && Number.isFinite(server) && Math.abs(server - time) > CLOCK_DIFFERENCE) {
      ahead = server - parts.clock.now();
    }
    throw new Refused(`the server answered ${response.statusCode}`);
  }

  return async function* fetchContent(sha256) {
    const hash = createHash("sha256");
    const began = parts.clock.now();
    let received = 0;
    let refusals = 0;
    for (let attempt = 0; ; attempt += 1) {
      try {
        let skip = received;
        for await (const chunk of await open(sha256, attempt)) {
          const bytes = (chunk as Buffer).subarray(skip);
          skip = Math.max(0, skip - (chunk as Buffer).length);
          if (bytes.length === 0) continue;
          received += bytes.length;
          hash.update(bytes);
          yield bytes;
        }
        break;
      } catch (error) {
        if (error instanceof Refused) refusals += 1;
        if (refusals >= TRIES || parts.clock.now() - began > AWAY) {
          throw new GantryError(CONTENT_UNAVAILABLE, `content ${sha256} cannot be fetched: ${messageOf(error)}`, {
            cause: error,
          });
        }
        const pause = Math.min(PAUSE, backoffDelay(attempt, parts.random));
        await new Promise<void>((resolve) => parts.clock.after(pause, resolve));
      }
    }
    if (hash.digest("hex") !== sha256)
      throw new GantryError(CONTENT_UNAVAILABLE, `what the server sent is not content ${sha256}`);
  };
}

/** The server answered, and it was not the content. */
class Refused extends Error {}

import type { Agent } from "node:https";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { type CloseReason, type Connection, createInbox } from "./connection.ts";
import { LINK_UNREACHABLE } from "./errors.ts";
import { FRAME_LIMIT } from "./frames.ts";
import {
  ACCEPTED,
  AFTER_HEADER,
  CONNECTION_HEADER,
  ENDED,
  POLL_BODY_LIMIT,
  POLL_HOLD,
  SEQUENCE_HEADER,
} from "./poll.ts";
import { type Answer, type RequestOptions, request } from "./request.ts";

/** The link over plain HTTPS requests, for networks that let no WebSocket through: this is the executor's end. */

export interface PollTarget {
  readonly url: string;
  readonly path: string;
  readonly agent: Agent;
  readonly timeout: number;
}

/** How often one request is tried before the connection counts as lost. Both directions are numbered, so a repeat does no harm. */
const TRIES = 3;

/** Resolves when the server opened a connection. Throws `link_unreachable`. */
export async function openPoll(target: PollTarget): Promise<Connection> {
  const base = { url: target.url, path: target.path, agent: target.agent, timeout: target.timeout };
  const opened = await request({ ...base, method: "POST", body: "" }, 4096);
  const token = opened.headers[CONNECTION_HEADER];
  if (opened.status !== ACCEPTED || typeof token !== "string") {
    throw new GantryError(LINK_UNREACHABLE, `${target.url} does not speak long-poll: it answered ${opened.status}`);
  }
  return pollConnection(base, token, target.timeout);
}

function pollConnection(
  base: Pick<RequestOptions, "url" | "path" | "agent" | "timeout">,
  token: string,
  timeout: number,
): Connection {
  const inbox = createInbox();
  const stop = new AbortController();
  let outgoing: string[] = [];
  let outgoingBytes = 0;
  let sending = false;
  let sent = 0;
  let closing: CloseReason | undefined;
  let paused: { promise: Promise<void>; resolve: () => void } | undefined;

  function ended(reason: CloseReason): void {
    inbox.closed(reason);
    stop.abort();
  }

  async function tries(
    options: Omit<RequestOptions, "url" | "path" | "agent" | "timeout">,
    patience: number,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const given = { ...base, ...options, timeout: patience, signal: stop.signal };
        return await request(
          { ...given, headers: { ...options.headers, [CONNECTION_HEADER]: token } },
          POLL_BODY_LIMIT,
        );
      } catch (error) {
        if (attempt >= TRIES || stop.signal.aborted) throw error;
      }
    }
  }

  async function sendLoop(): Promise<void> {
    if (sending) return;
    sending = true;
    try {
      while (outgoing.length > 0 && !stop.signal.aborted) {
        const lines = takeUpTo(outgoing, POLL_BODY_LIMIT);
        outgoing = outgoing.slice(lines.length);
        sent += 1;
        const body = lines.join("\n");
        // The server holds the answer back while it is paused, so there is no limit but the connection's own silence.
        const answer = await tries(
          { method: "POST", body, headers: { [SEQUENCE_HEADER]: String(sent) } },
          timeout + POLL_HOLD,
        );
        outgoingBytes -= lines.reduce((sum, line) => sum + line.length, 0);
        if (answer.status !== ACCEPTED) return ended(reasonOf(answer));
      }
      if (closing !== undefined && !stop.signal.aborted) {
        await tries({ method: "DELETE" }, timeout);
        ended(closing);
      }
    } catch (error) {
      ended({ code: "closed", text: messageOf(error) });
    } finally {
      sending = false;
    }
  }

  async function receiveLoop(): Promise<void> {
    let after = 0;
    try {
      while (!stop.signal.aborted) {
        await paused?.promise;
        const answer = await tries({ method: "GET", headers: { [AFTER_HEADER]: String(after) } }, timeout + POLL_HOLD);
        if (answer.status === ENDED) return ended(reasonOf(answer));
        if (answer.status !== 200) return ended({ code: "closed", text: `the server answered ${answer.status}` });
        after = Number(answer.headers[SEQUENCE_HEADER] ?? after);
        for (const frame of answer.body.toString().split("\n")) if (frame !== "") inbox.frame(frame);
      }
    } catch (error) {
      ended(closing ?? { code: "closed", text: messageOf(error) });
    }
  }

  void receiveLoop();
  return {
    send(frame) {
      if (inbox.ended() || closing !== undefined) return;
      outgoing.push(frame);
      outgoingBytes += frame.length;
      void sendLoop();
    },
    buffered: () => outgoingBytes,
    pause() {
      inbox.pause();
      paused ??= Promise.withResolvers<void>();
    },
    resume() {
      paused?.resolve();
      paused = undefined;
      inbox.resume();
    },
    close(reason) {
      if (inbox.ended() || closing !== undefined) return;
      closing = reason;
      void sendLoop();
    },
    listen: inbox.listen,
  };
}

/** The first frames that fit together, at least one. */
function takeUpTo(frames: readonly string[], bytes: number): string[] {
  const taken: string[] = [];
  let size = 0;
  for (const frame of frames) {
    // A character has up to three bytes in UTF-8.
    size += Math.min(Buffer.byteLength(frame), FRAME_LIMIT) + 1;
    if (taken.length > 0 && size > bytes) break;
    taken.push(frame);
  }
  return taken;
}

function reasonOf(answer: Answer): CloseReason {
  try {
    const parsed = JSON.parse(answer.body.toString()) as Partial<CloseReason>;
    if (typeof parsed.code === "string" && typeof parsed.text === "string")
      return { code: parsed.code, text: parsed.text };
  } catch {
    // Something between the two answered in the server's place.
  }
  return { code: "closed", text: `the server answered ${answer.status}` };
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/ids.ts";
import { type CloseReason, type Connection, createInbox, type Inbox } from "./connection.ts";
import { LINK_MESSAGE_MALFORMED, LINK_MESSAGE_TOO_LARGE, LINK_SILENT, LINK_STOPPING } from "./errors.ts";
import {
  ACCEPTED,
  AFTER_HEADER,
  CONNECTION_HEADER,
  ENDED,
  POLL_BODY_LIMIT,
  POLL_HOLD,
  SEQUENCE_HEADER,
} from "./poll.ts";

/** The server's end of the long-poll transport. */

/** Milliseconds without a GET until the executor counts as gone. */
const ABSENCE = 15_000;
/** Milliseconds a connection's end is remembered, so that the executor hears why. */
const MEMORY = 30_000;
/** Connections at the same time. Those that do not prove themselves are closed by whoever accepts them. */
const MOST_CONNECTIONS = 20_000;
const TOKEN_BYTES = 24;
const NOTHING: CloseReason = { code: "closed", text: "a connection begins with POST" };
const FULL: CloseReason = { code: LINK_STOPPING.code, text: "the server has as many connections as it can hold" };

export interface PollAcceptor {
  /** Answers one request to the poll path. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): void;
}

export function acceptPolls(
  accept: (connection: Connection, request: IncomingMessage) => void,
  options: { clock: Clock; random: Random },
): PollAcceptor {
  const open = new Map<string, PollEnd>();
  return {
    handle(request, response) {
      const token = request.headers[CONNECTION_HEADER];
      if (token === undefined) {
        if (request.method !== "POST") return refuse(request, response, NOTHING, 404);
        if (open.size >= MOST_CONNECTIONS) return refuse(request, response, FULL, 503);
        const name = options.random.token(TOKEN_BYTES);
        const end = pollEnd(options.clock, () => open.delete(name));
        open.set(name, end);
        passOver(request);
        response.setHeader(CONNECTION_HEADER, name);
        answer(response, ACCEPTED, "");
        return accept(end.connection, request);
      }
      const end = typeof token === "string" ? open.get(token) : undefined;
      if (end === undefined)
        return refuse(request, response, { code: "closed", text: "the server knows no such connection" });
      return end.handle(request, response);
    },
    close() {
      for (const end of open.values())
        end.connection.close({ code: LINK_STOPPING.code, text: "the server is stopping" });
    },
  };
}

interface PollEnd {
  readonly connection: Connection;
  handle(request: IncomingMessage, response: ServerResponse): void;
}

function pollEnd(clock: Clock, forget: () => void): PollEnd {
  const inbox = createInbox();
  const posts = postReader(inbox, end);
  /** Frames not confirmed yet: those of the last numbered answer first. */
  let outgoing: string[] = [];
  let outgoingBytes = 0;
  let answered = { sequence: 0, frames: 0 };
  let waiting: { response: ServerResponse; cancel: CancelTimer } | undefined;
  let closing: CloseReason | undefined;
  let cancelAbsence = clock.after(ABSENCE, absent);

  function absent(): void {
    end({ code: LINK_SILENT.code, text: "no request for too long" });
  }

  function end(reason: CloseReason): void {
    if (closing !== undefined) return;
    closing = reason;
    inbox.closed(reason);
    cancelAbsence();
    clock.after(MEMORY, forget);
    release();
  }

  /** Answers the waiting GET with what there is. */
  function release(): void {
    if (waiting === undefined) return;
    const { response, cancel } = waiting;
    waiting = undefined;
    cancel();
    if (outgoing.length === 0 && closing !== undefined) return answer(response, ENDED, JSON.stringify(closing));
    cancelAbsence();
    if (closing === undefined) cancelAbsence = clock.after(ABSENCE, absent);
    const frames = firstFitting(outgoing);
    answered = { sequence: answered.sequence + 1, frames: frames.length };
    response.setHeader(SEQUENCE_HEADER, String(answered.sequence));
    return answer(response, 200, frames.join("\n"));
  }

  function get(request: IncomingMessage, response: ServerResponse): void {
    passOver(request);
    const after = Number(request.headers[AFTER_HEADER]);
    if (after === answered.sequence) {
      const confirmed = outgoing.splice(0, answered.frames);
      outgoingBytes -= confirmed.reduce((sum, frame) => sum + frame.length, 0);
    }
    // Otherwise the last answer was lost: what it held is answered again, under the next number.
    answered = { sequence: answered.sequence, frames: 0 };
    // A newer GET takes the place of one whose connection is probably dead.
    release();
    cancelAbsence();
    const cancel = clock.after(POLL_HOLD, release);
    waiting = { response, cancel };
    response.on("close", () => {
      if (waiting?.response !== response) return;
      waiting.cancel();
      waiting = undefined;
      if (closing === undefined) cancelAbsence = clock.after(ABSENCE, absent);
    });
    if (outgoing.length > 0 || closing !== undefined) release();
  }

  return {
    connection: {
      send(frame) {
        if (closing !== undefined) return;
        outgoing.push(frame);
        outgoingBytes += frame.length;
        release();
      },
      buffered: () => outgoingBytes,
      pause() {
        inbox.pause();
        posts.pause();
      },
      resume() {
        inbox.resume();
        posts.resume();
      },
      close: end,
      listen: inbox.listen,
    },
    handle(request, response) {
      if (request.method === "GET") return get(request, response);
      if (request.method === "POST" && closing === undefined) return posts.read(request, response);
      if (request.method === "DELETE") {
        outgoing = [];
        passOver(request);
        answer(response, ACCEPTED, "");
        return end({ code: "closed", text: "the other end closed the connection" });
      }
      passOver(request);
      return answer(response, ENDED, JSON.stringify(closing ?? { code: "closed", text: "not a request of the link" }));
    },
  };
}

/** Takes in what the executor posts, in the order of its numbers, each number once. */
function postReader(inbox: Inbox, end: (reason: CloseReason) => void) {
  let received = 0;
  let held: (() => void)[] | undefined;

  function take(body: string, sequence: number, response: ServerResponse): void {
    if (sequence > received + 1 || !Number.isSafeInteger(sequence)) {
      const reason = { code: LINK_MESSAGE_MALFORMED.code, text: "a numbered request is missing" };
      answer(response, ENDED, JSON.stringify(reason));
      return end(reason);
    }
    if (sequence === received + 1) {
      received = sequence;
      for (const frame of body.split("\n")) if (frame !== "") inbox.frame(frame);
    }
    // While paused the answer waits, and so does the executor's next request.
    const accepted = (): void => answer(response, ACCEPTED, "");
    if (held === undefined) accepted();
    else held.push(accepted);
  }

  return {
    pause() {
      held ??= [];
    },
    resume() {
      const waiting = held ?? [];
      held = undefined;
      for (const accepted of waiting) accepted();
    },
    read(request: IncomingMessage, response: ServerResponse): void {
      const chunks: Buffer[] = [];
      let size = 0;
      request.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size <= POLL_BODY_LIMIT) return void chunks.push(chunk);
        const reason = { code: LINK_MESSAGE_TOO_LARGE.code, text: `a request of more than ${POLL_BODY_LIMIT} bytes` };
        refuse(request, response, reason);
        return end(reason);
      });
      request.on("end", () => {
        if (size <= POLL_BODY_LIMIT)
          take(Buffer.concat(chunks).toString(), Number(request.headers[SEQUENCE_HEADER]), response);
      });
    },
  };
}

function firstFitting(frames: readonly string[]): string[] {
  const taken: string[] = [];
  let size = 0;
  for (const frame of frames) {
    size += Buffer.byteLength(frame) + 1;
    if (taken.length > 0 && size > POLL_BODY_LIMIT) break;
    taken.push(frame);
  }
  return taken;
}

/** A body that nobody wants may be as long as that of an honest request; a longer one ends the connection. */
function passOver(request: IncomingMessage): void {
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > POLL_BODY_LIMIT) request.socket.destroy();
  });
}

/** What else comes of the request is not read: the connection ends with the answer. */
function refuse(request: IncomingMessage, response: ServerResponse, reason: CloseReason, status = ENDED): void {
  if (response.headersSent || response.destroyed) return;
  response.setHeader("connection", "close");
  response.once("finish", () => request.socket.destroy());
  answer(response, status, JSON.stringify(reason));
}

function answer(response: ServerResponse, status: number, body: string): void {
  if (response.writableEnded || response.destroyed) return;
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("cache-control", "no-store");
  response.setHeader("x-content-type-options", "nosniff");
  response.end(body);
}

import type { IncomingMessage } from "node:http";
import type { Agent } from "node:https";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { GantryError } from "../kernel/errors.ts";
import { type CloseReason, type Connection, createInbox } from "./connection.ts";
import { LINK_MESSAGE_TOO_LARGE, LINK_UNREACHABLE } from "./errors.ts";
import { FRAME_LIMIT } from "./frames.ts";

/** The link over WebSocket: one text message a frame. */

/** In the range RFC 6455 leaves to applications; the code and text of the reason go into the close frame's reason. */
const CLOSE_WITH_REASON = 4000;
/** A close frame holds 123 bytes of reason. */
const REASON_BYTES = 120;
const MESSAGE_TOO_BIG = 1009;
/** Milliseconds the other end has to answer a close before the socket is cut. */
const CLOSE_PATIENCE = 2000;

export interface WebSocketTarget {
  /** `https://host:port` */
  readonly url: string;
  readonly path: string;
  readonly agent: Agent;
  /** Milliseconds until the upgrade must have happened. */
  readonly timeout: number;
}

/** What the system says when there is no connection at all. */
const NOBODY_THERE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
]);
/** Answers of a server that has no time now. */
const BUSY: ReadonlySet<number> = new Set([429, 503]);

/** `link_unreachable`, and whether another transport may do better. */
export class WebSocketRefused extends GantryError {
  readonly mayPoll: boolean;

  constructor(message: string, mayPoll: boolean, cause: Error) {
    super(LINK_UNREACHABLE, message, { cause });
    this.mayPoll = mayPoll;
  }
}

/** Resolves when the upgrade is done. Throws `WebSocketRefused`. */
export function openWebSocket(target: WebSocketTarget): Promise<Connection> {
  const url = new URL(target.path, target.url);
  url.protocol = "wss:";
  const socket = new WebSocket(url, {
    agent: target.agent,
    handshakeTimeout: target.timeout,
    maxPayload: FRAME_LIMIT,
    perMessageDeflate: false,
    followRedirects: false,
  });
  return new Promise((resolve, reject) => {
    let busy = false;
    function failed(error: Error): void {
      const mayPoll = !busy && !NOBODY_THERE.has((error as NodeJS.ErrnoException).code ?? "");
      reject(new WebSocketRefused(`no WebSocket to ${target.url}: ${error.message}`, mayPoll, error));
    }
    socket.once("error", failed);
    socket.once("unexpected-response", (request, response) => {
      busy = BUSY.has(response.statusCode ?? 0);
      response.resume();
      request.destroy(new Error(`the answer is ${response.statusCode}`));
    });
    // Before the first turn after the upgrade, so that no frame is missed.
    const connection = wrapWebSocket(socket);
    socket.once("open", () => {
      socket.off("error", failed);
      resolve(connection);
    });
  });
}

export interface WebSocketAcceptor {
  /** Takes over an upgrade request of an HTTP server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

export function acceptWebSockets(
  accept: (connection: Connection, request: IncomingMessage) => void,
): WebSocketAcceptor {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_LIMIT,
    perMessageDeflate: false,
    clientTracking: true,
  });
  return {
    upgrade(request, socket, head) {
      server.handleUpgrade(request, socket, head, (webSocket) => accept(wrapWebSocket(webSocket), request));
    },
    close() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function wrapWebSocket(socket: WebSocket): Connection {
  const inbox = createInbox();
  let failure: CloseReason | undefined;
  socket.on("message", (data, isBinary) => {
    if (isBinary) socket.close(CLOSE_WITH_REASON, "link_message_malformed: a binary frame");
    else inbox.frame(String(data));
  });
  socket.on("error", (error) => {
    const tooLarge = (error as { code?: string }).code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
    failure ??= tooLarge
      ? { code: LINK_MESSAGE_TOO_LARGE.code, text: `a frame of more than ${FRAME_LIMIT} bytes` }
      : { code: "closed", text: error.message };
  });
  socket.on("close", (status, reason) => inbox.closed(failure ?? closeReason(status, reason.toString())));
  return {
    send(frame) {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    buffered: () => socket.bufferedAmount,
    pause() {
      inbox.pause();
      socket.pause();
    },
    resume() {
      socket.resume();
      inbox.resume();
    },
    close(reason) {
      failure ??= reason;
      // A paused socket would never see the answer.
      socket.resume();
      socket.close(
        CLOSE_WITH_REASON,
        Buffer.from(`${reason.code}: ${reason.text}`).subarray(0, REASON_BYTES).toString(),
      );
      // Waits for the network's silence, not for a moment anybody reads: the system's timer will do.
      setTimeout(() => socket.terminate(), CLOSE_PATIENCE).unref();
    },
    listen: inbox.listen,
  };
}

function closeReason(status: number, text: string): CloseReason {
  if (status === MESSAGE_TOO_BIG)
    return { code: LINK_MESSAGE_TOO_LARGE.code, text: "the other end refused a frame as too large" };
  const match = /^([a-z][a-z0-9_]*): ([^]*)$/.exec(text);
  if (status === CLOSE_WITH_REASON && match !== null) return { code: match[1] as string, text: match[2] as string };
  return { code: "closed", text: text === "" ? "the connection ended" : text };
}

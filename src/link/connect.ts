import type { Agent } from "node:https";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Connection } from "./connection.ts";
import { LINK_UNREACHABLE } from "./errors.ts";
import { openPoll } from "./poll-client.ts";
import { openWebSocket, WebSocketRefused } from "./websocket.ts";

/** Where the server listens for executors. */
export const LINK_PATHS = {
  webSocket: "/v1/link",
  poll: "/v1/link/poll",
  join: "/v1/link/join",
  joinShared: "/v1/link/join/shared",
  content: "/v1/link/content/",
  runtime: "/v1/link/runtime/",
  authority: "/v1/link/authority/",
} as const;

export type Transport = "auto" | "websocket" | "poll";

export interface ConnectOptions {
  /** `https://host:port`, tried in this order. */
  readonly urls: readonly string[];
  /** `auto`: WebSocket, and long-poll where no WebSocket gets through. */
  readonly transport: Transport;
  readonly agent: Agent;
  /** Milliseconds for each try. */
  readonly timeout: number;
}

export interface Connected {
  readonly connection: Connection;
  readonly url: string;
  readonly transport: "websocket" | "poll";
}

/** The first connection that comes about. Throws `link_unreachable` with what each try said. */
export async function connect(options: ConnectOptions): Promise<Connected> {
  const failures: string[] = [];
  for (const url of options.urls) {
    for (const transport of options.transport === "auto" ? (["websocket", "poll"] as const) : [options.transport]) {
      try {
        const target = { url, agent: options.agent, timeout: options.timeout };
        const connection =
          transport === "websocket"
            ? await openWebSocket({ ...target, path: LINK_PATHS.webSocket })
            : await openPoll({ ...target, path: LINK_PATHS.poll });
        return { connection, url, transport };
      } catch (error) {
        failures.push(messageOf(error));
        // Who cannot be reached, or has no time, is so by any transport: only what stands in between treats them differently.
        if (error instanceof WebSocketRefused && !error.mayPoll) break;
      }
    }
  }
  throw new GantryError(
    LINK_UNREACHABLE,
    failures.length === 0 ? "no address of the server is known" : failures.join("; "),
  );
}

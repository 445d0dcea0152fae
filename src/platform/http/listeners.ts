import { chmodSync, rmSync } from "node:fs";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { ensurePrivateFolder } from "../files/index.ts";
import { letInOrderly } from "./arrivals.ts";
import type { Certificates } from "./certificates.ts";
import { ADDRESS_IN_USE, LISTEN_ADDRESS_NOT_USABLE } from "./errors.ts";
import { answerBroken, answerPlain, type Patience, PATIENCE } from "./broken.ts";

// Importing node:http evaluates all its exports, among them a whole WebSocket client of 14 MB.
const { createServer } = process.getBuiltinModule("node:http");

/** Takes over a connection that asks for another protocol (WebSocket). */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** One place the server listens on. */
export interface Listener {
  /** `https://127.0.0.1:7411`, or `unix:/path`. */
  readonly url: string;
  readonly port: number | null;
  /** Shows another certificate from the next connection on; those that are open go on. Does nothing on a socket. */
  renew(certificates: Certificates): void;
  close(): Promise<void>;
}

/**
 * Of TLS 1.2 only what keeps a recorded conversation closed when a key gets lost later, and proves every byte; of 1.3 that is true of all
 * there is.
 */
const TLS = {
  minVersion: "TLSv1.2",
  ciphers:
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL",
} as const;

/** Connections the system keeps until they are looked at: all agents of a large site may come at once. The system may set a lower limit. */
const BACKLOG = 16_384;

/** Milliseconds a client may take for the handshake of TLS. */
const HANDSHAKE_MILLISECONDS = 10_000;

/** How long requests that are being answered may take when the server closes. */
const DRAIN_MILLISECONDS = 5000;

/** Sockets that came through a Unix socket of ours: only the owner of the server can open it. */
const ownerSockets = new WeakSet<object>();

export function cameThroughSocket(request: IncomingMessage): boolean {
  return ownerSockets.has(request.socket);
}

/** Listens for HTTPS. Port 0 takes a free one. Errors: `address_in_use`, `listen_address_not_usable`. */
export async function listenTls(
  handler: RequestListener,
  onUpgrade: UpgradeHandler,
  certificates: Certificates,
  address: { readonly host: string; readonly port: number },
  patience: Patience = PATIENCE,
): Promise<Listener> {
  const server = createTlsServer(
    {
      ...TLS,
      ...patience,
      cert: certificates.chain,
      key: certificates.key,
      handshakeTimeout: HANDSHAKE_MILLISECONDS,
    },
    handler,
  );
  letInOrderly(server);
  server.on("clientError", answerBroken);
  server.on("tlsClientError", answerPlain);
  await listening(
    server,
    () => server.listen({ host: address.host, port: address.port, backlog: BACKLOG }),
    `${address.host}:${address.port}`,
  );
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return {
    url: `https://${host}:${port}`,
    port,
    renew: ({ chain, key }) => server.setSecureContext({ ...TLS, cert: chain, key }),
    close: closer(server, onUpgrade),
  };
}

/** Listens on a Unix socket that only its owner can open. The file of a dead server is removed, a live one is an error. */
export async function listenSocket(
  handler: RequestListener,
  onUpgrade: UpgradeHandler,
  path: string,
  patience: Patience = PATIENCE,
): Promise<Listener> {
  await ensurePrivateFolder(dirname(path));
  if (await answers(path)) throw new GantryError(ADDRESS_IN_USE, `another server listens on ${path}`);
  rmSync(path, { force: true });
  const server = createServer({ ...patience }, handler);
  server.on("clientError", answerBroken);
  server.on("connection", (socket: Socket) => ownerSockets.add(socket));
  await listening(server, () => server.listen({ path }), path);
  chmodSync(path, 0o600);
  const close = closer(server, onUpgrade);
  return {
    url: `unix:${path}`,
    port: null,
    renew() {},
    async close() {
      await close();
      rmSync(path, { force: true });
    },
  };
}

function listening(server: Server, start: () => void, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE")
        reject(new GantryError(ADDRESS_IN_USE, `${where} is in use by another program`, { cause: error }));
      else
        reject(
          new GantryError(LISTEN_ADDRESS_NOT_USABLE, `cannot listen on ${where}: ${messageOf(error)}`, {
            cause: error,
          }),
        );
    });
    server.once("listening", () => resolve());
    start();
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Keeps count of upgraded connections, which a server otherwise forgets, and ends everything at closing. */
function closer(server: Server, onUpgrade: UpgradeHandler): () => Promise<void> {
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    socket.on("error", () => socket.destroy());
    onUpgrade(request, socket, head);
  });
  return () =>
    new Promise((resolve) => {
      const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MILLISECONDS);
      server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      server.closeIdleConnections();
      for (const socket of upgraded) socket.destroy();
    });
}

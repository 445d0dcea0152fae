import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { WebSocket, WebSocketServer } from "ws";

// The same without Gantry: WebSockets over TLS, a message to all of them, a row for each answer. `node fleet-bare-data.ts server FILE CHAIN KEY` and
// `node fleet-bare-data.ts clients PORT COUNT`, started by `fleet.ts`.

/** What the processes say. */
export type BareNews =
  | { readonly port: number }
  | { readonly connected: number }
  /** Milliseconds until each answer was a row in a commit, in order. */
  | { readonly recorded: readonly number[] };

/** Rows in a commit at most. */
const GROUP = 200;

function say(news: BareNews): void {
  process.send?.(news);
}

function serve(file: string, chain: string, key: string): void {
  const database = new DatabaseSync(file);
  database.exec("pragma journal_mode = wal; pragma synchronous = full; create table result (node integer, value text)");
  const insert = database.prepare("insert into result values (?, ?)");
  const https = createServer({ cert: chain, key });
  const server = new WebSocketServer({ server: https, perMessageDeflate: false });
  let began = 0;
  let waiting: string[] = [];
  let recorded: number[] = [];

  function commit(): void {
    const some = waiting.slice(0, GROUP);
    waiting = waiting.slice(GROUP);
    database.exec("begin immediate");
    for (const [index, value] of some.entries()) insert.run(index, value);
    database.exec("commit");
    const now = performance.now() - began;
    recorded.push(...some.map(() => now));
    if (waiting.length > 0) setImmediate(commit);
    if (recorded.length === server.clients.size) {
      say({ recorded });
      recorded = [];
    }
  }

  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      if (waiting.length === 0) setImmediate(commit);
      waiting.push(String(data));
    });
    say({ connected: server.clients.size });
  });
  process.on("message", () => {
    began = performance.now();
    for (const socket of server.clients) socket.send('{"do":"nothing"}');
  });
  https.listen(0, "127.0.0.1", 16_384, () => say({ port: (https.address() as AddressInfo).port }));
}

function connectAll(port: string, count: number): void {
  for (let number = 0; number < count; number += 1) {
    const socket = new WebSocket(`wss://127.0.0.1:${port}`, { rejectUnauthorized: false, perMessageDeflate: false });
    socket.on("message", () => socket.send('{"done":true}'));
  }
}

const [role, first = "", second = "", third = ""] = process.argv.slice(2);
if (role === "server") serve(first, second, third);
else connectAll(first, Number(second));

import type { Server, Socket } from "node:net";

/**
 * Lets connections in a few at a time. When thousands come at once, as agents do after a restart, each handshake would take its share of the
 * processor, all would be slow, and all would give up before they are through. Here those that were let in get through, and the others wait in
 * line, where they cost nothing.
 */

/** Handshakes at the same time: enough to keep a processor busy. */
const AT_ONCE = 48;
/** Milliseconds after which whoever waits in line has given up. */
const LONGEST_WAIT = 20_000;

interface Waiting {
  readonly socket: Socket;
  /** By a clock that nobody sets. */
  readonly since: number;
}

/** `server`: one of TLS, which has put up its own listener for connections and tells when a handshake is done. */
export function letInOrderly(server: Server): void {
  const [handshake] = server.listeners("connection") as ((socket: Socket) => void)[];
  if (handshake === undefined) throw new Error("this server begins no handshakes");
  server.removeListener("connection", handshake);
  const line: Waiting[] = [];
  const under = new Set<string>();

  function begin(socket: Socket): void {
    const who = otherEnd(socket);
    under.add(who);
    socket.once("close", () => done(who));
    handshake!.call(server, socket);
  }

  function done(who: string): void {
    if (!under.delete(who)) return;
    while (under.size < AT_ONCE) {
      const next = line.shift();
      if (next === undefined) return;
      if (next.socket.destroyed) continue;
      if (performance.now() - next.since > LONGEST_WAIT) next.socket.destroy();
      else begin(next.socket);
    }
  }

  server.on("connection", (socket: Socket) => {
    if (under.size < AT_ONCE) return begin(socket);
    // Until it has its turn nobody else listens for what goes wrong with it.
    socket.on("error", () => socket.destroy());
    return void line.push({ socket, since: performance.now() });
  });
  server.on("secureConnection", (socket: Socket) => done(otherEnd(socket)));
  server.on("close", () => {
    for (const { socket } of line.splice(0)) socket.destroy();
  });
}

/** The socket of TLS and the one below it have the same. */
function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

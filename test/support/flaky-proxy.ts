import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

/** Stands between a client and an HTTP server on Unix sockets, and breaks down at a chosen request. */
export interface FlakyProxy {
  /** Its address, as DOCKER_HOST has it. */
  readonly host: string;
  /** Loses the server's answer to the request of this number, counted from now on, and breaks off all later ones. 0: all of them. */
  breakAfter(request: number): void;
  /** Works again. Returns whether it broke. */
  mend(): boolean;
  close(): Promise<void>;
}

export async function createFlakyProxy(target: string, socket: string): Promise<FlakyProxy> {
  let seen = 0;
  let last = Number.POSITIVE_INFINITY;

  async function pass(incoming: IncomingMessage, response: ServerResponse, lose: boolean): Promise<void> {
    const { method, url, headers } = incoming;
    const onward = request({ socketPath: target, method, path: url, headers, agent: false });
    const answered = once(onward, "response") as Promise<[IncomingMessage]>;
    // A server that has answered need not have read all: then its answer counts, and not the broken upload.
    pipeline(incoming, onward).catch(() => undefined);
    const [answer] = await answered;
    if (lose) {
      for await (const _ of answer) continue;
      response.destroy();
      return;
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    await pipeline(answer, response);
  }

  const server = createServer((incoming, response) => {
    seen += 1;
    if (seen > last) incoming.destroy();
    else pass(incoming, response, seen === last).catch(() => response.destroy());
  });
  await once(server.listen(socket), "listening");
  return {
    host: `unix://${socket}`,
    breakAfter(number) {
      seen = 0;
      last = number;
    },
    mend() {
      const broke = seen > 0 && seen >= last;
      last = Number.POSITIVE_INFINITY;
      return broke;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

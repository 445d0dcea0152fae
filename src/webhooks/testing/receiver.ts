import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../kernel/json.ts";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: JsonObject & { readonly id: string; readonly type: string };
}

/** A receiver of webhooks that does with each request as it is told: a status to answer, or anything else. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  answer: number | ((response: ServerResponse, received: Received) => void);
  /** Resolves when so many requests have come. */
  reach(count: number): Promise<readonly Received[]>;
  /** `job.failed` and its like, in the order in which they came. */
  types(): readonly string[];
}

/** @param tls PEM of what it shows; left out: it speaks HTTP */
export async function startReceiver(tls?: { readonly cert: string; readonly key: string }): Promise<Receiver> {
  const waiting = new Set<() => void>();
  const server = tls === undefined ? createServer(take) : createSecureServer(tls, take);
  function take(request: IncomingMessage, response: ServerResponse): void {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      const one: Received = { headers: request.headers, text, body: JSON.parse(text) as Received["body"] };
      receiver.received.push(one);
      const { answer } = receiver;
      if (typeof answer === "number") response.writeHead(answer).end("thanks");
      else answer(response, one);
      for (const look of waiting) look();
    });
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const receiver: Receiver = {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    answer: 204,
    reach: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (receiver.received.length < count) return;
          waiting.delete(look);
          resolve(receiver.received);
        };
        waiting.add(look);
        look();
      }),
    types: () => receiver.received.map(({ body }) => body.type),
  };
  return receiver;
}

/** As docs/webhooks.md says how to: whether a request was signed by a secret, and how long ago at most. */
export function isSigned({ headers, text }: Received, secret: string, now: number, tolerance = 300): boolean {
  const parts = String(headers["gantry-signature"]).split(",");
  const time = Number(parts.find((one) => one.startsWith("t="))?.slice(2));
  if (Math.abs(now / 1000 - time) > tolerance) return false;
  const expected = createHmac("sha256", secret).update(`${time}.${text}`).digest("hex");
  return parts.includes(`v1=${expected}`);
}

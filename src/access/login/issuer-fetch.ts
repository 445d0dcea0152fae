import { request } from "node:https";

/** The issuer was not reached, or has trouble of its own: nothing is said about who logs in. */
export class IssuerUnreachable extends Error {}

interface Asked {
  readonly method?: string | undefined;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: unknown;
  readonly signal?: AbortSignal | null | undefined;
}

/** More than keys and tokens ever are. */
const LONGEST_ANSWER = 1024 * 1024;

/**
 * `fetch` for an issuer: over TLS that ends at an authority of one's own, with a time-out, to the end of a bounded answer, following no
 * redirection.
 */
export function issuerFetch({ ca, timeout }: { readonly ca: string | undefined; readonly timeout: number }) {
  return (url: string, { method = "GET", headers, body, signal }: Asked): Promise<Response> =>
    new Promise((resolve, reject) => {
      const sent = body === undefined || body === null ? undefined : String(body);
      const outgoing = request(
        url,
        {
          method,
          headers: {
            ...Object.fromEntries(new Headers(headers)),
            ...(sent !== undefined && { "content-length": Buffer.byteLength(sent) }),
          },
          minVersion: "TLSv1.2",
          agent: false,
          signal: AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]),
          ...(ca !== undefined && { ca }),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let size = 0;
          answer.on("data", (chunk: Buffer) => {
            size += chunk.length;
            if (size > LONGEST_ANSWER) outgoing.destroy(new IssuerUnreachable("the issuer's answer is too long"));
            chunks.push(chunk);
          });
          answer.on("error", (cause) => reject(unreachable(cause)));
          answer.on("end", () => {
            const status = answer.statusCode ?? 500;
            if (status >= 500) return reject(new IssuerUnreachable(`the issuer answered ${status}`));
            const type = answer.headers["content-type"];
            resolve(
              new Response(status === 204 || status === 304 ? null : Buffer.concat(chunks), {
                status,
                headers: type === undefined ? {} : { "content-type": type },
              }),
            );
          });
        },
      );
      outgoing.on("error", (cause) => reject(unreachable(cause)));
      outgoing.end(sent);
    });
}

function unreachable(cause: Error): IssuerUnreachable {
  return cause instanceof IssuerUnreachable ? cause : new IssuerUnreachable(cause.message, { cause });
}

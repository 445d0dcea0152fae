import { lookup } from "node:dns/promises";
import type { IncomingMessage, RequestOptions } from "node:http";
import { isIP } from "node:net";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { mayReach, type AddressPolicy } from "./target.ts";

/** One request to a receiver. Never throws: what goes wrong is told, for the next try. */

export interface Sending {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** PEM of the authority to trust instead of those of the system. */
  readonly ca: string | null;
}

export type Sent = { readonly ok: true; readonly status: number } | { readonly ok: false; readonly error: string };

export interface SenderParts {
  readonly clock: Clock;
  readonly policy: AddressPolicy;
  /** Milliseconds from the look-up of the name to the end of the answer. */
  readonly timeout?: number;
  /** The addresses of a name. Left out: as the system says. */
  resolve?(host: string): Promise<readonly string[]>;
}

export type Send = (sending: Sending, signal: AbortSignal) => Promise<Sent>;

const TIMEOUT = 10_000;
/** Bytes of an answer that are read: none is used. */
const MOST_ANSWER = 64 * 1024;

export function createSender({ clock, policy, timeout = TIMEOUT, resolve = addressesOf }: SenderParts): Send {
  /** The address that the request goes to: looked up once, so that the name cannot mean another one when it is connected to. */
  async function addressFor(host: string): Promise<string> {
    const all = isIP(host) === 0 ? await resolve(host) : [host];
    const allowed = all.find((address) => mayReach(policy, address));
    if (allowed !== undefined) return allowed;
    throw new Error(
      all.length === 0 ? `${host} has no address` : `${host} is ${all[0]}: the setting webhook_addresses forbids it`,
    );
  }

  async function exchange({ url, headers, body, ca }: Sending, signal: AbortSignal): Promise<Sent> {
    const target = new URL(url);
    const host = target.hostname.replace(/^\[|\]$/g, "");
    const address = await Promise.race([addressFor(host), aborted(signal)]);
    const options: RequestOptions & { ca?: string; servername?: string } = {
      host: address,
      port: target.port === "" ? (target.protocol === "https:" ? 443 : 80) : Number(target.port),
      path: `${target.pathname}${target.search}`,
      method: "POST",
      headers: { ...headers, host: target.host, "content-length": Buffer.byteLength(body), connection: "close" },
      agent: false,
      signal,
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== null && { ca }),
    };
    const answer = await new Promise<IncomingMessage>((done, failed) => {
      const { request } = process.getBuiltinModule(target.protocol === "https:" ? "node:https" : "node:http");
      // Its certificate is checked for the name, though it is reached by the address.
      const sent = request(isIP(host) === 0 ? options : { ...options, servername: "" }, done);
      sent.on("error", failed);
      sent.end(body);
    });
    await drained(answer);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return { ok: true, status };
    if (status >= 300 && status < 400) return { ok: false, error: `answered ${status}: redirects are not followed` };
    return { ok: false, error: `answered ${status}` };
  }

  return async (sending, signal) => {
    const over = new AbortController();
    const cancel = clock.after(timeout, () => over.abort(new Error(`no answer within ${timeout / 1000} s`)));
    const either = AbortSignal.any([over.signal, signal]);
    try {
      return await exchange(sending, either);
    } catch (error) {
      const reason: unknown = over.signal.aborted ? over.signal.reason : error;
      return { ok: false, error: messageOf(reason).slice(0, 500) };
    } finally {
      cancel();
      over.abort();
    }
  };
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

/** Reads an answer to its end, or to what is enough of it. */
function drained(answer: IncomingMessage): Promise<void> {
  return new Promise((done, failed) => {
    let bytes = 0;
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_ANSWER) return;
      answer.destroy();
      done();
    });
    answer.on("end", done);
    answer.on("error", failed);
    answer.on("close", done);
  });
}

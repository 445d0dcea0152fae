import type { Agent } from "node:https";
import { isIP } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { LINK_UNREACHABLE } from "./errors.ts";
import { createCollector } from "./pieces.ts";
import { watchSilence } from "./silence.ts";

/**
 * A large answer, read past Node's HTTP: its parser and its streams make an object of each 16 KiB, which costs as much as deciphering them
 * does. Here they are read into one buffer. For answers that say their length; all else is left to `openRequest`.
 */

export interface DownloadOptions {
  readonly url: string;
  readonly path: string;
  /** Its trust is used, not its connections. */
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds without a byte. */
  readonly timeout: number;
  readonly clock: Pick<Clock, "after">;
}

/** Bytes of the head of an answer. */
const LONGEST_HEAD = 16 * 1024;
/** Bytes of one reading: a record of TLS, so that a whole one needs no object of its own. */
const READING = 16 * 1024;

/** Whether the way to the server is a plain one: through a proxy it is not. */
export function canDownload(agent: Agent): boolean {
  const environment = (agent.options as { proxyEnv?: NodeJS.ProcessEnv }).proxyEnv ?? {};
  return (environment["HTTPS_PROXY"] ?? environment["https_proxy"] ?? "") === "";
}

/**
 * The body in large pieces, each good until the next is asked for; undefined when the answer is another than 200 with a length and as it is.
 * The connection is closed when the body was read, or is not read any more. Throws `link_unreachable`; the body throws when it breaks off.
 */
export async function openDownload(options: DownloadOptions): Promise<AsyncGenerator<Uint8Array> | undefined> {
  const url = new URL(options.path, options.url);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const head = Promise.withResolvers<{ readonly length: number } | undefined>();
  let before: Buffer | undefined = Buffer.alloc(0);
  let missing = 0;

  const collector = createCollector({ resume: () => socket.resume(), close: () => socket.destroy() });

  /** Called for each record, sixty thousand times for a gigabyte: little is done here. */
  function read(size: number, buffer: Uint8Array): boolean {
    silence.heard();
    const part = size === buffer.length ? buffer : buffer.subarray(0, size);
    return before === undefined ? take(part) : readHead(before, part);
  }

  function readHead(begun: Buffer, part: Uint8Array): boolean {
    before = Buffer.concat([begun, part]);
    const end = before.indexOf("\r\n\r\n");
    if (end < 0) {
      if (before.length > LONGEST_HEAD) fail(new Error("the head of the answer does not end"));
      return true;
    }
    const length = lengthOf(before.subarray(0, end).toString("latin1"));
    const rest = before.subarray(end + 4);
    before = undefined;
    missing = length ?? 0;
    head.resolve(length === undefined ? undefined : { length });
    if (length === undefined) return true;
    return take(rest);
  }

  function take(part: Uint8Array): boolean {
    if (part.length < missing) {
      missing -= part.length;
      return collector.put(part);
    }
    collector.put(part.subarray(0, missing));
    missing = 0;
    collector.end();
    return true;
  }

  function fail(error: Error): void {
    const known = new GantryError(LINK_UNREACHABLE, `cannot reach ${options.url}: ${error.message}`, { cause: error });
    head.reject(known);
    collector.end(known);
    socket.destroy();
  }

  const trust = options.agent.options as ConnectionOptions;
  const socket: TLSSocket = connect({
    ...(trust.ca === undefined ? {} : { ca: trust.ca, allowPartialTrustChain: true }),
    ...(trust.checkServerIdentity === undefined ? {} : { checkServerIdentity: trust.checkServerIdentity }),
    host,
    port: url.port === "" ? 443 : Number(url.port),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ["http/1.1"],
    onread: {
      buffer: Buffer.allocUnsafeSlow(READING),
      callback: read,
    },
  } as ConnectionOptions);
  // Node's own time-out puts up a timer for each reading.
  const silence = watchSilence(options.clock, options.timeout / 4, () =>
    fail(new Error(`no answer in ${options.timeout} ms`)),
  );
  socket.on("error", fail);
  socket.on("end", () => fail(new Error("the connection was closed")));
  socket.on("close", () => {
    silence.stop();
    fail(new Error("the connection was closed"));
  });
  socket.once("secureConnect", () => {
    const headers = { host: url.host, connection: "close", ...options.headers };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  });
  const found = await head.promise;
  if (found !== undefined) return collector.pieces();
  socket.destroy();
  return undefined;
}

/** Undefined: it is no 200 that says its length, or it is encoded. */
function lengthOf(head: string): number | undefined {
  const [status = "", ...lines] = head.split("\r\n");
  if (!/^HTTP\/1\.1 200( |$)/.test(status)) return undefined;
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const length = headers.get("content-length");
  if (length === undefined || !/^\d{1,15}$/.test(length)) return undefined;
  return headers.has("content-encoding") || headers.has("transfer-encoding") ? undefined : Number(length);
}

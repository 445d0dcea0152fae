import { readFile } from "node:fs/promises";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { MASTER_KEY_SOURCE_INVALID, MASTER_KEY_UNREACHABLE } from "./errors.ts";

// Importing node:http evaluates all its exports, among them a whole WebSocket client of 14 MB.
const http = process.getBuiltinModule("node:http");
const https = process.getBuiltinModule("node:https");

/** Milliseconds a key server may take. */
const PATIENCE = 10_000;
const MOST_BYTES = 1024 * 1024;
const LOCAL: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/** A key server: where it is, and whom to trust there. */
export interface KeyServer {
  readonly url: string;
  /** Path of a PEM file; null: the authorities that Node knows. */
  readonly ca: string | null;
}

export interface Asked {
  readonly method: "GET" | "POST";
  /** Begins with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
}

export interface Answered {
  readonly status: number;
  readonly bytes: Buffer;
}

/** The address of a key server, without a slash at its end. Errors: `master_key_source_invalid`. */
export function serverUrl(text: string, setting: string): URL {
  const url = URL.parse(text);
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && LOCAL.includes(url.hostname));
  if (url === null || !safe || url.username !== "" || url.search !== "" || url.hash !== "")
    throw new GantryError(
      MASTER_KEY_SOURCE_INVALID,
      `${setting}: '${text}' must begin with https:// (http:// only on this machine) and hold no user, question or fragment`,
    );
  return url;
}

/** Asks a key server once. Errors: `master_key_unreachable`. */
export async function ask(server: KeyServer, { method, path, headers, body }: Asked): Promise<Answered> {
  const base = URL.parse(server.url);
  const url = new URL(`${base?.pathname.replace(/\/+$/, "") ?? ""}${path}`, server.url);
  const lost = (why: string, cause: unknown): GantryError =>
    new GantryError(MASTER_KEY_UNREACHABLE, `${url.origin} ${why}`, { cause });
  const ca = server.ca === null ? undefined : await readAuthority(server.ca);
  const content = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? https.request : http.request;
    const options = {
      method,
      agent: false as const,
      headers: { ...headers, ...(content !== undefined && { "content-type": "application/json" }) },
      signal: AbortSignal.timeout(PATIENCE),
      ...(ca !== undefined && { ca }),
    };
    const outgoing = request(url, options, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MOST_BYTES) outgoing.destroy(new Error(`it answers with more than ${MOST_BYTES} bytes`));
        else chunks.push(chunk);
      });
      answer.on("error", (error) => reject(lost(`broke off: ${error.message}`, error)));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
    });
    outgoing.on("error", (error) => {
      const late = error.name === "TimeoutError" || error.name === "AbortError";
      reject(lost(`cannot be reached: ${late ? `no answer in ${PATIENCE / 1000} s` : error.message}`, error));
    });
    outgoing.end(content);
  });
}

/** The bytes as a JSON object; undefined when they are none. */
export function objectOf(bytes: Buffer): JsonObject | undefined {
  try {
    const value = JSON.parse(bytes.toString("utf8")) as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new GantryError(
      MASTER_KEY_UNREACHABLE,
      `the file of authorities ${path} cannot be read: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

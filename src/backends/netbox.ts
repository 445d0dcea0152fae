import { readFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { readSource } from "../exchange/index.ts";
import type { InventoryBackend } from "../inventory/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { BACKEND_INVALID, BACKEND_LOST, BACKEND_MAPPING, BACKEND_UNREADABLE } from "./errors.ts";
import { importedRows } from "./files.ts";
import type { Backend, NetBoxSettings } from "./model.ts";
import { mapped, parseMapping, type Endpoint } from "./netbox-mapping.ts";
import { readToken } from "./secrets.ts";

// Importing node:http evaluates all its exports, among them a whole WebSocket client of 14 MB.
const { request: httpRequest } = process.getBuiltinModule("node:http");

/** NetBox: its lists, as a mapping file names them, page by page. It is only read. */

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_PAGES = 10_000;
const LOCAL: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

interface Fetched {
  readonly tag: string;
  readonly value: Json;
}

export function netBoxBackend(
  { name, site }: Pick<Backend, "name" | "site">,
  settings: NetBoxSettings,
): InventoryBackend {
  const base = baseOf(settings.url);
  /** Pages that carried a tag: asked for again, only whether they changed. */
  let known = new Map<string, Fetched>();
  /** What the lists looked like from afar when they were read. */
  let looks: string | undefined;

  async function asking(signal: AbortSignal): Promise<Omit<Asking, "before">> {
    const token = await readToken(settings.tokenFile);
    const ca = settings.ca === undefined ? undefined : await readFile(settings.ca, "utf8");
    return { token, ca, signal };
  }

  return {
    place: `in NetBox at ${base.href}`,
    async probe(signal) {
      return (await looksOf(base, await mappingOf(settings.mapping), await asking(signal))) !== looks;
    },
    async read(signal) {
      const asked = await asking(signal);
      const seen = new Map<string, Fetched>();
      const page = async (url: URL): Promise<Json> => {
        const found = await getJson(url, { ...asked, before: known.get(url.href) });
        if (found.tag !== "") seen.set(url.href, found);
        return found.value;
      };
      const mapping = await mappingOf(settings.mapping);
      // Before the lists: what changes while they are read is seen as a change.
      const now = await looksOf(base, mapping, asked);
      const lists = new Map<Endpoint["as"], JsonObject[]>();
      for (const endpoint of mapping) {
        const objects = lists.get(endpoint.as) ?? [];
        lists.set(endpoint.as, objects);
        for (const object of await listOf(base, endpoint, page)) objects.push(mapped(object, endpoint.members));
      }
      [known, looks] = [seen, now];
      const files = [...lists].map(([kind, results]) => ({ path: `${kind}.json`, text: JSON.stringify({ results }) }));
      return importedRows(await readSource({ name, format: "netbox", site, files }));
    },
  };
}

/** Errors: `backend_invalid`. */
export function baseOf(text: string): URL {
  const url = URL.parse(text.endsWith("/") ? text : `${text}/`);
  if (url === null || (url.protocol !== "https:" && !(url.protocol === "http:" && LOCAL.includes(url.hostname))))
    throw new GantryError(
      BACKEND_INVALID,
      `settings.url: '${text}' must begin with https:// (http:// only on this machine)`,
    );
  return url;
}

async function mappingOf(file: string): Promise<readonly Endpoint[]> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new GantryError(BACKEND_MAPPING, `${file} cannot be read: ${messageOf(cause)}`, { cause });
  });
  return parseMapping(text, file);
}

async function listOf(
  base: URL,
  { path, query }: Endpoint,
  page: (url: URL) => Promise<Json>,
): Promise<readonly JsonObject[]> {
  const objects: JsonObject[] = [];
  let url = new URL(path, base);
  for (const [name, value] of Object.entries({ limit: 500, ...query })) url.searchParams.set(name, String(value));
  for (let pages = 0; ; pages += 1) {
    const answer = await page(url);
    const results = isJsonObject(answer) ? answer["results"] : undefined;
    if (!isJsonObject(answer) || !Array.isArray(results) || !(results as Json[]).every(isJsonObject))
      throw new GantryError(BACKEND_UNREADABLE, `${url.href} answered with something that is no list of NetBox`);
    objects.push(...(results as JsonObject[]));
    const next = answer["next"];
    if (typeof next !== "string") return objects;
    const following = URL.parse(next);
    // The token goes nowhere else.
    if (following?.origin !== base.origin)
      throw new GantryError(BACKEND_UNREADABLE, `${url.href} goes on at another server: ${next.slice(0, 200)}`);
    if (pages >= MOST_PAGES) throw new GantryError(BACKEND_UNREADABLE, `${url.href} has no end`);
    url = following;
  }
}

/**
 * How many objects each list has, and which was changed last: one small answer for each. A list that knows no such order is told by the
 * number of its objects alone, until it is read again.
 */
async function looksOf(base: URL, mapping: readonly Endpoint[], asked: Omit<Asking, "before">): Promise<string> {
  const looks: Json[] = [];
  for (const { path, query, members } of mapping) {
    const url = new URL(path, base);
    for (const [name, value] of Object.entries({ ...query, limit: 1, ordering: "-last_updated" }))
      url.searchParams.set(name, String(value));
    const { value } = await getJson(url, { ...asked, before: undefined }).catch((error: unknown) => {
      if (!(error instanceof GantryError) || error.details["status"] !== 400) throw error;
      url.searchParams.delete("ordering");
      return getJson(url, { ...asked, before: undefined });
    });
    const { count = null, results = null } = isJsonObject(value) ? value : {};
    looks.push(path, JSON.stringify([query, members]), count, results);
  }
  return JSON.stringify(looks);
}

interface Asking {
  readonly token: string;
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
  readonly before: Fetched | undefined;
}

/** Errors: `backend_lost` when it does not answer, `backend_unreadable` when what it answers is no JSON. */
function getJson(url: URL, { token, ca, signal, before }: Asking): Promise<Fetched> {
  const lost = (why: string, cause?: unknown, status?: number): GantryError =>
    new GantryError(BACKEND_LOST, `${url.origin} ${why}`, {
      ...(cause === undefined ? {} : { cause }),
      ...(status === undefined ? {} : { details: { status } }),
    });
  return new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const headers = {
      accept: "application/json",
      authorization: `Token ${token}`,
      ...(before === undefined ? {} : { "if-none-match": before.tag }),
    };
    const outgoing = send(url, { headers, signal, agent: false, ...(ca === undefined ? {} : { ca }) }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MOST_BYTES) outgoing.destroy(new Error(`answers with more than ${MOST_BYTES} bytes`));
        else chunks.push(chunk);
      });
      answer.on("error", (error) => reject(lost(`broke off: ${error.message}`, error)));
      answer.on("end", () => {
        if (answer.statusCode === 304 && before !== undefined) return resolve(before);
        if (answer.statusCode !== 200)
          return reject(lost(`answers ${answer.statusCode} for ${url.pathname}`, undefined, answer.statusCode));
        const value = parsed(Buffer.concat(chunks).toString("utf8"));
        if (value === undefined)
          reject(new GantryError(BACKEND_UNREADABLE, `${url.href} answered with something that is no JSON`));
        else resolve({ tag: answer.headers.etag ?? "", value });
      });
    });
    outgoing.on("error", (error) => reject(lost(`cannot be reached: ${error.message}`, error)));
    outgoing.end();
  });
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

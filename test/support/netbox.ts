import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Lists of NetBox's REST API as its documentation says: `{count, next, previous, results}`, tokens, pages. An emulator, not NetBox. */
export interface NetBox {
  readonly url: string;
  /** Lists by path: `/api/dcim/devices/`. To be changed at will. */
  readonly lists: Map<string, readonly object[]>;
  /** Where every list says that it goes on; undefined: at its own next page. */
  elsewhere: string | undefined;
  /** How often a page was answered in full, how often by "not modified", and how often only the newest object was asked for. */
  readonly answers: { whole: number; unchanged: number; looks: number };
  close(): Promise<void>;
}

export const NETBOX_TOKEN = "0123456789abcdef0123456789abcdef01234567";

/** `page`: objects on a page, however many are asked for. */
export async function startNetBox(lists: Readonly<Record<string, readonly object[]>>, page = 2): Promise<NetBox> {
  const held = new Map(Object.entries(lists));
  const answers = { whole: 0, unchanged: 0, looks: 0 };
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? ""}`);
    const say = (status: number, body: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Token ${NETBOX_TOKEN}`) return say(403, { detail: "Invalid token" });
    const list = held.get(url.pathname);
    if (list === undefined) return say(404, { detail: "Not found." });
    const offset = Number(url.searchParams.get("offset") ?? 0);
    const size = Math.min(page, Number(url.searchParams.get("limit") ?? page));
    const newest = url.searchParams.get("ordering") === "-last_updated";
    const ordered = newest ? list.toSorted((a, b) => updatedAt(b).localeCompare(updatedAt(a))) : list;
    const results = ordered.slice(offset, offset + size);
    url.searchParams.set("offset", String(offset + size));
    const next = netbox.elsewhere ?? (offset + size < list.length ? url.href : null);
    const body = { count: list.length, next, previous: null, results };
    const etag = `"${createHash("sha256").update(JSON.stringify(body)).digest("hex")}"`;
    if (request.headers["if-none-match"] === etag) {
      answers.unchanged += 1;
      response.writeHead(304, { etag }).end();
      return;
    }
    if (newest) answers.looks += 1;
    else answers.whole += 1;
    say(200, body, { etag });
  });
  await new Promise<void>((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  const netbox: NetBox = {
    elsewhere: undefined,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lists: held,
    answers,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return netbox;
}

function updatedAt(object: object): string {
  return String((object as { readonly last_updated?: string }).last_updated ?? "");
}

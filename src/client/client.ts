import { resolve } from "node:path";
import { GantryError } from "../kernel/errors.ts";
import { socketPath } from "../platform/socket-path/index.ts";
import { CLIENT_ADDRESS_INVALID } from "./errors.ts";
import type { Address, EventFeed, EventWish, Requests } from "./model.ts";
import { OPERATIONS } from "./operation-table.generated.ts";
import type { Resources } from "./operations.generated.ts";
import { createRequests } from "./requests.ts";
import { createResources } from "./resources.ts";
import { createTransport, type Transport } from "./transport.ts";

/** A server, as a program asks it. */
export interface GantryClient extends Omit<Resources, "events">, Requests {
  readonly events: Resources["events"] & {
    /** What happens, as it happens. */
    follow(wish?: EventWish): EventFeed;
  };
  /** Where it asks: the path of a socket, or a URL. */
  readonly address: string;
  /** Closes the connections that are kept for the next call. A program ends without it, too. */
  close(): void;
}

export type ClientOptions = (
  | Address
  /** The server on this machine that has this data folder. */
  | { readonly dataFolder: string }
) & {
  /** Whose inventory is meant, by name or id. Left out: that of `default`, who is there from the start. */
  readonly tenant?: string | undefined;
  /** Told of each answer that lacks what these backends hold, because they cannot be read. */
  readonly missing?: ((backends: readonly string[]) => void) | undefined;
};

const FIRST_TENANT = "default";

/**
 * A client of a server: of the one given, else of the one on this machine whose data folder is in `GANTRY_DATA`, else is `.gantry`. Nothing
 * is sent before the first call. Errors of calls are `GantryError`s with the server's code, or `server_not_running`, `server_unreachable`,
 * `answer_not_understood`.
 *
 * @throws GantryError `client_address_invalid`
 */
export function createClient(
  options: ClientOptions = { dataFolder: process.env["GANTRY_DATA"] ?? ".gantry" },
): GantryClient {
  const { tenant } = options;
  const transport = createTransport(addressOf(options), tenant === undefined ? {} : { "gantry-tenant": tenant });
  const requests = createRequests(transport, options.missing);
  const resources = createResources(OPERATIONS, requests, tenant ?? FIRST_TENANT);
  return {
    ...resources,
    ...requests,
    events: { ...resources.events, follow: (wish) => follow(transport, wish) },
    address: transport.server,
    close: () => transport.close(),
  };
}

/** Few programs want events, so what reads them is loaded when it is asked for. */
function follow(transport: Transport, wish: EventWish | undefined): EventFeed {
  const feed = import("./feed.ts").then(({ followEvents }) => followEvents(transport, wish));
  const opened = feed.then((one) => one.opened);
  // Whoever reads meets the error there.
  opened.catch(() => undefined);
  return {
    opened,
    async *[Symbol.asyncIterator]() {
      yield* await feed;
    },
  };
}

function addressOf(options: ClientOptions): Address {
  if ("dataFolder" in options) return { socket: socketPath(resolve(options.dataFolder)) };
  if ("url" in options && (typeof options.token !== "string" || options.token.trim() === ""))
    throw new GantryError(CLIENT_ADDRESS_INVALID, `there is no token for ${options.url}`);
  if (!("url" in options)) return { socket: options.socket };
  // A file is read with its last line break.
  return { url: options.url, token: options.token.trim(), authority: options.authority };
}

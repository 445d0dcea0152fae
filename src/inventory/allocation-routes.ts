import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { formatAddress, fromHex, gatewayOf, toHex, type Address, type KeptRange } from "../network/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { AddressChange, AllocationService, BlockUse } from "./allocation-service.ts";
import { CURSOR_UNKNOWN } from "../platform/requests/index.ts";
import { cursorAfter, decodeCursor, listQuery } from "./page.ts";
import { onceOf } from "./requests.ts";
import { CREATE_HEADERS } from "./route-schemas.ts";

/** A whole number that may pass what a JSON number holds exactly: an IPv6 block has 2^64 addresses and more. */
const whole = z.string().regex(/^\d+$/);
const params = z.object({ idOrName: z.string() });
const tags = ["addresses"];

const held = z.object({ block: z.string(), address: z.string(), interface: z.string().optional() });
const change = z.object({
  structure: z.string(),
  /** Of the structure, after the change. */
  version: z.number(),
  addresses: z.array(held),
});
const range = z.object({ first: z.string(), last: z.string(), reason: z.string() });
const use = z.object({
  block: z.string(),
  site: z.string(),
  subnet: z.string(),
  gateway: z.string().nullable(),
  reserved: z.array(range),
  dynamic: z.array(range),
  counts: z.object({ size: whole, held: whole, reserved: whole, dynamic: whole, free: whole }),
  items: z.array(
    z.object({
      address: z.string(),
      structure: z.string(),
      structureId: z.string(),
      interface: z.string().nullable(),
      /** The structure is being taken down, and gives the address back. */
      leaving: z.boolean(),
    }),
  ),
  next: z.string().nullable(),
});

/** `/v1/address-blocks/{idOrName}/addresses`, `/next-free`, `/allocate` and `/release`. */
export function allocationRoutes({ app }: HttpServer, allocation: AllocationService): void {
  const path = "/v1/address-blocks/:idOrName";
  app.get(
    `${path}/addresses`,
    {
      ...needs("inventory.read", "place"),
      schema: {
        summary: "Who has which address of a block, and how many are left",
        tags,
        params,
        querystring: listQuery,
        response: { 200: use },
      },
    },
    async (request) =>
      shownUse(await allocation.use(request.principal as Principal, request.params.idOrName), request.query),
  );
  app.get(
    `${path}/next-free`,
    {
      ...needs("inventory.read", "place"),
      schema: {
        summary: "The lowest free addresses of a block; nothing is given out",
        tags,
        params,
        querystring: z.object({ count: z.coerce.number().int().min(1).max(1000).default(1) }),
        response: { 200: z.object({ block: z.string(), addresses: z.array(z.string()) }) },
      },
    },
    async (request) => {
      const { idOrName } = request.params;
      const principal = request.principal as Principal;
      const { block, addresses } = await allocation.nextFree(principal, idOrName, request.query.count);
      return { block, addresses: addresses.map((address) => formatAddress(address)) };
    },
  );
  app.post(
    `${path}/allocate`,
    {
      ...needs("inventory.write", "place"),
      schema: {
        summary: "Give a structure free addresses of a block, or one that it names",
        tags,
        params,
        headers: CREATE_HEADERS,
        body: z
          .strictObject({
            structure: z.string().min(1),
            interface: z.string().min(1).optional(),
            count: z.number().int().min(1).max(1000).optional(),
            address: z.string().max(60).optional(),
          })
          .refine(({ count, address }) => count === undefined || address === undefined, {
            message: "give either a count or an address",
          }),
        response: { 200: change },
      },
    },
    async (request) =>
      shownChange(
        await allocation.allocate(
          request.principal as Principal,
          request.params.idOrName,
          request.body,
          onceOf(request),
        ),
      ),
  );
  app.post(
    `${path}/release`,
    {
      ...needs("inventory.write", "place"),
      schema: {
        summary: "Take addresses of a block back: those that are named, or all of a structure",
        tags,
        params,
        headers: CREATE_HEADERS,
        body: z
          .strictObject({
            addresses: z.array(z.string().max(60)).min(1).max(1000).optional(),
            structure: z.string().min(1).optional(),
          })
          .refine(({ addresses, structure }) => addresses !== undefined || structure !== undefined, {
            message: "name addresses, a structure, or both",
          }),
        response: { 200: z.object({ items: z.array(change) }) },
      },
    },
    async (request) => {
      const changes = await allocation.release(
        request.principal as Principal,
        request.params.idOrName,
        request.body,
        onceOf(request),
      );
      return { items: changes.map(shownChange) };
    },
  );
}

function shownChange({ structure, version, addresses }: AddressChange): z.input<typeof change> {
  return { structure, version, addresses: addresses.map((one) => ({ ...one })) };
}

function shownUse(
  { row, open, held, counts }: BlockUse,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): z.input<typeof use> {
  const after = cursor === undefined ? undefined : addressAfter(cursor);
  // Two may have an address while one of them goes away: both stand on one page, so that a cursor is an address.
  const rest = held.filter(({ address }) => after === undefined || address > after);
  const last = rest[limit - 1]?.address;
  const items = last === undefined ? rest : rest.filter(({ address }) => address <= last);
  const gateway = gatewayOf(open.block);
  return {
    block: row.name,
    site: row.site,
    subnet: row.subnet,
    gateway: gateway === undefined ? null : formatAddress(gateway),
    reserved: open.kept.filter(({ kind }) => kind === "reserved").map(shownRange),
    dynamic: open.kept.filter(({ kind }) => kind === "dynamic").map(shownRange),
    counts: {
      size: counts.size.toString(),
      held: counts.held.toString(),
      reserved: counts.reserved.toString(),
      dynamic: counts.dynamic.toString(),
      free: counts.free.toString(),
    },
    items: items.map((one) => ({
      address: formatAddress(one.address),
      structure: one.structure.name,
      structureId: one.structure.id,
      interface: one.interface,
      leaving: one.structure.wanted === "absent",
    })),
    next: items.length < rest.length && last !== undefined ? cursorAfter(toHex(last)) : null,
  };
}

function addressAfter(cursor: string): Address {
  const text = decodeCursor(cursor);
  if (!/^[0-9a-f]{32}$/.test(text)) throw new GantryError(CURSOR_UNKNOWN, `'${cursor.slice(0, 60)}' is not a cursor`);
  return fromHex(text);
}

function shownRange({ first, last, reason }: KeptRange): z.input<typeof range> {
  return { first: formatAddress(first), last: formatAddress(last), reason };
}

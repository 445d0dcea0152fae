import { GantryError } from "../kernel/errors.ts";
import { CLIENT_CALL_INVALID } from "./errors.ts";
import { createListing } from "./listing.ts";
import type { CallOptions, OperationEntry, OperationTable, Page, Requests } from "./model.ts";
import type { Resources } from "./operations.generated.ts";

/** The methods of every resource, from the table of endpoints. */
export function createResources(table: OperationTable, requests: Requests, tenant: string): Resources {
  const resources = Object.entries(table).map(([resource, operations]) => [
    resource,
    Object.fromEntries(
      Object.entries(operations).map(([name, entry]) => [
        name,
        (...given: readonly unknown[]) => call(requests, withTenant(entry, tenant), `${resource}.${name}`, given),
      ]),
    ),
  ]);
  return Object.fromEntries(resources) as Resources;
}

/** Some paths name the tenant; a client asks as one. */
function withTenant(entry: OperationEntry, tenant: string): OperationEntry {
  return { ...entry, path: entry.path.replace("{tenantId}", encodeURIComponent(tenant)) };
}

function call(requests: Requests, entry: OperationEntry, name: string, given: readonly unknown[]): unknown {
  const rest = [...given];
  const path = entry.path.replaceAll(/\{(\w+)\}/g, (_all, place: string) => inPath(rest.shift(), name, place));
  const body = entry.body === undefined ? undefined : rest.shift();
  const options = (rest.shift() ?? {}) as Readonly<Record<string, unknown>> & CallOptions;
  if (rest.length > 0 || typeof options !== "object")
    throw new GantryError(CLIENT_CALL_INVALID, `${name} was given more than its names, body and options`);
  const { signal, ...members } = options;
  const { headers, query } = divided(entry, members);
  const calling = { signal };
  if (entry.answer === "page") {
    const { limit, cursor, ...filter } = query;
    return createListing(
      (next, size) =>
        requests.get<Page<unknown>>(path + queryText({ ...filter, cursor: next ?? cursor, limit: size }), calling),
      limit === undefined ? undefined : Number(limit),
      entry.largestPage,
    );
  }
  const whole = path + queryText(query);
  if (entry.answer === "lines") return requests.lines(whole, calling);
  if (entry.answer === "bytes")
    return entry.method === "POST" ? requests.fetch("POST", whole, body, calling) : requests.download(whole, calling);
  if (entry.method === "GET") return requests.get(whole, calling);
  if (entry.body === "bytes")
    return requests.upload(whole, body as Uint8Array, headers, calling, entry.method as "POST" | "PUT");
  return requests.send(
    entry.method as "POST",
    whole,
    body,
    body === undefined ? headers : { "content-type": typeOfBody(entry, body), ...headers },
    calling,
  );
}

function inPath(value: unknown, name: string, place: string): string {
  if (typeof value !== "string" || value === "" || value === "." || value === "..")
    throw new GantryError(
      CLIENT_CALL_INVALID,
      `${name} needs a text for ${place}, and was given ${JSON.stringify(value) ?? "nothing"}`,
    );
  return encodeURIComponent(value);
}

/** An array for PATCH is a list of operations (JSON Patch), an object is what should be (JSON merge patch). */
function typeOfBody({ bodyTypes = ["application/json"] }: OperationEntry, body: unknown): string {
  const operations = bodyTypes.find((type) => type.includes("json-patch"));
  if (Array.isArray(body) && operations !== undefined) return operations;
  return bodyTypes.find((type) => type !== operations) ?? "application/json";
}

function divided(entry: OperationEntry, options: Readonly<Record<string, unknown>>) {
  const headers: Record<string, string> = {};
  const query: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const header = entry.headers?.[name];
    if (header === undefined) query[name] = value;
    else if (value !== undefined)
      headers[header] = header === "if-match" && value !== "*" ? `"${String(value)}"` : String(value);
  }
  return { headers, query };
}

function queryText(members: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    for (const one of [value].flat()) if (one !== undefined && one !== null) query.append(name, String(one));
  }
  return query.size === 0 ? "" : `?${query.toString()}`;
}

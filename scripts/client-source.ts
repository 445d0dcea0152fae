import { member, type Schema, typeName, typeOf } from "./schema-types.ts";

/** Makes the client's operations from the OpenAPI document: a table for the program, and the types for whoever writes against it. */

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

interface ApiOperation {
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
  readonly description?: string;
}

/** What executors speak with the server is no interface for people. */
const LEFT_OUT = /^\/v1\/link(\/|$)/;

/** What the document cannot say: answers that go on, and bodies that are bytes. */
const LINES: Readonly<Record<string, string>> = {
  "GET /v1/runs/{id}/output": "RunLine",
  "GET /v1/runs/{id}/export": "RunExportLine",
  "GET /v1/audit/export": "Audit",
};
const BYTES: readonly string[] = ["PUT /v1/content/{sha256}"];
const BYTES_ANSWERED: readonly string[] = [
  "GET /v1/inventory/{bundle}",
  "POST /v1/backups",
  "GET /v1/support-bundle",
  "GET /v1/content/{sha256}",
  "GET /metrics",
];

/** Headers a server reads for itself, or that a client sends with everything. */
const OWN_HEADERS: readonly string[] = ["last-event-id", "accept", "content-type", "gantry-tenant"];

/** A place in a path which the client fills: it asks as one tenant. */
const TENANT = "{tenantId}";

interface Operation {
  readonly resource: string;
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body: "none" | "json" | "bytes";
  readonly bodyTypes: readonly string[];
  readonly answer: "page" | "json" | "lines" | "bytes" | "none";
  /** Option by header. */
  readonly headers: Readonly<Record<string, string>>;
  readonly largestPage: number | undefined;
  readonly signature: string;
  /** The type of a list's items. */
  readonly item: string | undefined;
  /** The type of the body. */
  readonly draft: string | undefined;
  readonly summary: string;
}

const MADE = "// Made from docs/openapi.json by `npm run client`. Changes here are lost.";

/** The text of `operations.generated.ts`, which is types alone. @throws Error when two endpoints would get the same name */
export function operationTypes(document: OpenApi): string {
  const operations = operationsOf(document);
  const { declarations, renamed } = namedTypes(operations);
  const resources = [...new Set(operations.map((one) => one.resource))].toSorted();
  const of = (resource: string): readonly Operation[] => operations.filter((one) => one.resource === resource);
  return [
    MADE,
    'import type { CallOptions, Listing, RunExportLine, RunLine } from "./model.ts";',
    ...Object.entries(document.components?.schemas ?? {}).map(
      ([name, schema]) => `export type ${typeName(name)} = ${typeOf(schema)};`,
    ),
    ...declarations,
    "/** What the server can be asked, by what it is about. */",
    "export interface Resources {",
    ...resources.map((resource) =>
      [
        `readonly ${resource}: {`,
        ...of(resource).map((one) => `/** ${one.summary} */\n${one.name}${renamed(one.signature)};`),
        "};",
      ].join("\n"),
    ),
    "}",
    "",
  ].join("\n");
}

/** The text of `operation-table.generated.ts`: what a program needs of it, which every command loads. */
export function operationTable(document: OpenApi): string {
  const resources = Map.groupBy(operationsOf(document), ({ resource }) => resource);
  return [
    MADE,
    'import type { OperationTable } from "./model.ts";',
    "export const OPERATIONS: OperationTable = {",
    ...[...resources]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([resource, own]) =>
        [`${resource}: {`, ...own.map((one) => `${one.name}: ${tableEntry(one)},`), "},"].join("\n"),
      ),
    "};",
    "",
  ].join("\n");
}

function operationsOf(document: OpenApi): readonly Operation[] {
  const known = new Map<string, string>();
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    if (LEFT_OUT.test(path)) continue;
    for (const [method, operation] of Object.entries(methods)) {
      const one = operationOf(method.toUpperCase(), path, operation, "get" in methods);
      const name = `${one.resource}.${one.name}`;
      const taken = known.get(name);
      if (taken !== undefined) throw new Error(`${one.method} ${path} and ${taken} would both be ${name}`);
      known.set(name, `${one.method} ${path}`);
      found.push(one);
    }
  }
  return found;
}

/** `readable`: the same path can be read. */
function operationOf(method: string, path: string, operation: ApiOperation, readable: boolean): Operation {
  const endpoint = `${method} ${path}`;
  const parameters = operation.parameters ?? [];
  const answered = answerOf(endpoint, operation);
  const content = operation.requestBody?.content ?? {};
  const body = BYTES.includes(endpoint) ? "bytes" : operation.requestBody === undefined ? "none" : "json";
  const headers = Object.fromEntries(
    parameters
      .filter((one) => one.in === "header" && !OWN_HEADERS.includes(one.name))
      .map((one) => [camel(one.name), one.name]),
  );
  const inPath = [...path.replace(TENANT, "").matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => `${camel(name)}: string`);
  const bodies = Object.values(content).map((one) => typeOf(one.schema ?? {}));
  const bodyType =
    body === "bytes" ? "AsyncIterable<Uint8Array> | Uint8Array | string" : [...new Set(bodies)].join(" | ");
  const given = [
    ...inPath,
    ...(body === "none" ? [] : [`body${operation.requestBody?.required === false ? "?" : ""}: ${bodyType}`]),
    optionsType(parameters),
  ];
  return {
    ...nameOf(method, path, answered.kind === "page", readable),
    method,
    path,
    body,
    bodyTypes: Object.keys(content),
    answer: answered.kind,
    headers,
    largestPage: parameters.find((one) => one.in === "query" && one.name === "limit")?.schema.maximum,
    signature: `(${given.join(", ")}): ${answered.type}`,
    item: answered.item,
    draft: body === "json" ? bodyType : undefined,
    summary: operation.summary ?? endpoint,
  };
}

function optionsType(parameters: readonly Parameter[]): string {
  const members = parameters
    .filter((one) => one.in === "query" || (one.in === "header" && !OWN_HEADERS.includes(one.name)))
    .map((one) => member(camel(one.name), optionType(one), one.required === true, one.description));
  if (members.length === 0) return "options?: CallOptions";
  const required = parameters.some((one) => one.in === "query" && one.required === true);
  return `options${required ? "" : "?"}: {\n${members.join("\n")}\n} & CallOptions`;
}

/** Switches are booleans here, and versions are numbers, whatever they look like on the way. */
function optionType({ name, schema }: Parameter): string {
  if (name === "if-match") return 'number | "*"';
  const values = [...(schema.enum ?? [])].toSorted();
  return values.length === 2 && values[0] === "false" && values[1] === "true" ? "boolean" : typeOf(schema);
}

function answerOf(
  endpoint: string,
  operation: ApiOperation,
): { readonly kind: Operation["answer"]; readonly type: string; readonly item?: string } {
  const lines = LINES[endpoint];
  if (lines !== undefined) return { kind: "lines", type: `Promise<AsyncIterable<${lines}>>` };
  if (BYTES_ANSWERED.includes(endpoint)) return { kind: "bytes", type: "Promise<AsyncIterable<Uint8Array>>" };
  const [, good] = Object.entries(operation.responses).find(([status]) => status.startsWith("2")) ?? [];
  if (good === undefined || operation.responses["204"] === good) return { kind: "none", type: "Promise<void>" };
  const schema = good.content?.["application/json"]?.schema;
  if (schema === undefined) {
    const other = Object.keys(good.content ?? {});
    if (other.length === 0 || other.some((type) => type.includes("json")))
      return { kind: "json", type: "Promise<unknown>" };
    return { kind: "bytes", type: "Promise<AsyncIterable<Uint8Array>>" };
  }
  const members = schema.properties ?? {};
  const items = members["items"]?.items;
  if (items !== undefined && members["next"] !== undefined) {
    // Some pages say more than their items.
    const whole = Object.keys(members).length === 2 ? "" : `, ${typeOf(schema)}`;
    return { kind: "page", type: `Listing<${typeOf(items)}${whole}>`, item: typeOf(items) };
  }
  return { kind: "json", type: `Promise<${typeOf(schema)}>` };
}

/**
 * A name for what a list holds and for what is sent to make one: `Structure`, `NewStructure`. The same type in other places gets the same
 * name.
 */
function namedTypes(operations: readonly Operation[]): {
  readonly declarations: readonly string[];
  readonly renamed: (text: string) => string;
} {
  const names = new Map<string, string>();
  for (const { resource, name, item, draft } of operations) {
    const singular = typeName(resource.replace(/s$/, ""));
    if (name === "list" && item?.startsWith("{") === true && !names.has(item)) names.set(item, singular);
    if (name === "create" && draft?.startsWith("{") === true && !names.has(draft)) names.set(draft, `New${singular}`);
  }
  // The longest first: a type may be a part of another.
  const longest = [...names].toSorted(([a], [b]) => b.length - a.length);
  return {
    declarations: [...names].map(([type, name]) =>
      isOneObject(type) ? `export interface ${name} ${type}` : `export type ${name} = ${type};`,
    ),
    renamed: (text) => longest.reduce((all, [type, name]) => all.replaceAll(type, name), text),
  };
}

const OF_MANY: Readonly<Record<string, string>> = {
  GET: "get",
  POST: "create",
  PUT: "replace",
  PATCH: "patch",
  DELETE: "delete",
};
const OF_ONE: Readonly<Record<string, string>> = { ...OF_MANY, POST: "post" };
/** A word at the end says what is done; where one only changes or takes away something, the method says it as well. */
const OF_WORD: Readonly<Record<string, string>> = {
  GET: "",
  PUT: "replace",
  PATCH: "patch",
  DELETE: "delete",
};

/** `GET /v1/address-blocks/{idOrName}/addresses` is `addressBlocks.addresses`. */
function nameOf(
  method: string,
  path: string,
  paged: boolean,
  readable: boolean,
): { readonly resource: string; readonly name: string } {
  // `/v1/dns/targets` is a resource of its own: `dnsTargets`.
  const [first = "", ...rest] = path
    .replace(`/${TENANT}`, "")
    .replace(/^\/v1\/dns\//, "/v1/dns-")
    .replace(/^\/v1\//, "/")
    .slice(1)
    .split("/");
  // Outside of /v1 the server tells of itself.
  if (!path.startsWith("/v1/")) return { resource: "server", name: camel(first) };
  const resource = camel(first);
  const words = rest.map((part) => part.replaceAll(/\{\w+\}/g, "")).filter((part) => part !== "");
  const places = rest.filter((part) => part.includes("{")).length;
  // A word that is only posted to is what is done: `allocate`. What can be read too is a thing: `members` and `postMembers`.
  const verb = method === "POST" && readable ? "post" : (OF_WORD[method] ?? "");
  if (words.length > 0) return { resource, name: camel(`${verb}-${words.join("-")}`) };
  const many = paged ? "list" : (OF_MANY[method] ?? method);
  if (places === 0) return { resource, name: many };
  if (places === 1 && !paged) return { resource, name: OF_ONE[method] ?? method };
  return { resource, name: `${paged ? "list" : (OF_ONE[method] ?? method)}Of` };
}

/** `if-match` and `id_or_name` as `ifMatch` and `idOrName`. */
function camel(text: string): string {
  const [first = "", ...rest] = text.split(/[^A-Za-z0-9]+/).filter((part) => part !== "");
  return (
    first.replace(/^./, (one) => one.toLowerCase()) +
    rest.map((one) => one.replace(/^./, (letter) => letter.toUpperCase())).join("")
  );
}

function tableEntry({ method, path, body, bodyTypes, answer, headers, largestPage }: Operation): string {
  return JSON.stringify({
    method,
    path,
    answer,
    ...(body === "none" ? {} : { body }),
    ...(bodyTypes.length === 0 || bodyTypes.join() === "application/json" ? {} : { bodyTypes }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(answer !== "page" || largestPage === undefined ? {} : { largestPage }),
  });
}

/** Whether the type is one object, and not several joined: only then can it be an interface. */
function isOneObject(type: string): boolean {
  let depth = 0;
  for (const [index, character] of [...type].entries()) {
    if (character === "{") depth += 1;
    if (character === "}") depth -= 1;
    if (depth === 0) return index === type.length - 1;
  }
  return false;
}

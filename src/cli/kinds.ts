import type { Json, JsonObject } from "../kernel/json.ts";
import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { USAGE } from "./errors.ts";
import type { GantryClient, Listing } from "../client/index.ts";
import { versionText } from "./node-version.ts";
import { durationText, timeText, type Column } from "./output.ts";

/** What the commands for all kinds know of one: its names, what it is called in the client, and its columns. */
export interface Kind {
  readonly singular: string;
  readonly plural: string;
  /** Its resource in the client. */
  readonly resource: string;
  /** For help. */
  readonly summary: string;
  readonly columns: readonly Column<JsonObject>[];
}

export const KINDS: readonly Kind[] = [
  {
    singular: "structure",
    plural: "structures",
    resource: "structures",
    summary: "hosts: what is deployed",
    columns: [
      text("NAME", "name"),
      text("SITE", "site"),
      text("BLUEPRINT", "blueprint"),
      text("FOUNDATION", "foundation"),
      list("ADDRESSES", "addresses"),
      // What nobody builds is only known.
      { heading: "STATE", value: (row) => (row["foundation"] === null ? "recorded" : show(row["state"])) },
      text("MANAGED BY", "managedBy"),
    ],
  },
  {
    singular: "foundation",
    plural: "foundations",
    resource: "foundations",
    summary: "machines and containers: what is deployed on",
    columns: [
      text("NAME", "name"),
      text("SITE", "site"),
      text("TYPE", "type"),
      text("COMPLEX", "complex"),
      text("BLUEPRINT", "blueprint"),
      // Somebody said which machine it is: it can be built.
      {
        heading: "STATE",
        value: (row) => (row["state"] === "planned" && isSet(row["locatedAt"]) ? "located" : show(row["state"])),
      },
      text("MANAGED BY", "managedBy"),
    ],
  },
  {
    singular: "complex",
    plural: "complexes",
    resource: "complexes",
    summary: "sets of structures that offer foundations",
    columns: [
      text("NAME", "name"),
      text("SITE", "site"),
      text("TYPE", "type"),
      list("MEMBERS", "members"),
      { heading: "BUILT AT", value: (row) => `${show(row["builtPercentage"])}%` },
      { heading: "CAPACITY", value: capacityText },
    ],
  },
  {
    singular: "dependency",
    plural: "dependencies",
    resource: "dependencies",
    summary: "foundations that wait for something else",
    columns: [
      text("NAME", "name"),
      text("FOUNDATION", "foundation"),
      { heading: "NEEDS", value: neededText },
      text("LINK", "link"),
      text("STATE", "state"),
      text("MANAGED BY", "managedBy"),
    ],
  },
  {
    singular: "site",
    plural: "sites",
    resource: "sites",
    summary: "places, in a tree",
    columns: [text("NAME", "name"), text("KIND", "kind"), text("PARENT", "parent"), text("DESCRIPTION", "description")],
  },
  {
    singular: "group",
    plural: "groups",
    resource: "groups",
    summary: "named sets of structures, in trees",
    columns: [
      text("NAME", "name"),
      text("KIND", "kind"),
      text("PARENT", "parent"),
      list("INCLUDES", "includes"),
      text("PRIORITY", "priority"),
      text("DESCRIPTION", "description"),
    ],
  },
  {
    singular: "network",
    plural: "networks",
    resource: "networks",
    summary: "layer 2 networks",
    columns: [
      text("NAME", "name"),
      text("SITE", "site"),
      text("VLAN", "vlan"),
      text("MTU", "mtu"),
      text("DESCRIPTION", "description"),
    ],
  },
  {
    singular: "link",
    plural: "links",
    resource: "links",
    summary: "how ports are set up",
    columns: [
      text("NAME", "name"),
      text("SITE", "site"),
      text("SPEED", "speed"),
      text("MTU", "mtu"),
      { heading: "BONDING", value: (row) => show(at(row, "bonding", "mode")) },
      list("NETWORKS", "networks"),
    ],
  },
  {
    singular: "interface",
    plural: "interfaces",
    resource: "interfaces",
    summary: "network interfaces: OWNER/DEVICE",
    columns: [
      text("NAME", "name"),
      text("TYPE", "type"),
      text("MAC", "mac"),
      text("NETWORK", "network"),
      text("LINK", "link"),
      text("VLAN", "vlan"),
      list("MEMBERS", "members"),
    ],
  },
  {
    singular: "zone",
    plural: "zones",
    resource: "zones",
    summary: "DNS zones",
    columns: [
      text("NAME", "name"),
      text("PARENT", "parent"),
      list("NAMESERVERS", "nameservers"),
      text("TTL", "ttl"),
      { heading: "RECORDS", value: (row) => (Array.isArray(row["records"]) ? String(row["records"].length) : "-") },
      list("VIEWS", "views"),
    ],
  },
  {
    singular: "field-schema",
    plural: "field-schemas",
    resource: "fieldSchemas",
    summary: "custom fields: a JSON Schema for a kind",
    columns: [text("KIND", "name"), { heading: "FIELDS", value: (row) => fieldNames(row) }],
  },
  {
    singular: "tenant",
    plural: "tenants",
    resource: "tenants",
    summary: "who owns things",
    columns: [text("NAME", "name"), text("DESCRIPTION", "description")],
  },
  {
    singular: "blueprint",
    plural: "blueprints",
    resource: "blueprints",
    summary: "how things are made",
    columns: [
      text("NAME", "name"),
      text("BUILDS", "builds"),
      list("PARENTS", "parents"),
      keys("SCRIPTS", "scripts"),
      text("DESCRIPTION", "description"),
    ],
  },
  {
    singular: "address-block",
    plural: "address-blocks",
    resource: "addressBlocks",
    summary: "ranges of addresses",
    columns: [
      text("NAME", "name"),
      text("SITE", "site"),
      text("SUBNET", "subnet"),
      text("GATEWAY", "gateway"),
      text("NETWORK", "network"),
    ],
  },
  {
    singular: "job",
    plural: "jobs",
    resource: "jobs",
    summary: "what is being done, and was",
    columns: [
      text("ID", "id"),
      { heading: "SCRIPT", value: (row) => show(at(row, "program", "name") ?? row["name"]) },
      { heading: "TARGET", value: (row) => show(at(row, "target", "name")) },
      text("STATE", "status"),
      {
        heading: "PERCENT",
        value: (row) => (typeof row["percent"] === "number" ? `${Math.round(row["percent"])}%` : "-"),
      },
      { heading: "CREATED", value: (row) => timeText(number(row["createdAt"])) },
      { heading: "TIME", value: (row) => durationText(duration(row)) },
      { heading: "LEFT", value: (row) => durationText(number(row["remaining"])) },
      text("MESSAGE", "message"),
    ],
  },
  {
    singular: "node",
    plural: "nodes",
    resource: "nodes",
    summary: "workers and agents",
    columns: [
      text("NAME", "name"),
      text("KIND", "kind"),
      { heading: "STATE", value: (row) => String(row["drain"] ?? row["state"]) },
      { heading: "VERSION", value: versionText },
      list("MODULES", "modules"),
      { heading: "SEEN", value: (row) => timeText(number(row["seenAt"])) },
    ],
  },
  {
    singular: "design",
    plural: "designs",
    resource: "designs",
    summary: "documents that were applied",
    columns: [
      text("NAME", "name"),
      text("VERSION", "version"),
      { heading: "APPLIED", value: (row) => timeText(number(row["appliedAt"])) },
    ],
  },
  {
    singular: "event",
    plural: "events",
    resource: "events",
    summary: "what happened",
    columns: [
      { heading: "AT", value: (row) => timeText(number(row["at"])) },
      text("TYPE", "type"),
      { heading: "SUBJECT", value: eventSubject },
      { heading: "WHAT", value: eventText },
    ],
  },
];

/** A resource of the client, seen without its kind: what a kind does not have is missing. */
export interface AnyResource {
  list(options?: Readonly<Record<string, unknown>>): Listing<JsonObject>;
  get?(name: string, options?: Readonly<Record<string, unknown>>): Promise<JsonObject>;
  create?(body: JsonObject): Promise<JsonObject>;
  patch?(name: string, body: unknown, options?: { readonly ifMatch?: number }): Promise<JsonObject>;
  delete?(name: string, options?: Readonly<Record<string, unknown>>): Promise<unknown>;
}

export function resourceOf(client: GantryClient, kind: Kind): AnyResource {
  return (client as unknown as Readonly<Record<string, AnyResource>>)[kind.resource]!;
}

/** As the server's edits call it: `address_block`. */
export function kindWord(kind: Kind): string {
  return kind.singular.replaceAll("-", "_");
}

/** What can be done with a kind by name. @throws GantryError `usage`, when it cannot */
export function methodOf<Name extends "get" | "create" | "patch" | "delete">(
  client: GantryClient,
  kind: Kind,
  name: Name,
): NonNullable<AnyResource[Name]> {
  const method = resourceOf(client, kind)[name];
  if (method !== undefined) return method as NonNullable<AnyResource[Name]>;
  const what = { get: "shown one by one", create: "created", patch: "changed", delete: "deleted" }[name];
  throw new GantryError(USAGE, `${kind.plural} cannot be ${what}`, { hint: `They are ${kind.summary}.` });
}

/** `structure web1`: what it happened to, by name where it has one. */
export function eventSubject(event: JsonObject): string {
  const target = at(event, "data", "target");
  if (isObject(target) && target["name"] !== undefined) return `${show(target["kind"])} ${show(target["name"])}`;
  return `${show(at(event, "subject", "kind"))} ${show(at(event, "data", "name") ?? at(event, "subject", "id"))}`;
}

/** What an event says beside its type, in one line for people: JSON and YAML have all of it. */
export function eventText(event: JsonObject): string {
  const data = event["data"];
  if (!isObject(data)) return "-";
  const line = data["line"] === null || data["line"] === undefined ? undefined : `line ${show(data["line"])}`;
  const said = ["program", "script", "status", "action", "reason", "message"].map((member) => data[member]);
  const failure = at(data, "failure", "message");
  const fields = Array.isArray(data["fields"]) ? data["fields"].join(", ") : undefined;
  const words = [...said, line, failure, fields].filter((word) => typeof word === "string" && word !== "");
  return words.length === 0 ? "-" : [...new Set(words)].join(", ");
}

/** The kind a person named, in singular or plural. @throws GantryError `usage`, with the nearest name */
export function kindNamed(typed: string): Kind {
  const found = KINDS.find((kind) => kind.singular === typed || kind.plural === typed);
  if (found !== undefined) return found;
  const near = nearest(
    typed,
    KINDS.flatMap((kind) => [kind.plural, kind.singular]),
  );
  const known = KINDS.map((kind) => kind.plural).join(", ");
  throw new GantryError(USAGE, `there is no kind '${typed}'`, {
    hint: near === undefined ? `Kinds are: ${known}.` : `Did you mean '${near}'?`,
  });
}

function text(heading: string, member: string): Column<JsonObject> {
  return { heading, value: (row) => show(row[member]) };
}

function list(heading: string, member: string): Column<JsonObject> {
  return {
    heading,
    value(row) {
      const value = row[member];
      if (Array.isArray(value))
        return (
          value.map((item: Json) => (isObject(item) ? show(item["address"] ?? item["name"]) : show(item))).join(", ") ||
          "-"
        );
      return isObject(value) ? Object.keys(value).join(", ") || "-" : show(value);
    },
  };
}

/** `structure switch1`, or the dependency it follows. */
function neededText(row: JsonObject): string {
  return isSet(row["structure"]) ? `structure ${show(row["structure"])}` : `dependency ${show(row["dependency"])}`;
}

/** `foundations 4, memory 65536`. */
function capacityText(row: JsonObject): string {
  const capacity = row["capacity"];
  if (!isObject(capacity)) return "-";
  return (
    Object.entries(capacity)
      .map(([name, most]) => `${name} ${show(most)}`)
      .join(", ") || "-"
  );
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null;
}

function fieldNames(row: JsonObject): string {
  const fields = at(row, "schema", "properties");
  return isObject(fields) ? Object.keys(fields).join(", ") || "-" : "-";
}

function keys(heading: string, member: string): Column<JsonObject> {
  return {
    heading,
    value(row) {
      const value = row[member];
      if (Array.isArray(value)) return value.join(", ") || "-";
      return isObject(value) ? Object.keys(value).join(", ") || "-" : "-";
    },
  };
}

function show(value: Json | undefined): string {
  if (value === undefined || value === null || value === "") return "-";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function at(row: JsonObject, ...path: readonly string[]): Json | undefined {
  let value: Json | undefined = row;
  for (const member of path) value = isObject(value) ? value[member] : undefined;
  return value;
}

function number(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}

function duration(row: JsonObject): number | null {
  const started = number(row["startedAt"]);
  const finished = number(row["finishedAt"]);
  return started === null || finished === null ? null : finished - started;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import type { JsonObject, Json } from "../kernel/json.ts";
import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { USAGE } from "./errors.ts";
import { durationText, timeText, type Column } from "./output.ts";

/** What `gantry get` and `gantry show` know of a kind of thing: its names, where the server lists it, and its columns. */
export interface Kind {
  readonly singular: string;
  readonly plural: string;
  /** Path of the list; one thing is below it. */
  readonly path: string;
  readonly columns: readonly Column<JsonObject>[];
}

export const KINDS: readonly Kind[] = [
  {
    singular: "structure",
    plural: "structures",
    path: "/v1/structures",
    columns: [
      text("NAME", "name"),
      text("SITE", "site"),
      text("BLUEPRINT", "blueprint"),
      text("FOUNDATION", "foundation"),
      list("ADDRESSES", "addresses"),
      text("STATE", "state"),
      text("MANAGED BY", "managedBy"),
    ],
  },
  {
    singular: "foundation",
    plural: "foundations",
    path: "/v1/foundations",
    columns: [
      text("NAME", "name"),
      text("SITE", "site"),
      text("TYPE", "type"),
      text("BLUEPRINT", "blueprint"),
      text("STATE", "state"),
      text("MANAGED BY", "managedBy"),
    ],
  },
  {
    singular: "site",
    plural: "sites",
    path: "/v1/sites",
    columns: [text("NAME", "name"), text("KIND", "kind"), text("PARENT", "parent"), text("DESCRIPTION", "description")],
  },
  {
    singular: "blueprint",
    plural: "blueprints",
    path: "/v1/blueprints",
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
    path: "/v1/address-blocks",
    columns: [text("NAME", "name"), text("SITE", "site"), text("SUBNET", "subnet"), text("GATEWAY", "gateway")],
  },
  {
    singular: "job",
    plural: "jobs",
    path: "/v1/jobs",
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
      text("MESSAGE", "message"),
    ],
  },
  {
    singular: "node",
    plural: "nodes",
    path: "/v1/nodes",
    columns: [
      text("NAME", "name"),
      text("KIND", "kind"),
      text("STATE", "state"),
      text("VERSION", "version"),
      list("MODULES", "modules"),
      { heading: "SEEN", value: (row) => timeText(number(row["seenAt"])) },
    ],
  },
  {
    singular: "design",
    plural: "designs",
    path: "/v1/designs",
    columns: [
      text("NAME", "name"),
      text("VERSION", "version"),
      { heading: "APPLIED", value: (row) => timeText(number(row["appliedAt"])) },
    ],
  },
  {
    singular: "event",
    plural: "events",
    path: "/v1/events",
    columns: [
      { heading: "AT", value: (row) => timeText(number(row["at"])) },
      text("TYPE", "type"),
      { heading: "SUBJECT", value: eventSubject },
      { heading: "WHAT", value: eventText },
    ],
  },
];

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
  const words = [...said, line, failure].filter((word) => typeof word === "string" && word !== "");
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

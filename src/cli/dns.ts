import { resolve } from "node:path";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry dns …`: zones as they are published, the name servers that are told, and how far they are. */

interface Zone {
  readonly name: string;
  readonly view: string | null;
  readonly reverse: boolean;
  readonly parent: string | null;
  readonly serial: number;
  readonly records: number;
}

interface ZoneRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly value: string;
}

interface ZoneStatus {
  readonly target: string;
  readonly zone: string;
  readonly view: string | null;
  readonly state: "waiting" | "published" | "removing";
  readonly serial: number | null;
  readonly wantedSerial: number | null;
  readonly attempt: number;
  readonly lastError: string | null;
  readonly publishedAt: number | null;
}

interface Status {
  readonly zones: readonly ZoneStatus[];
  readonly problems: readonly { readonly zone: string | null; readonly message: string; readonly code: string }[];
}

interface Target {
  readonly name: string;
  readonly kind: string;
  readonly settings: JsonObject;
  readonly zones: readonly string[];
  readonly view: string | null;
  readonly version: number;
}

const ZONES: readonly Column<Zone>[] = [
  { heading: "ZONE", value: (row) => row.name },
  { heading: "VIEW", value: (row) => row.view ?? "-" },
  { heading: "LEADS", value: (row) => (row.reverse ? "to names" : "to addresses") },
  { heading: "PARENT", value: (row) => row.parent ?? "-" },
  { heading: "SERIAL", value: (row) => String(row.serial) },
  { heading: "RECORDS", value: (row) => String(row.records) },
];

const RECORDS: readonly Column<ZoneRecord>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "TTL", value: (row) => String(row.ttl) },
  { heading: "TYPE", value: (row) => row.type },
  { heading: "VALUE", value: (row) => printable(row.value) },
];

const STATUS: readonly Column<ZoneStatus>[] = [
  { heading: "TARGET", value: (row) => row.target },
  { heading: "ZONE", value: (row) => row.zone },
  { heading: "VIEW", value: (row) => row.view ?? "-" },
  { heading: "STATE", value: (row) => (row.attempt === 0 ? row.state : `${row.state} (${row.attempt} failed)`) },
  { heading: "SERIAL", value: serialText },
  { heading: "PUBLISHED", value: (row) => timeText(row.publishedAt) },
  { heading: "MESSAGE", value: (row) => printable(row.lastError ?? "-").replaceAll("\n", " ") },
];

const TARGETS: readonly Column<Target>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "KIND", value: (row) => row.kind },
  { heading: "VIEW", value: (row) => row.view ?? "-" },
  { heading: "ZONES", value: (row) => row.zones.join(", ") || "all" },
  {
    heading: "SETTINGS",
    value: (row) =>
      Object.entries(row.settings)
        .map(([name, value]) => `${name}=${printable(String(value))}`)
        .join(" "),
  },
];

/** `2026030100`, or `2026030100 -> 2026030101` while the server has not what it is to have. */
function serialText({ serial, wantedSerial }: ZoneStatus): string {
  if (serial === wantedSerial) return serial === null ? "-" : String(serial);
  return `${serial ?? "none"} -> ${wantedSerial ?? "none"}`;
}

/** `gantry dns zones`. */
export async function zones(context: CommandContext): Promise<void> {
  const rows = await everything<Zone>(context, "/v1/dns/zones");
  printList(context.terminal, context.output, ZONES, rows, "There are no zones.");
}

/** `gantry dns show ZONE [--view VIEW] [--file]`. */
export async function show(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const query = options["view"] === undefined ? "" : `?${new URLSearchParams({ view: String(options["view"]) })}`;
  const path = `/v1/dns/zones/${encodeURIComponent(args[0] ?? "")}`;
  if (options["file"] === true) {
    const text = new TextDecoder();
    for await (const bytes of await context.client.download(`${path}/file${query}`))
      context.terminal.out(text.decode(bytes, { stream: true }));
    return;
  }
  const zone = await context.client.get<{ readonly records: readonly ZoneRecord[] } & JsonObject>(`${path}${query}`);
  if (context.output === "table") printList(context.terminal, "table", RECORDS, zone.records, "It has no records.");
  else printData(context.terminal, context.output, zone);
}

/** `gantry dns status`: also what is left out of DNS, and why. */
export async function status(context: CommandContext): Promise<void> {
  const found = await context.client.get<Status>("/v1/dns/status");
  if (context.output !== "table") return printData(context.terminal, context.output, found as unknown as JsonObject);
  printList(
    context.terminal,
    "table",
    STATUS,
    found.zones,
    "Nothing is published: `gantry dns target add` says where to.",
  );
  for (const { message, code } of found.problems) context.terminal.error(`${printable(message)} (${code})\n`);
}

/** `gantry dns target list`. */
export async function targets(context: CommandContext): Promise<void> {
  const rows = await everything<Target>(context, "/v1/dns/targets");
  printList(context.terminal, context.output, TARGETS, rows, "There are no DNS targets.");
}

/** Which options become which settings; paths are made whole, as the server has a folder of its own. */
const SETTINGS: Readonly<Record<string, readonly (readonly [option: string, setting: string, path?: "path"])[]>> = {
  bind: [
    ["folder", "folder", "path"],
    ["rndcConfig", "rndcConfig", "path"],
  ],
  nsupdate: [["keyFile", "keyFile", "path"]],
  powerdns: [
    ["url", "url"],
    ["apiKeyFile", "apiKeyFile", "path"],
    ["serverId", "serverId"],
  ],
};

/** `gantry dns target add NAME --kind KIND …`. */
export async function addTarget(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const kind = String(options["kind"]);
  const settings: Record<string, string | number> = kind === "nsupdate" ? serverOf(options["server"]) : {};
  for (const [option, setting, path] of SETTINGS[kind] ?? []) {
    const given = options[option];
    if (given !== undefined) settings[setting] = path === undefined ? String(given) : resolve(String(given));
  }
  const target = await context.client.send<Target>("POST", "/v1/dns/targets", {
    name: args[0] ?? "",
    kind,
    settings,
    zones: (options["zone"] as readonly string[] | undefined) ?? [],
    view: (options["view"] as string | undefined) ?? null,
  });
  if (context.output === "table") context.terminal.out(`DNS target ${target.name} added\n`);
  else printData(context.terminal, context.output, target as unknown as JsonObject);
}

/** `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`. @throws GantryError `usage` */
function serverOf(given: unknown): { readonly server: string; readonly port?: number } {
  const text = String(given ?? "");
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const server = match?.[1] ?? match?.[2] ?? (/^[0-9a-fA-F:]{2,}$/.test(text) ? text : undefined);
  if (server === undefined)
    throw new GantryError(USAGE, `--server '${text}' is not ADDRESS:PORT, as in 192.0.2.53:53 or [2001:db8::53]:53`);
  return match?.[3] === undefined ? { server } : { server, port: Number(match[3]) };
}

/** `gantry dns target remove NAME`: what the server has stays there. */
export async function removeTarget(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const name = args[0] ?? "";
  await context.client.send("DELETE", `/v1/dns/targets/${encodeURIComponent(name)}`, undefined, { "if-match": "*" });
  context.terminal.out(`DNS target ${name} removed; the zones it has stay there\n`);
}

/** Looked at this often, for at most so long. */
const LOOK_MILLISECONDS = 250;
const MOST_LOOKS = 240;

/** `gantry dns publish [--target T] [--zone Z] [--whole]`: waits for what it asked for. */
export async function publish(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  const { target, zone } = options as { readonly target?: string; readonly zone?: string };
  await context.client.send("POST", "/v1/dns/publish", { target, zone, whole: options["whole"] === true });
  for (let look = 1; ; look += 1) {
    const { zones: all } = await context.client.get<Status>("/v1/dns/status");
    const rows = all.filter(
      (row) => (target === undefined || row.target === target) && (zone === undefined || row.zone === zone),
    );
    const open = rows.filter((row) => row.state !== "published");
    // A server that does not answer holds up the rest of its zones: one failure on a target speaks for all of them.
    const failed = new Set(open.filter((row) => row.attempt > 0).map((row) => row.target));
    if (look === MOST_LOOKS || open.every((row) => failed.has(row.target))) {
      printList(context.terminal, context.output, STATUS, rows, "Nothing is published: no target serves a zone.");
      return open.length === 0 ? EXIT.ok : EXIT.failed;
    }
    await new Promise((done) => {
      setTimeout(done, LOOK_MILLISECONDS);
    });
  }
}

async function everything<Row>(context: CommandContext, path: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = null; ;) {
    const query = new URLSearchParams({ limit: "1000", ...(cursor === null ? {} : { cursor }) });
    const page: { readonly items: readonly Row[]; readonly next: string | null } = await context.client.get(
      `${path}?${query.toString()}`,
    );
    rows.push(...page.items);
    if (page.next === null) return rows;
    cursor = page.next;
  }
}

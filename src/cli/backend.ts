import { resolve } from "node:path";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry backend …`: where the truth of sites lives, when it is not the server's database. */

interface Backend {
  readonly name: string;
  readonly kind: string;
  readonly site: string;
  readonly settings: JsonObject;
}

interface Status {
  readonly name: string;
  readonly kind: string;
  readonly site: string;
  readonly state: "reading" | "there" | "missing";
  readonly readAt: number | null;
  readonly since: number | null;
  readonly error: string | null;
  readonly rows: Readonly<Record<string, number>>;
  readonly conflicts: readonly { readonly kind: string; readonly name: string; readonly managedBy: string }[];
}

const BACKENDS: readonly Column<Backend>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "KIND", value: (row) => row.kind },
  { heading: "SITE", value: (row) => row.site },
  {
    heading: "SETTINGS",
    value: (row) =>
      Object.entries(row.settings)
        .map(([name, value]) => `${name}=${printable(String(value))}`)
        .join(" "),
  },
];

const STATUS: readonly Column<Status>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "SITE", value: (row) => row.site },
  { heading: "STATE", value: (row) => row.state },
  { heading: "READ", value: (row) => timeText(row.readAt) },
  { heading: "STRUCTURES", value: (row) => (row.state === "there" ? String(row.rows["structures"] ?? 0) : "-") },
  { heading: "CONFLICTS", value: (row) => String(row.conflicts.length) },
  { heading: "MESSAGE", value: (row) => printable(row.error ?? "-").replaceAll("\n", " ") },
];

/** `gantry backend list`. */
export async function list(context: CommandContext): Promise<void> {
  const rows = await everything(context);
  printList(context.terminal, context.output, BACKENDS, rows, "There are no backends: all inventory is kept here.");
}

/** Which options become settings; paths are made whole, as the server has a folder of its own. */
const SETTINGS: readonly (readonly [name: string, path: boolean])[] = [
  ["folder", true],
  ["format", false],
  ["url", false],
  ["tokenFile", true],
  ["ca", true],
  ["tenant", false],
  ["mapping", true],
];

/** `gantry backend add NAME --kind KIND --site SITE …`. */
export async function add(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const settings: Record<string, string | number> = {};
  for (const [name, path] of SETTINGS) {
    const given = options[name];
    if (given !== undefined) settings[name] = path ? resolve(String(given)) : String(given);
  }
  for (const name of ["every", "poll"] as const)
    if (options[name] !== undefined) settings[name] = seconds(name, String(options[name]));
  const { name } = await context.client.send<Backend>("POST", "/v1/backends", {
    name: args[0] ?? "",
    kind: options["kind"],
    site: options["site"],
    settings,
  });
  const found = await statusOf(context, name);
  if (context.output !== "table") return printData(context.terminal, context.output, found as unknown as JsonObject);
  context.terminal.out(`Backend ${found.name} added for site ${found.site}\n`);
  if (found.error !== null) context.terminal.error(`It cannot be read: ${printable(found.error)}\n`);
}

function seconds(option: string, given: string): number {
  const value = Number(given);
  if (Number.isInteger(value) && value > 0) return value;
  throw new GantryError(USAGE, `--${option} ${given} is not a whole number of seconds`);
}

/** `gantry backend status [NAME]`: ends with 1 when one is missing. */
export async function status(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const names = args[0] === undefined ? (await everything(context)).map(({ name }) => name) : [args[0]];
  const rows: Status[] = [];
  for (const name of names) rows.push(await statusOf(context, name));
  printList(context.terminal, context.output, STATUS, rows, "There are no backends: all inventory is kept here.");
  for (const { name, conflicts } of context.output === "table" ? rows : [])
    for (const one of conflicts)
      context.terminal.error(
        `${name}: ${one.kind.replaceAll("_", " ")} '${printable(one.name)}' is left out: ${printable(one.managedBy)} has the name\n`,
      );
  return rows.some(({ state }) => state === "missing") ? EXIT.failed : EXIT.ok;
}

/** `gantry backend remove NAME`. */
export async function remove(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const name = args[0] ?? "";
  await context.client.send("DELETE", `/v1/backends/${encodeURIComponent(name)}`, undefined, { "if-match": "*" });
  context.terminal.out(`Backend ${name} removed; what it holds stays there\n`);
}

function statusOf(context: CommandContext, name: string): Promise<Status> {
  return context.client.get(`/v1/backends/${encodeURIComponent(name)}/status`);
}

async function everything(context: CommandContext): Promise<readonly Backend[]> {
  const rows: Backend[] = [];
  for (let cursor: string | null = null; ;) {
    const query = new URLSearchParams({ limit: "1000", ...(cursor === null ? {} : { cursor }) });
    const page: { readonly items: readonly Backend[]; readonly next: string | null } = await context.client.get(
      `/v1/backends?${query.toString()}`,
    );
    rows.push(...page.items);
    if (page.next === null) return rows;
    cursor = page.next;
  }
}

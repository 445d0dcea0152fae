import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { writePrivateFile } from "../platform/files/index.ts";
import type { CommandContext } from "./context.ts";
import { OUTPUT_FILE_UNUSABLE, USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry secret …`: values that are kept sealed. A value is never an argument: arguments are seen by everybody on the machine. */

interface Secret {
  readonly id: string;
  readonly name: string;
  readonly owner: { readonly kind: string; readonly id: string; readonly name: string };
  readonly kind: "text" | "pem" | "blob";
  readonly size: number;
  readonly description: string;
  readonly expiresAt: number | null;
  readonly version: number;
  readonly updatedAt: number;
}

interface Opened extends Secret {
  readonly value: string;
  readonly encoding: "utf8" | "base64";
}

interface Status {
  readonly state: "open" | "locked";
  readonly reason: string | null;
  readonly masterKey: { readonly id: string; readonly source: string | null; readonly since: number } | null;
  readonly dataKey: { readonly generation: number; readonly since: number | null };
  readonly secrets: number;
  readonly left: number;
}

type Options = Record<string, unknown>;

const SECRETS: readonly Column<Secret>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "OWNER", value: ownerText },
  { heading: "KIND", value: (row) => row.kind },
  { heading: "BYTES", value: (row) => String(row.size) },
  { heading: "CHANGED", value: (row) => timeText(row.updatedAt) },
  { heading: "EXPIRES", value: (row) => timeText(row.expiresAt) },
  { heading: "DESCRIPTION", value: (row) => printable(row.description || "-").replaceAll("\n", " ") },
];

function ownerText({ owner }: Pick<Secret, "owner">): string {
  return `${owner.kind} ${owner.name}`;
}

/** `gantry secret list`: of everybody, or of one owner. */
export async function list(context: CommandContext, options: Options): Promise<void> {
  const owner = ownerOf(options);
  const rows = await everything(context, {
    ...(owner.kind === "tenant" ? {} : { ownerKind: owner.kind, owner: owner.name ?? "" }),
    ...(options["name"] === undefined ? {} : { name: String(options["name"]) }),
  });
  printList(context.terminal, context.output, SECRETS, rows, "There are no secrets: `gantry secret set` keeps one.");
}

/** `gantry secret show NAME`: everything but the value. */
export async function show(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const found = await theOne(context, options, args[0] ?? "");
  if (context.output === "table") printList(context.terminal, "table", SECRETS, [found], "");
  else printData(context.terminal, context.output, found as unknown as JsonObject);
}

/** `gantry secret get NAME`: the value, on standard output or in a file. */
export async function get(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const { id } = await theOne(context, options, args[0] ?? "");
  const found = await context.client.get<Opened>(`/v1/secrets/${id}/value`);
  const bytes = Buffer.from(found.value, found.encoding);
  if (options["out"] !== undefined) return writeValue(String(options["out"]), bytes);
  if (context.output !== "table") return printData(context.terminal, context.output, found as unknown as JsonObject);
  if (found.encoding !== "utf8")
    throw new GantryError(USAGE, `the value of '${found.name}' is no text`, {
      hint: "Write it into a file with --out FILE, or print it as base64 with --output json.",
    });
  context.terminal.out(found.value);
  // A person's prompt begins on a line of its own; a program gets the value and nothing else.
  if (context.terminal.interactive && !found.value.endsWith("\n")) context.terminal.out("\n");
}

async function writeValue(path: string, bytes: Buffer): Promise<void> {
  try {
    await writePrivateFile(path, bytes);
  } catch (cause) {
    throw new GantryError(OUTPUT_FILE_UNUSABLE, `${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

/** `gantry secret set NAME --value-file FILE`: keeps it, or replaces its value. What is not given of an existing one stays. */
export async function set(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const name = args[0] ?? "";
  const owner = ownerOf(options);
  const bytes = await readValue(String(options["valueFile"]));
  const kind = (options["kind"] as Secret["kind"] | undefined) ?? kindOf(bytes);
  const value = kind === "text" ? withoutLastNewLine(bytes) : bytes;
  const before = (await named(context, owner, name))[0];
  const body = {
    kind,
    ...(kind === "blob"
      ? { value: value.toString("base64"), encoding: "base64" }
      : { value: value.toString("utf8"), encoding: "utf8" }),
    description: (options["description"] as string | undefined) ?? before?.description ?? "",
    expiresAt: options["expires"] === undefined ? (before?.expiresAt ?? null) : timeOf(String(options["expires"])),
  };
  const after =
    before === undefined
      ? await context.client.send<Secret>("POST", "/v1/secrets", { name, owner, ...body })
      : await context.client.send<Secret>("PUT", `/v1/secrets/${before.id}`, body, {
          "if-match": `"${before.version}"`,
        });
  if (context.output !== "table") return printData(context.terminal, context.output, after as unknown as JsonObject);
  const done = before === undefined ? "kept" : "replaced";
  context.terminal.out(`Secret ${after.name} of ${ownerText(after)} ${done} (${after.kind}, ${after.size} bytes)\n`);
}

/** `gantry secret delete NAME`. */
export async function remove(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const found = await theOne(context, options, args[0] ?? "");
  const what = `secret ${found.name} of ${ownerText(found)}`;
  const { confirm } = await import("./up/ask.ts");
  await confirm(context, `Delete the ${what} for good?`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `deleting the ${what}`,
  });
  await context.client.send("DELETE", `/v1/secrets/${found.id}`, undefined, { "if-match": `"${found.version}"` });
  context.terminal.out(`Secret ${found.name} of ${ownerText(found)} deleted\n`);
}

/** `gantry secret status`: ends with 1 when secrets are locked. */
export async function status(context: CommandContext): Promise<number> {
  return printStatus(context, await context.client.get<Status>("/v1/secrets/status"));
}

/** `gantry secret unlock`: the server looks for the master key now. */
export async function unlock(context: CommandContext): Promise<number> {
  return printStatus(context, await context.client.send<Status>("POST", "/v1/secrets/unlock"));
}

function printStatus(context: CommandContext, found: Status): number {
  if (context.output === "table") {
    const { masterKey, dataKey, reason, left, secrets } = found;
    const place = masterKey?.source == null ? "" : ` (${masterKey.source})`;
    const key = masterKey === null ? "none yet" : `${masterKey.id}${place}`;
    const lines: readonly (readonly [string, string])[] = [
      ["State", found.state],
      [found.state === "open" ? "Master key" : "Needed key", key],
      ["Data key", dataKey.generation === 0 ? "none yet" : `${dataKey.generation}, since ${timeText(dataKey.since)}`],
      ["Secrets", left === 0 ? String(secrets) : `${secrets}, ${left} still to be sealed by the newest data key`],
    ];
    for (const [name, value] of lines) context.terminal.out(`${`${name}:`.padEnd(12)}${printable(value)}\n`);
    if (reason !== null) context.terminal.error(`Nothing can be opened or written: ${printable(reason)}\n`);
  } else printData(context.terminal, context.output, found as unknown as JsonObject);
  return found.state === "open" ? EXIT.ok : EXIT.failed;
}

/** Milliseconds between two looks at the progress. */
const LOOK = 500;

/** `gantry secret rotate-data`: a new data key; waits until every secret is sealed by it. */
export async function rotateData(context: CommandContext, options: Options): Promise<number> {
  let found = await context.client.send<Status>("POST", "/v1/secrets/rotate-data");
  const { terminal } = context;
  if (options["detach"] === true) return printStatus(context, found);
  const all = found.secrets;
  let told = -1;
  while (found.left > 0) {
    const percent = Math.floor((100 * (all - found.left)) / Math.max(all, 1));
    if (percent !== told && context.output === "table") terminal.error(`${all - found.left} of ${all} sealed anew\n`);
    told = percent;
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK);
    });
    found = await context.client.get<Status>("/v1/secrets/status");
    if (found.state === "locked") return printStatus(context, found);
  }
  if (context.output !== "table") return printStatus(context, found);
  const secrets = found.secrets === 1 ? "the 1 secret" : `all ${found.secrets} secrets`;
  terminal.out(`Data key ${found.dataKey.generation} seals ${secrets}\n`);
  return EXIT.ok;
}

interface MasterKeyChange {
  readonly before: string;
  readonly id: string;
  readonly source: string;
  readonly dataKeys: number;
  readonly configured: boolean;
}

/** `gantry secret rotate-master [--to SOURCE]`: all data keys are wrapped by a new master key, or none. */
export async function rotateMaster(context: CommandContext, options: Options): Promise<void> {
  const body = options["to"] === undefined ? {} : { source: String(options["to"]) };
  const change = await context.client.send<MasterKeyChange>("POST", "/v1/secrets/rotate-master", body);
  if (context.output !== "table") return printData(context.terminal, context.output, change as unknown as JsonObject);
  const keys = change.dataKeys === 1 ? "1 data key" : `${change.dataKeys} data keys`;
  context.terminal.out(`Master key ${change.id} (${change.source}) wraps ${keys}; before it was ${change.before}\n`);
  if (!change.configured)
    context.terminal.error(`Set master_key_source to ${change.source}: the configuration names another place\n`);
}

interface Owner {
  readonly kind: "tenant" | "site" | "group" | "structure";
  readonly name?: string;
}

/** Without any of the options it is the tenant. */
function ownerOf(options: Options): Owner {
  const given = (["structure", "site", "group"] as const).filter((kind) => options[kind] !== undefined);
  const [kind, another] = given;
  if (another !== undefined)
    throw new GantryError(USAGE, `a secret has one owner: --${kind} or --${another}, not both`);
  return kind === undefined ? { kind: "tenant" } : { kind, name: String(options[kind]) };
}

async function theOne(context: CommandContext, options: Options, name: string): Promise<Secret> {
  const owner = ownerOf(options);
  const [found] = await named(context, owner, name);
  if (found !== undefined) return found;
  const { SECRET_UNKNOWN } = await import("../secrets/index.ts");
  const who = owner.name === undefined ? "the tenant" : `the ${owner.kind} '${printable(owner.name)}'`;
  throw new GantryError(SECRET_UNKNOWN, `${who} has no secret '${printable(name)}'`);
}

function named(context: CommandContext, { kind, name: owner }: Owner, name: string): Promise<readonly Secret[]> {
  return everything(context, { ownerKind: kind, ...(owner === undefined ? {} : { owner }), name });
}

async function everything(
  context: CommandContext,
  filter: Readonly<Record<string, string>>,
): Promise<readonly Secret[]> {
  const rows: Secret[] = [];
  for (let cursor: string | null = null; ;) {
    const query = new URLSearchParams({ ...filter, limit: "1000", ...(cursor === null ? {} : { cursor }) });
    const page: { readonly items: readonly Secret[]; readonly next: string | null } = await context.client.get(
      `/v1/secrets?${query.toString()}`,
    );
    rows.push(...page.items);
    if (page.next === null) return rows;
    cursor = page.next;
  }
}

async function readValue(file: string): Promise<Buffer> {
  try {
    return file === "-" ? await buffer(process.stdin) : await readFile(file);
  } catch (cause) {
    throw new GantryError(USAGE, `the file with the value cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** What it looks like: PEM, another text, or bytes. */
function kindOf(bytes: Buffer): Secret["kind"] {
  const text = bytes.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(bytes)) return "blob";
  return /^-----BEGIN [A-Z0-9 ]+-----\r?$/m.test(text) ? "pem" : "text";
}

/** Editors and `echo` end a text with one that does not belong to a password. */
function withoutLastNewLine(bytes: Buffer): Buffer {
  const length = bytes.at(-1) === 0x0a ? bytes.length - (bytes.at(-2) === 0x0d ? 2 : 1) : bytes.length;
  return bytes.subarray(0, length);
}

/** `2026-12-31`, `2026-12-31T08:00:00Z`, `never`. @throws GantryError `usage` */
function timeOf(text: string): number | null {
  if (text === "never") return null;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new GantryError(
      USAGE,
      `--expires '${text}' is not a time, as in 2026-12-31 or 2026-12-31T08:00:00Z, or never`,
    );
  return time;
}

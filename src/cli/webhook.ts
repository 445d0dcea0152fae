import { readFile } from "node:fs/promises";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry webhook …` and `gantry event report`. */

interface Webhook {
  readonly name: string;
  readonly url: string;
  readonly types: readonly string[];
  readonly subjects: readonly string[];
  readonly sites: readonly string[];
  readonly ca: string | null;
  readonly active: boolean;
  readonly secret: string | null;
  readonly owner: string;
  readonly version: number;
}

interface Shown extends Webhook {
  readonly deliveredAt: number | null;
  readonly attempts: number;
  readonly nextAt: number | null;
  readonly lastError: string | null;
  readonly deadLetters: number;
}

interface DeadLetter {
  readonly id: string;
  readonly type: string;
  readonly at: number;
  readonly attempts: number;
  readonly error: string;
}

interface Hold {
  readonly id: string;
  readonly event: string;
  readonly jobId: string;
  readonly target: { readonly kind: string; readonly name: string };
  readonly since: number;
  readonly expiresAt: number;
}

type Options = Record<string, unknown>;

const WEBHOOKS: readonly Column<Shown>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "URL", value: (row) => printable(row.url) },
  { heading: "EVENTS", value: (row) => [...row.types, ...row.subjects, ...row.sites].join(" ") || "all" },
  { heading: "STATE", value: stateText },
  { heading: "DELIVERED", value: (row) => timeText(row.deliveredAt) },
  { heading: "DEAD", value: (row) => String(row.deadLetters) },
  { heading: "ERROR", value: (row) => printable(row.lastError ?? "-") },
];

const LETTERS: readonly Column<DeadLetter>[] = [
  { heading: "ID", value: (row) => row.id },
  { heading: "EVENT", value: (row) => row.type },
  { heading: "AT", value: (row) => timeText(row.at) },
  { heading: "TRIES", value: (row) => String(row.attempts) },
  { heading: "ERROR", value: (row) => printable(row.error) },
];

const HOLDS: readonly Column<Hold>[] = [
  { heading: "ID", value: (row) => row.id },
  { heading: "EVENT", value: (row) => row.event },
  { heading: "TARGET", value: (row) => `${row.target.kind} ${printable(row.target.name)}` },
  { heading: "SINCE", value: (row) => timeText(row.since) },
  { heading: "UNTIL", value: (row) => timeText(row.expiresAt) },
];

function stateText({ active, attempts, nextAt }: Shown): string {
  if (!active) return "off";
  if (attempts === 0) return "on";
  return `failing (${attempts}), next ${timeText(nextAt)}`;
}

/** `gantry webhook list`. */
export async function list(context: CommandContext): Promise<void> {
  const rows = await everything<Shown>(context, "/v1/webhooks");
  printList(context.terminal, context.output, WEBHOOKS, rows, "There are no webhooks: `gantry webhook create`.");
}

/** `gantry webhook show NAME`. */
export async function show(context: CommandContext, _options: Options, [name = ""]: readonly string[]): Promise<void> {
  const found = await context.client.get<Shown>(pathOf(name));
  if (context.output === "table") printList(context.terminal, "table", WEBHOOKS, [found], "");
  else printData(context.terminal, context.output, found as unknown as JsonObject);
}

/** `gantry webhook create NAME URL`: the secret alone on standard output. */
export async function create(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const [name = "", url = ""] = args;
  const body = { name, url, ...(await given(options)) };
  const made = await context.client.send<Webhook & { signingSecret: string | null }>("POST", "/v1/webhooks", body);
  if (context.output !== "table") return printData(context.terminal, context.output, made as unknown as JsonObject);
  told(context, `Webhook ${made.name} made: it sends what you may see, from now on`, made.signingSecret);
}

/** `gantry webhook set NAME`. */
export async function set(context: CommandContext, options: Options, [name = ""]: readonly string[]): Promise<void> {
  const { url, types, subjects, sites, ca, active, secret, version } = await context.client.get<Shown>(pathOf(name));
  const body = {
    name,
    url,
    types,
    subjects,
    sites,
    ca,
    active,
    secret,
    ...(options["url"] !== undefined && { url: String(options["url"]) }),
    ...(options["active"] !== undefined && { active: options["active"] === true }),
    ...(await given(options)),
    // A secret of the server's own in the place of one that was named.
    ...(options["rotateSecret"] === true && options["secret"] === undefined && { secret: null }),
    rotateSecret: options["rotateSecret"] === true,
    dropFormerSecret: options["dropFormerSecret"] === true,
  };
  const after = await context.client.send<Webhook & { signingSecret: string | null }>("PUT", pathOf(name), body, {
    "if-match": `"${version}"`,
  });
  if (context.output !== "table") return printData(context.terminal, context.output, after as unknown as JsonObject);
  told(context, `Webhook ${after.name} changed: it sends what you may see`, after.signingSecret);
}

function told({ terminal }: CommandContext, message: string, secret: string | null): void {
  if (secret === null) return terminal.out(`${message}\n`);
  terminal.error(`${message}. It signs by this secret, which is not told again:\n`);
  terminal.out(`${secret}\n`);
}

/** `gantry webhook delete NAME`. */
export async function remove(context: CommandContext, options: Options, [name = ""]: readonly string[]): Promise<void> {
  const found = await context.client.get<Shown>(pathOf(name));
  const what = `webhook ${found.name}`;
  const { confirm } = await import("./up/ask.ts");
  await confirm(context, `Delete the ${what}, with its dead letters?`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `deleting the ${what}`,
  });
  await context.client.send("DELETE", pathOf(name), undefined, { "if-match": `"${found.version}"` });
  context.terminal.out(`Webhook ${found.name} deleted\n`);
}

/** `gantry webhook test NAME`: ends with 1 when the receiver did not take it. */
export async function test(
  context: CommandContext,
  _options: Options,
  [name = ""]: readonly string[],
): Promise<number> {
  const sent = await context.client.send<{ delivered: boolean; status: number | null; error: string | null }>(
    "POST",
    `${pathOf(name)}/test`,
  );
  if (context.output !== "table") printData(context.terminal, context.output, sent);
  else if (sent.delivered) context.terminal.out(`The receiver took it (${sent.status})\n`);
  else context.terminal.error(`The receiver did not take it: ${printable(sent.error ?? "")}\n`);
  return sent.delivered ? EXIT.ok : EXIT.failed;
}

/** `gantry webhook dead-letters NAME`. */
export async function deadLetters(
  context: CommandContext,
  _options: Options,
  [name = ""]: readonly string[],
): Promise<void> {
  const rows = await everything<DeadLetter>(context, `${pathOf(name)}/dead-letters`);
  printList(context.terminal, context.output, LETTERS, rows, `The receiver of ${name} took everything.`);
}

/** `gantry webhook replay NAME [ID…]`. */
export async function replay(context: CommandContext, _options: Options, args: readonly string[]): Promise<void> {
  const [name = "", ...ids] = args;
  const { replayed } = await context.client.send<{ replayed: number }>("POST", `${pathOf(name)}/replay`, {
    ...(ids.length > 0 && { ids }),
  });
  context.terminal.out(`${replayed === 1 ? "1 dead letter is" : `${replayed} dead letters are`} sent again\n`);
}

/** `gantry webhook holds`. */
export async function holds(context: CommandContext): Promise<void> {
  const { items } = await context.client.get<{ items: readonly Hold[] }>("/v1/holds");
  printList(context.terminal, context.output, HOLDS, items, "Nothing waits for a receiver.");
}

/** `gantry webhook answer HOLD`. */
export async function answer(context: CommandContext, options: Options, [id = ""]: readonly string[]): Promise<void> {
  const body = { outcome: String(options["outcome"]), note: String(options["note"] ?? "") };
  await context.client.send("POST", `/v1/holds/${encodeURIComponent(id)}/answer`, body);
  context.terminal.out(`Answered: ${body.outcome}\n`);
}

/** `gantry event report TYPE --foundation FOUNDATION`. */
export async function report(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const [type = "", ...known] = args;
  const data: Record<string, Json> = {};
  for (const one of known) {
    const at = one.indexOf("=");
    if (at < 1) throw new GantryError(USAGE, `${one} is not NAME=VALUE`);
    data[one.slice(0, at)] = valueOf(one.slice(at + 1));
  }
  const body = { type, foundation: String(options["foundation"]), data };
  const told = await context.client.send<{ foundation: string }>("POST", "/v1/events", body);
  context.terminal.out(`${type} of ${told.foundation} reported\n`);
}

/** Numbers, yes and no as they are meant; all else is text. */
function valueOf(text: string): Json {
  if (/^(true|false|null|-?\d+(\.\d+)?)$/.test(text)) return JSON.parse(text) as Json;
  return text;
}

/** What of a webhook the options give. */
async function given(options: Options): Promise<JsonObject> {
  const { type, subject, site, ca, secret } = options;
  return {
    ...(type !== undefined && { types: type as readonly string[] }),
    ...(subject !== undefined && { subjects: subject as readonly string[] }),
    ...(site !== undefined && { sites: site as readonly string[] }),
    ...(ca !== undefined && { ca: await fileOf(String(ca)) }),
    ...(secret !== undefined && { secret: String(secret) }),
  };
}

async function fileOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new GantryError(USAGE, `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function pathOf(name: string): string {
  return `/v1/webhooks/${encodeURIComponent(name)}`;
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

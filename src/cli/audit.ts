import { open } from "node:fs/promises";
import { linesIn, type Audit } from "../client/index.ts";
import { verifyLines } from "../access/commands.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { OUTPUT_FILE_UNUSABLE, USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { KINDS, kindWord } from "./kinds.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { paint, printable } from "./terminal.ts";

/** `gantry audit …` and `gantry history`. */

type Options = Record<string, unknown>;

const ENTRIES: readonly Column<Audit>[] = [
  { heading: "SEQ", value: ({ seq }) => String(seq) },
  { heading: "TIME", value: ({ time }) => timeText(time) },
  { heading: "ACTOR", value: ({ actor }) => printable(actor.name) },
  { heading: "ACTION", value: ({ action }) => printable(action) },
  { heading: "SUBJECT", value: ({ subject }) => printable(`${subject.kind} ${subject.name}`) },
];

function chainOf(options: Options): "server" | "tenant" {
  return options["server"] === true ? "server" : "tenant";
}

function text(options: Options, name: string): string | undefined {
  return options[name] as string | undefined;
}

/** `gantry audit list`. */
export async function list(context: CommandContext, options: Options): Promise<void> {
  const { client, terminal, output } = context;
  const chain = chainOf(options);
  const filter = { actor: text(options, "actor"), action: text(options, "action"), subject: text(options, "subject") };
  if (options["follow"] === true) return follow(context, options, chain, filter);
  const rows = await client.audit
    .list({
      chain,
      ...filter,
      since: text(options, "since"),
      until: text(options, "until"),
      limit: wholeNumber("--limit", options["limit"]),
    })
    .all();
  printList(terminal, output, ENTRIES, rows, "There are no such entries.");
}

async function follow(
  { client, terminal, output }: CommandContext,
  options: Options,
  chain: "server" | "tenant",
  filter: {
    readonly actor: string | undefined;
    readonly action: string | undefined;
    readonly subject: string | undefined;
  },
): Promise<void> {
  const since = text(options, "since");
  const { seq } = await client.audit.head({ chain });
  const from = since === undefined ? seq + 1 : 1;
  for await (const entry of await client.audit.export({ chain, from, since, follow: true })) {
    if (!matches(entry, filter)) continue;
    if (output === "json") terminal.out(`${JSON.stringify(entry)}\n`);
    else if (output === "yaml") {
      terminal.out("---\n");
      printData(terminal, output, entry as unknown as Json);
    } else {
      const [, , actor, action, subject] = ENTRIES.map(({ value }) => value(entry));
      terminal.out(`${paint(terminal, "dim", timeText(entry.time))}  ${action?.padEnd(18)}  ${subject}  by ${actor}\n`);
    }
  }
}

function matches(
  { actor, action, subject }: Audit,
  wanted: {
    readonly actor: string | undefined;
    readonly action: string | undefined;
    readonly subject: string | undefined;
  },
): boolean {
  if (wanted.actor !== undefined && ![actor.name, actor.id].includes(wanted.actor)) return false;
  if (wanted.action?.endsWith(".*") === true && !action.startsWith(wanted.action.slice(0, -1))) return false;
  if (wanted.action !== undefined && !wanted.action.endsWith(".*") && action !== wanted.action) return false;
  if (wanted.subject === undefined) return true;
  const [, kind, name] = /^([^/]*)(?:\/(.*))?$/s.exec(wanted.subject) ?? [];
  return subject.kind === kind && (name === undefined || [subject.name, subject.id].includes(name));
}

/** `gantry audit head`. */
export async function head({ client, terminal, output }: CommandContext, options: Options): Promise<void> {
  const found = await client.audit.head({ chain: chainOf(options) });
  if (output === "table") terminal.out(`${found.seq}:${found.hash}\n`);
  else printData(terminal, output, found as unknown as Json);
}

/** `gantry audit verify [FILE]`: ends with 1 when something is wrong. */
export async function verify(context: CommandContext, options: Options, args: readonly string[]): Promise<number> {
  const { client, terminal, output } = context;
  const known = headOf(text(options, "head"));
  const [file] = args;
  if (file !== undefined && options["server"] === true)
    throw new GantryError(USAGE, "a file is verified without a server: --server says nothing there");
  const verdict =
    file === undefined
      ? { ...(await client.audit.verify({ chain: chainOf(options), ...(known && { head: known }) })), first: 1 }
      : await verifyFile(file, known);
  if (output !== "table") printData(terminal, output, JSON.parse(JSON.stringify(verdict)) as Json);
  else if (verdict.damage !== null)
    terminal.error(
      `The audit was tampered with: ${verdict.damage.message}.\n${countText(verdict)} before it as they were written.\n`,
    );
  else {
    const end = verdict.entries === 0 ? "" : `, up to ${verdict.last.seq}:${verdict.last.hash}`;
    terminal.out(`${countText(verdict)} as they were written${end}\n`);
  }
  return verdict.damage === null ? EXIT.ok : EXIT.failed;
}

function countText({ entries, first }: { readonly entries: number; readonly first: number }): string {
  const from = first > 1 ? ` (from entry ${first} on)` : "";
  return `${entries.toLocaleString("en")} ${entries === 1 ? "entry" : "entries"}${from}`;
}

async function* fileLines(file: string): AsyncGenerator<string> {
  const handle = await open(file);
  try {
    yield* linesIn(handle.createReadStream({ autoClose: false }));
  } finally {
    await handle.close();
  }
}

async function verifyFile(file: string, known: ReturnType<typeof headOf>) {
  const verdict = await verifyLines(fileLines(file), known).catch((cause: unknown) => {
    throw new GantryError(USAGE, `${file} cannot be read: ${messageOf(cause)}`, { cause });
  });
  if (known !== undefined && verdict.first > known.seq + 1)
    throw new GantryError(
      USAGE,
      `the file begins with entry ${verdict.first}, behind the head ${known.seq}: they cannot be compared`,
      {
        hint: `Export from entry ${known.seq} on: gantry audit export --from ${known.seq} --out FILE.`,
      },
    );
  return verdict;
}

function headOf(given: string | undefined): { readonly seq: number; readonly hash: string } | undefined {
  if (given === undefined) return undefined;
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(given.trim());
  if (match === null)
    throw new GantryError(USAGE, `--head ${given.slice(0, 100)} is not SEQ:HASH`, {
      hint: "`gantry audit head` prints one.",
    });
  return { seq: Number(match[1]), hash: match[2] ?? "" };
}

/** `gantry audit export --out FILE`. */
export async function exportLines({ client, terminal }: CommandContext, options: Options): Promise<void> {
  const out = text(options, "out") ?? "-";
  const lines = await client.audit.export({
    chain: chainOf(options),
    from: wholeNumber("--from", options["from"]),
    since: text(options, "since"),
    follow: options["follow"] === true,
  });
  if (out === "-") {
    for await (const line of lines) terminal.out(`${JSON.stringify(line)}\n`);
    return;
  }
  const count = await writeLines(out, lines);
  terminal.out(`${countText({ entries: count, first: 1 })} written to ${out}\n`);
}

async function writeLines(path: string, lines: AsyncIterable<object>): Promise<number> {
  let count = 0;
  try {
    // What is in it is for its owner only.
    const file = await open(path, "w", 0o600);
    try {
      let waiting = "";
      for await (const line of lines) {
        count += 1;
        waiting += `${JSON.stringify(line)}\n`;
        if (waiting.length < 64 * 1024) continue;
        await file.write(waiting);
        waiting = "";
      }
      await file.write(waiting);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof GantryError) throw cause;
    throw new GantryError(OUTPUT_FILE_UNUSABLE, `${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
  return count;
}

interface Change {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** `gantry history KIND NAME`. */
export async function history(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const { client, terminal, output } = context;
  const [typed = "", name = ""] = args;
  const known = KINDS.find(({ singular, plural }) => [singular, plural].includes(typed));
  const kind = known === undefined ? typed.replaceAll("-", "_") : kindWord(known);
  const found = await client.history.getOf(kind, name, { since: text(options, "since") });
  if (output !== "table") return printData(terminal, output, found as unknown as JsonObject);
  if (found.items.length === 0)
    terminal.error(`Nothing was done to ${typed} ${name} since history is kept, or since that time.\n`);
  for (const { seq, time, actor, action, changes } of found.items) {
    const head = `${timeText(time)}  ${action}  by ${actor.name}`;
    terminal.out(`${paint(terminal, "bold", printable(head))}  ${paint(terminal, "dim", `#${seq}`)}\n`);
    for (const change of changes as readonly Change[]) terminal.out(`  ${printable(changeText(change))}\n`);
  }
  if (found.more)
    terminal.error(`These are the newest; older ones: gantry audit list --subject ${kind}/${found.id ?? name}\n`);
}

/** Characters of a value that are shown; `--output json` has all of it. */
const MOST_SHOWN = 60;

function changeText({ path, before, after }: Change): string {
  if (before === undefined) return `+ ${path}: ${shown(after)}`;
  if (after === undefined) return `- ${path}: ${shown(before)}`;
  return `  ${path}: ${shown(before)} → ${shown(after)}`;
}

function shown(value: unknown): string {
  const whole = JSON.stringify(value);
  return whole.length <= MOST_SHOWN ? whole : `${whole.slice(0, MOST_SHOWN - 1)}…`;
}

function wholeNumber(option: string, given: unknown): number {
  const value = Number(given);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new GantryError(USAGE, `${option} ${String(given)} is not a whole number from 1`);
}

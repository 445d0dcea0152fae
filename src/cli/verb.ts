import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { JsonObject } from "../kernel/json.ts";
import { describeVerb, VERB_NAMES, type VerbManifest } from "../verbs/index.ts";
import type { CommandContext } from "./context.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry verb …`, and the verbs in a folder beside an orchestration. */

interface Shown {
  readonly name: string;
  readonly summary: string;
  readonly manifest: VerbManifest;
  readonly file: string;
  readonly kind: string;
  readonly sha256: string;
  readonly size: number;
  readonly version: number;
  readonly author: string;
  readonly updatedAt: number;
}

const COLUMNS: readonly Column<Shown>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "VERSION", value: (row) => String(row.version) },
  { heading: "FILE", value: (row) => row.file },
  { heading: "CHANGED", value: (row) => timeText(row.updatedAt) },
  { heading: "BY", value: (row) => printable(row.author) },
  { heading: "WHAT IT DOES", value: (row) => printable(row.summary) },
];

/** `gantry verb add FILE…`. */
export async function add(
  context: CommandContext,
  _options: Record<string, unknown>,
  files: readonly string[],
): Promise<void> {
  // All are read before the first is sent.
  const verbs = await Promise.all(files.map((file) => describeVerb(file, VERB_NAMES)));
  for (const verb of verbs) context.terminal.out(`${await register(context, verb)}\n`);
}

/** `gantry verb list`. */
export async function list(context: CommandContext): Promise<void> {
  printList(context.terminal, context.output, COLUMNS, await registered(context), "There are no verbs of your own.");
}

/** `gantry verb show NAME`. */
export async function show(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const verb = (await context.client.verbs.get(args[0] ?? "")) as unknown as Shown;
  if (context.output !== "table") return printData(context.terminal, context.output, verb as unknown as JsonObject);
  context.terminal.out(describe(verb));
}

/** `gantry verb remove NAME`. */
export async function remove(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const name = (args[0] ?? "").toUpperCase();
  const { confirm } = await import("./up/ask.ts");
  await confirm(context, `Remove verb ${name}?`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `removing verb ${name}`,
  });
  await context.client.verbs.delete(name, { ifMatch: "*" });
  context.terminal.out(`verb ${name} is removed\n`);
}

/** Registers what it is given unless it is there as it is. Returns a line that says what happened. */
async function register(context: CommandContext, verb: Awaited<ReturnType<typeof describeVerb>>): Promise<string> {
  const { manifest, file, bytes } = verb;
  const body = { manifest, file, program: Buffer.from(bytes).toString("base64") };
  const before = (await registered(context)).find(({ name }) => name === manifest.name);
  const after = (await context.client.verbs.replace(manifest.name, body as never, {
    ifMatch: "*",
  })) as unknown as Shown;
  if (before?.version === after.version) return `verb ${manifest.name} is registered already, version ${after.version}`;
  return `verb ${manifest.name} is registered, version ${after.version} (${file})`;
}

async function registered(context: CommandContext): Promise<Shown[]> {
  return (await context.client.verbs.list().all()) as unknown as Shown[];
}

type OwnVerb = Awaited<ReturnType<typeof describeVerb>>;

/** The verbs in the folders `verbs` beside these files. Throws `custom_verb_wrong`. */
export async function verbsBeside(files: readonly string[]): Promise<readonly OwnVerb[]> {
  const folders = [...new Set(files.map((file) => join(dirname(file), "verbs")))];
  const found = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      return entries
        .filter((entry) => entry.isFile() && isVerbFile(entry.name))
        .map((entry) => join(folder, entry.name))
        .sort();
    }),
  );
  return Promise.all(found.flat().map((file) => describeVerb(file, VERB_NAMES)));
}

/** What describes a program, and what an editor or a person left, is none. */
function isVerbFile(name: string): boolean {
  return !/^\.|~$|\.(json|md|ya?ml|txt|d\.ts)$|\.test\.[a-z]+$/.test(name);
}

/** What verbs of one's own say of themselves: those of the server, and over them those given here. */
export async function knownManifests(
  context: CommandContext,
  beside: readonly OwnVerb[],
): Promise<ReadonlyMap<string, VerbManifest>> {
  const there = await registered(context);
  return new Map([
    ...there.map(({ name, manifest }) => [name, manifest] as const),
    ...beside.map(({ manifest }) => [manifest.name, manifest] as const),
  ]);
}

/** Registers verbs, and tells of those that are new or changed. */
export async function registerVerbs(context: CommandContext, verbs: readonly OwnVerb[]): Promise<void> {
  for (const verb of verbs) {
    const line = await register(context, verb);
    if (!line.includes("already")) context.terminal.error(`${line}\n`);
  }
}

function describe({ name, version, file, sha256, size, author, manifest }: Shown): string {
  const options = Object.entries(manifest.options).map(([option, one]) => {
    const value = one.type === "boolean" ? "" : ` <${one.type}>`;
    const notes = [
      ...(one.required ? ["required"] : []),
      ...(one.many ? ["again and again"] : []),
      ...(one.choices === undefined ? [] : [`one of ${one.choices.join(", ")}`]),
      ...(one.default === undefined ? [] : [`default: ${JSON.stringify(one.default)}`]),
    ];
    return `  --${option}${value}  ${one.summary}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
  });
  const text = manifest.text === undefined ? "" : ` ${manifest.text.required ? "TEXT" : "[TEXT]"}`;
  const lines = [
    `${name}${options.length === 0 ? "" : " [OPTIONS]"}${text}`,
    manifest.summary,
    ...(manifest.text === undefined || manifest.text.summary === "" ? [] : [`TEXT: ${manifest.text.summary}`]),
    ...(options.length === 0 ? [] : ["", ...options]),
    "",
    `version ${version} by ${author}: ${file}, ${size} bytes, SHA-256 ${sha256}`,
    `safe to repeat: ${yesNo(manifest.safeToRepeat)}; cacheable: ${yesNo(manifest.cacheable)}; plan: ${yesNo(manifest.plan)}`,
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

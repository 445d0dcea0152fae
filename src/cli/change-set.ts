import { readFileSync } from "node:fs";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { isJsonObject, jsonText, type Json, type JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { paint, printable } from "./terminal.ts";
import { parseYaml } from "./yaml.ts";

/** `gantry change …`: changes that are proposed, approved by somebody else, and made together. */

interface Author {
  readonly name: string;
}

interface ChangeSet {
  readonly number: number;
  readonly title: string;
  readonly description: string;
  readonly state: "open" | "applied" | "closed";
  readonly kind: "changes" | "design";
  readonly design: string | null;
  readonly digest: string;
  readonly author: Author;
  readonly reverts: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedBy: Author | null;
  readonly endedAt: number | null;
}

interface View extends ChangeSet {
  readonly changes: readonly {
    readonly kind: string;
    readonly name: string;
    readonly action: "create" | "change" | "delete";
    readonly members: readonly { readonly path: string; readonly before?: Json; readonly after?: Json }[];
  }[];
  readonly hidden: number;
  readonly plan: string | null;
  readonly moved: boolean;
  readonly conflicts: readonly {
    readonly kind: string;
    readonly name: string;
    readonly path: string;
    readonly before?: Json;
    readonly proposed?: Json;
    readonly now?: Json;
  }[];
  readonly comments: readonly { readonly author: Author; readonly text: string; readonly createdAt: number }[];
  readonly approvals: readonly { readonly author: Author }[];
  readonly rejections: readonly { readonly author: Author }[];
  readonly lacking: readonly { readonly key: string; readonly needs: number; readonly has: number }[];
}

interface Rule {
  readonly site: string | null;
  readonly approvals: number;
  readonly direct: boolean;
}

const PATH = "/v1/change-sets";

const COLUMNS: readonly Column<ChangeSet>[] = [
  { heading: "NUMBER", value: (row) => String(row.number) },
  { heading: "STATE", value: (row) => row.state },
  { heading: "AUTHOR", value: (row) => printable(row.author.name) },
  { heading: "CHANGED", value: (row) => timeText(row.updatedAt) },
  { heading: "TITLE", value: (row) => printable(row.title) },
];

const RULES: readonly Column<Rule>[] = [
  { heading: "SITE", value: (row) => row.site ?? "(tenant)" },
  { heading: "APPROVALS", value: (row) => String(row.approvals) },
  { heading: "DIRECT CHANGES", value: (row) => (row.direct ? "allowed" : "refused") },
];

/** Proposes edits in the words of /v1/bulk. What other commands' `--propose` does. */
export async function proposeEdits(
  context: CommandContext,
  title: string,
  edits: readonly JsonObject[],
  cascade = false,
): Promise<number> {
  return said(context, await context.client.send<ChangeSet>("POST", PATH, { title, edits, cascade }), "proposed");
}

/** `gantry change propose TITLE`. */
export async function propose(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const what = await contentOf(context, options);
  if (what === undefined)
    throw new GantryError(USAGE, "nothing is proposed", {
      hint: "Give --edits FILE, --design PATH or --destroy NAME; or use --propose TITLE of create, set and delete.",
    });
  const description = options["description"] ?? "";
  const body = { title: args[0] ?? "", description: String(description), ...what };
  return said(context, await context.client.send<ChangeSet>("POST", PATH, body), "proposed");
}

/** `gantry change amend NUMBER`. */
export async function amend(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const { title, description } = options as { readonly title?: string; readonly description?: string };
  const what = await contentOf(context, options);
  if (what === undefined && title === undefined && description === undefined)
    throw new GantryError(USAGE, "there is nothing to amend", {
      hint: "Give --title, --description, --edits, --design or --destroy.",
    });
  const body = { ...(title !== undefined && { title }), ...(description !== undefined && { description }), ...what };
  return said(context, await context.client.send<ChangeSet>("PATCH", one(args), body as JsonObject), "amended");
}

async function contentOf(context: CommandContext, options: Record<string, unknown>): Promise<JsonObject | undefined> {
  const { edits, design, destroy } = options as {
    readonly edits?: string;
    readonly design?: readonly string[];
    readonly destroy?: string;
  };
  const given = [edits, design, destroy].filter((option) => option !== undefined);
  if (given.length > 1) throw new GantryError(USAGE, "only one of --edits, --design and --destroy can be given");
  if (edits !== undefined) return { edits: readEdits(edits), cascade: options["cascade"] === true };
  if (destroy !== undefined) return { destroy };
  if (design === undefined) return undefined;
  const { loadDesign } = await import("./up/design.ts");
  return { design: (await loadDesign(context, design)).bundle as unknown as JsonObject };
}

function readEdits(file: string): readonly Json[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (cause) {
    throw new GantryError(USAGE, `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
  const value = parseYaml(text, file);
  if (Array.isArray(value) && value.every(isJsonObject)) return value;
  throw new GantryError(USAGE, `${file} does not hold a list of edits`, {
    hint: "An edit is { action: merge, kind: structure, name: web1, patch: { role: db } }; docs/changes.md shows all.",
  });
}

/** `gantry change list`. */
export async function list(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const rows: ChangeSet[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = new URLSearchParams({
      state: String(options["state"] ?? "open"),
      ...(cursor !== "" && { cursor }),
    }).toString();
    const page: { readonly items: readonly ChangeSet[]; readonly next: string | null } = await context.client.get(
      `${PATH}?${query}`,
    );
    rows.push(...page.items);
    cursor = page.next;
  }
  printList(context.terminal, context.output, COLUMNS, rows, "There are no such change sets.");
}

/** `gantry change show NUMBER`. */
export async function show(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const view = await context.client.get<View>(one(args));
  if (context.output !== "table") return printData(context.terminal, context.output, view as unknown as Json);
  context.terminal.out(textOf(context, view));
}

function textOf({ terminal }: CommandContext, view: View): string {
  const ended = view.endedBy === null ? "" : ` by ${view.endedBy.name}, ${timeText(view.endedAt)}`;
  const lines = [
    paint(terminal, "bold", `Change set ${view.number}: ${view.title}`),
    `${view.state}${ended}; proposed by ${view.author.name}, ${timeText(view.createdAt)}`,
    ...(view.reverts === null ? [] : [`takes back change set ${view.reverts}`]),
    ...(view.description === "" ? [] : ["", ...view.description.split("\n")]),
    "",
    ...(view.plan ?? "").split("\n").filter((line) => line !== ""),
    ...view.changes.flatMap(({ kind, name, action, members }) => [
      `${SIGNS[action]} ${kind.replaceAll("_", " ")} ${name}`,
      ...(action === "change"
        ? members.map(({ path, before, after }) => `    ${path}: ${short(before)} → ${short(after)}`)
        : []),
    ]),
    ...(view.hidden === 0 ? [] : [`(${view.hidden} more where you may read nothing)`]),
    "",
    `approved by: ${names(view.approvals)}`,
    ...(view.rejections.length === 0 ? [] : [`rejected by: ${names(view.rejections)}`]),
    ...view.lacking.map(({ key, needs, has }) => `lacks approvals: ${key} (${has} of ${needs})`),
    ...view.conflicts.map(
      ({ kind, name, path, before, proposed, now }) =>
        `conflict: ${kind} ${name}${path === "" ? "" : ` ${path}`}: was ${short(before)}, proposed ${short(proposed)}, is ${short(now)}`,
    ),
    ...(view.moved && view.conflicts.length === 0
      ? [`the truth has moved since: gantry change rebase ${view.number}`]
      : []),
    ...view.comments.flatMap(({ author, text, createdAt }) => [
      "",
      `${author.name}, ${timeText(createdAt)}:`,
      ...text.split("\n").map((line) => `  ${line}`),
    ]),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

const SIGNS = { create: "+", change: "~", delete: "-" } as const;

/** A value on one line, cut where it is long. */
function short(value: Json | undefined): string {
  const text = value === undefined ? "nothing" : jsonText(value).replaceAll("\n", " ");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function names(votes: readonly { readonly author: Author }[]): string {
  return votes.length === 0 ? "nobody yet" : votes.map(({ author }) => author.name).join(", ");
}

/** `gantry change comment NUMBER TEXT`. */
export async function comment(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  await context.client.send("POST", `${one(args)}/comments`, { text: args.slice(1).join(" ") });
  context.terminal.out(`Said of change set ${args[0]}\n`);
  return EXIT.ok;
}

async function vote(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
  cast: "approve" | "reject",
): Promise<number> {
  const text = options["comment"];
  if (text !== undefined) await context.client.send("POST", `${one(args)}/comments`, { text: String(text) });
  await context.client.send("POST", `${one(args)}/votes`, { vote: cast });
  context.terminal.out(`Change set ${args[0]} ${cast === "approve" ? "approved" : "rejected"}\n`);
  return EXIT.ok;
}

/** `gantry change approve NUMBER`. */
export function approve(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  return vote(context, options, args, "approve");
}

/** `gantry change reject NUMBER`. */
export function reject(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  return vote(context, options, args, "reject");
}

const DONE = { rebase: "brought up to date", apply: "applied", close: "closed", revert: "proposed" } as const;

type Action = (context: CommandContext, options: Record<string, unknown>, args: readonly string[]) => Promise<number>;

function acting(action: keyof typeof DONE): Action {
  return async (context, _options, args) =>
    said(context, await context.client.send<ChangeSet>("POST", `${one(args)}/${action}`), DONE[action]);
}

/** `gantry change rebase NUMBER`. */
export const rebase = acting("rebase");
/** `gantry change apply NUMBER`. */
export const apply = acting("apply");
/** `gantry change close NUMBER`. */
export const close = acting("close");
/** `gantry change revert NUMBER`. */
export const revert = acting("revert");

/** `gantry change rule list`. */
export async function rules(context: CommandContext): Promise<void> {
  const { items } = await context.client.get<{ readonly items: readonly Rule[] }>("/v1/change-rules");
  const none = "There are no rules: one approval is asked for, and changes may be made directly.";
  printList(context.terminal, context.output, RULES, items, none);
}

/** `gantry change rule set`. */
export async function setRule(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  const approvals = Number(options["approvals"]);
  if (!Number.isInteger(approvals) || approvals < 0)
    throw new GantryError(USAGE, `--approvals ${String(options["approvals"])} is not a whole number`);
  const site = (options["site"] as string | undefined) ?? null;
  const direct = options["direct"] !== false;
  await context.client.send("PUT", "/v1/change-rules", { site, approvals, direct });
  const who = approvals === 0 ? "nobody" : approvals === 1 ? "one person" : `${approvals} people`;
  const rest = direct ? "" : "; direct changes are refused";
  context.terminal.out(`${whereOf(site)}: change sets need ${who} besides their author${rest}\n`);
  return EXIT.ok;
}

/** `gantry change rule delete`. */
export async function deleteRule(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  const site = options["site"] as string | undefined;
  const query = site === undefined ? "" : `?${new URLSearchParams({ site }).toString()}`;
  await context.client.send("DELETE", `/v1/change-rules${query}`);
  context.terminal.out(`${whereOf(site ?? null)}: no rule any more\n`);
  return EXIT.ok;
}

function whereOf(site: string | null): string {
  return site === null ? "Tenant" : `Site ${site}`;
}

/** @throws GantryError `usage` */
function one([number = ""]: readonly string[]): string {
  if (!/^[1-9]\d{0,15}$/.test(number)) throw new GantryError(USAGE, `'${number}' is not the number of a change set`);
  return `${PATH}/${number}`;
}

function said(context: CommandContext, set: ChangeSet, done: string): number {
  if (context.output !== "table") printData(context.terminal, context.output, set as unknown as Json);
  else context.terminal.out(`Change set ${set.number} ${done}: ${printable(set.title)}\n`);
  return EXIT.ok;
}

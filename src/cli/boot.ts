import { readFile } from "node:fs/promises";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry boot …`: boot profiles, and what machines boot next. */

interface Profile {
  readonly name: string;
  readonly description: string;
  readonly script: string;
  readonly template: string;
  readonly version: number;
  readonly updatedAt: number;
}

interface FoundationBoot {
  readonly foundation: string;
  readonly settings: readonly { readonly interface: string; readonly profile: string; readonly setAt: number }[];
  readonly signal: {
    readonly name: string;
    readonly resetAt: number;
    readonly outcome: "done" | "failed" | null;
    readonly message: string;
    readonly signalledAt: number | null;
  } | null;
  readonly keyExpiresAt: number | null;
}

type Options = Record<string, unknown>;

const PROFILES: readonly Column<Profile>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "SCRIPT", value: (row) => linesText(row.script) },
  { heading: "TEMPLATE", value: (row) => linesText(row.template) },
  { heading: "CHANGED", value: (row) => timeText(row.updatedAt) },
  { heading: "DESCRIPTION", value: (row) => printable(row.description || "-") },
];

const SETTINGS: readonly Column<FoundationBoot["settings"][number]>[] = [
  { heading: "INTERFACE", value: (row) => printable(row.interface) },
  { heading: "BOOTS NEXT", value: (row) => row.profile },
  { heading: "SET", value: (row) => timeText(row.setAt) },
];

function linesText(text: string): string {
  const lines = text.trimEnd() === "" ? 0 : text.trimEnd().split("\n").length;
  return lines === 1 ? "1 line" : `${lines} lines`;
}

/** `gantry boot show FOUNDATION`. */
export async function show(context: CommandContext, _options: Options, [name = ""]: readonly string[]): Promise<void> {
  const found = await context.client.get<FoundationBoot>(`/v1/foundations/${encodeURIComponent(name)}/boot`);
  if (context.output !== "table") return printData(context.terminal, context.output, found as unknown as JsonObject);
  printList(context.terminal, "table", SETTINGS, found.settings, `Nothing is set for ${found.foundation} to boot.`);
  const { terminal } = context;
  if (found.signal !== null) terminal.out(`${signalText(found.signal)}\n`);
  if (found.keyExpiresAt !== null) terminal.out(`The key of the machine ends at ${timeText(found.keyExpiresAt)}\n`);
}

function signalText({ name, outcome, message, resetAt, signalledAt }: NonNullable<FoundationBoot["signal"]>): string {
  const what = name === "" ? "" : ` of ${printable(name)}`;
  if (outcome === null) return `The machine has said nothing${what} since ${timeText(resetAt)}`;
  const said = outcome === "done" ? "that it is done" : "that it failed";
  return `The machine said ${said}${what} at ${timeText(signalledAt)}${message === "" ? "" : `: ${printable(message)}`}`;
}

/** `gantry boot key FOUNDATION`: the key alone on standard output. */
export async function key(context: CommandContext, _options: Options, [name = ""]: readonly string[]): Promise<void> {
  const path = `/v1/foundations/${encodeURIComponent(name)}/boot-key`;
  const made = await context.client.send<{ key: string; expiresAt: number }>("POST", path);
  if (context.output !== "table") return printData(context.terminal, context.output, made);
  context.terminal.error(
    `It ends at ${timeText(made.expiresAt)}; those before it have ended. Who has it reads the machine's secrets.\n`,
  );
  context.terminal.out(`${made.key}\n`);
}

/** `gantry boot profile list`. */
export async function listProfiles(context: CommandContext): Promise<void> {
  const rows: Profile[] = [];
  for (let cursor: string | null = null; ;) {
    const query = new URLSearchParams({ limit: "1000", ...(cursor === null ? {} : { cursor }) });
    const page: { readonly items: readonly Profile[]; readonly next: string | null } = await context.client.get(
      `/v1/boot-profiles?${query.toString()}`,
    );
    rows.push(...page.items);
    cursor = page.next;
    if (cursor === null) break;
  }
  printList(context.terminal, context.output, PROFILES, rows, "There are no boot profiles: `gantry boot profile set`.");
}

/** `gantry boot profile show NAME`. */
export async function showProfile(context: CommandContext, _options: Options, args: readonly string[]): Promise<void> {
  const found = await named(context, args[0] ?? "");
  const format = context.output === "table" ? "yaml" : context.output;
  const { name, description, script, template } = found;
  printData(
    context.terminal,
    format,
    context.output === "table" ? { name, description, script, template } : { ...found },
  );
}

/** `gantry boot profile set NAME`. */
export async function setProfile(
  context: CommandContext,
  options: Options,
  [name = ""]: readonly string[],
): Promise<void> {
  const before = await named(context, name).catch((error: unknown) => {
    if (error instanceof GantryError && error.code === "boot_profile_unknown") return undefined;
    throw error;
  });
  const body = {
    name,
    description: (options["description"] as string | undefined) ?? before?.description ?? "",
    script: (await fileOf(options["scriptFile"])) ?? before?.script ?? "",
    template: (await fileOf(options["templateFile"])) ?? before?.template ?? "",
  };
  const after =
    before === undefined
      ? await context.client.send<Profile>("POST", "/v1/boot-profiles", body)
      : await context.client.send<Profile>("PUT", pathOf(name), body, { "if-match": `"${before.version}"` });
  if (context.output !== "table") return printData(context.terminal, context.output, { ...after });
  context.terminal.out(`Boot profile ${after.name} ${before === undefined ? "made" : "changed"}\n`);
}

/** `gantry boot profile delete NAME`. */
export async function deleteProfile(
  context: CommandContext,
  options: Options,
  [name = ""]: readonly string[],
): Promise<void> {
  const found = await named(context, name);
  const what = `boot profile ${found.name}`;
  const { confirm } = await import("./up/ask.ts");
  await confirm(context, `Delete the ${what} for good?`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `deleting the ${what}`,
  });
  await context.client.send("DELETE", pathOf(name), undefined, { "if-match": `"${found.version}"` });
  context.terminal.out(`Boot profile ${found.name} deleted\n`);
}

function named(context: CommandContext, name: string): Promise<Profile> {
  return context.client.get(pathOf(name));
}

function pathOf(name: string): string {
  return `/v1/boot-profiles/${encodeURIComponent(name)}`;
}

async function fileOf(path: unknown): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(String(path), "utf8");
  } catch (cause) {
    throw new GantryError(USAGE, `${String(path)} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

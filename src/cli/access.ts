import { GantryError } from "../kernel/errors.ts";
import type { Account, RoleBinding, Role, Token } from "../client/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry account|token|role|binding …` and `gantry whoami`: who may do what. */

type Options = Record<string, unknown>;

const ACCOUNTS: readonly Column<Account>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "KIND", value: (row) => row.kind },
  { heading: "DISPLAY NAME", value: (row) => printable(row.displayName || "-") },
  { heading: "EMAIL", value: (row) => printable(row.email ?? "-") },
  { heading: "SOURCE", value: (row) => row.source },
  { heading: "STATE", value: (row) => (row.disabledAt === null ? "enabled" : "disabled") },
];

const TOKENS: readonly Column<Token>[] = [
  { heading: "NAME", value: (row) => printable(row.name) },
  { heading: "KIND", value: (row) => row.kind },
  { heading: "ALLOWS", value: (row) => row.permissions?.join(" ") ?? "all its account may do" },
  { heading: "EXPIRES", value: (row) => timeText(row.expiresAt) },
  { heading: "LAST USED", value: (row) => (row.lastUsedAt === null ? "never" : timeText(row.lastUsedAt)) },
];

const ROLES: readonly Column<Role>[] = [
  { heading: "NAME", value: (row) => row.name },
  { heading: "BUILT IN", value: (row) => (row.builtIn ? "yes" : "no") },
  { heading: "PERMISSIONS", value: (row) => String(row.permissions.length) },
  { heading: "DESCRIPTION", value: (row) => printable(row.description || "-") },
];

const BINDINGS: readonly Column<RoleBinding>[] = [
  { heading: "ID", value: (row) => row.id },
  { heading: "WHO", value: (row) => printable(row.account?.name ?? `directory group ${row.directoryGroup ?? ""}`) },
  { heading: "ROLE", value: (row) => row.role },
  { heading: "WHERE", value: (row) => whereText(row.scope) },
];

interface Where {
  readonly kind: string;
  readonly name: string | null;
}

function whereText({ kind, name }: Where): string {
  if (kind === "server" || kind === "tenant") return `the whole ${kind}`;
  return name === null ? `a ${kind} that is gone` : `${kind} ${printable(name)}`;
}

/** `viewer at site lab`. */
function roleText(role: string, scope: Where): string {
  const word = scope.kind === "server" ? "on" : scope.kind === "site" ? "at" : "in";
  return `${role} ${word} ${whereText(scope)}`;
}

function printOne<Row>(context: CommandContext, columns: readonly Column<Row>[], row: Row): void {
  if (context.output === "table") printList(context.terminal, "table", columns, [row], "");
  else printData(context.terminal, context.output, row as unknown as JsonObject);
}

/** `gantry account list`. */
export async function listAccounts(context: CommandContext, options: Options): Promise<void> {
  const kind = options["kind"] as Account["kind"] | undefined;
  const rows = await context.client.accounts.list({ kind }).all();
  printList(
    context.terminal,
    context.output,
    ACCOUNTS,
    rows,
    "There are no accounts: `gantry account create` makes one.",
  );
}

/** `gantry account create NAME`. */
export async function createAccount(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const made = await context.client.accounts.create({
    kind: options["person"] === true ? "person" : "service",
    name: args[0] ?? "",
    displayName: (options["displayName"] as string | undefined) ?? "",
    email: (options["email"] as string | undefined) ?? null,
  });
  if (context.output !== "table") return printOne(context, ACCOUNTS, made);
  const what = made.kind === "person" ? "Person" : "Service account";
  context.terminal.out(`${what} ${made.name} created; it may do nothing until a role is bound to it\n`);
}

/** `gantry account show NAME`. */
export async function showAccount(context: CommandContext, _options: Options, args: readonly string[]): Promise<void> {
  printOne(context, ACCOUNTS, await context.client.accounts.get(args[0] ?? ""));
}

/** `gantry account disable NAME`: its tokens end at once. */
export async function disableAccount(
  context: CommandContext,
  _options: Options,
  args: readonly string[],
): Promise<void> {
  const { name } = await changeAccount(context, args[0] ?? "", true);
  context.terminal.out(`Account ${name} disabled; its tokens are no longer good\n`);
}

/** `gantry account enable NAME`. */
export async function enableAccount(
  context: CommandContext,
  _options: Options,
  args: readonly string[],
): Promise<void> {
  const { name } = await changeAccount(context, args[0] ?? "", false);
  context.terminal.out(`Account ${name} enabled; it needs new tokens\n`);
}

async function changeAccount({ client }: CommandContext, idOrName: string, disabled: boolean): Promise<Account> {
  const { version } = await client.accounts.get(idOrName);
  return client.accounts.patch(idOrName, { disabled }, { ifMatch: version });
}

/** `gantry account delete NAME`. */
export async function deleteAccount(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const { name, version } = await context.client.accounts.get(args[0] ?? "");
  const { confirm } = await import("./up/ask.ts");
  await confirm(context, `Delete account ${name}, with its tokens and role bindings?`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `deleting account ${name}`,
  });
  await context.client.accounts.delete(name, { ifMatch: version });
  context.terminal.out(`Account ${name} deleted\n`);
}

/** `gantry token list [--account ACCOUNT]`. */
export async function listTokens(context: CommandContext, options: Options): Promise<void> {
  const account = options["account"] as string | undefined;
  const { client } = context;
  const rows = await (account === undefined ? client.tokens.list() : client.accounts.tokens(account)).all();
  printList(context.terminal, context.output, TOKENS, rows, "There are no tokens: `gantry token create` makes one.");
}

/** `gantry token create NAME`: prints the token alone, so that a script can take it. */
export async function createToken(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const { client } = context;
  const account = options["account"] as string | undefined;
  const body = {
    name: args[0] ?? "",
    expiresIn: options["lasts"] === undefined ? undefined : seconds(String(options["lasts"])),
    permissions: options["permission"] as string[] | undefined,
    tenant: options["onlyTenant"] as string | undefined,
  };
  const made = await (account === undefined ? client.tokens.create(body) : client.accounts.postTokens(account, body));
  if (context.output !== "table") return printData(context.terminal, context.output, made as unknown as JsonObject);
  context.terminal.out(`${made.token}\n`);
  context.terminal.error(`It is shown this once, and ends ${timeText(made.expiresAt)}.\n`);
}

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };

/** `90d`, `12h`, `30m`. */
function seconds(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const each = UNITS[unit];
  if (each === undefined) throw new GantryError(USAGE, `--lasts ${text} is not a time: 30m, 12h, 90d`);
  return Number(count) * each;
}

/** `gantry token revoke TOKEN`. */
export async function revokeToken(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const token = args[0] ?? "";
  const account = options["account"] as string | undefined;
  if (account === undefined) await context.client.tokens.delete(token);
  else await context.client.accounts.deleteTokens(account, token);
  context.terminal.out(`Token ${token} revoked\n`);
}

/** `gantry role list`. */
export async function listRoles(context: CommandContext): Promise<void> {
  printList(context.terminal, context.output, ROLES, await context.client.roles.list().all(), "");
}

/** `gantry role show NAME`: with its permissions. */
export async function showRole(context: CommandContext, _options: Options, args: readonly string[]): Promise<void> {
  const role = await context.client.roles.get(args[0] ?? "");
  if (context.output !== "table") return printOne(context, ROLES, role);
  context.terminal.out(`${role.name}: ${printable(role.description || "no description")}\n`);
  for (const permission of role.permissions) context.terminal.out(`  ${permission}\n`);
}

/** `gantry role create NAME --permission PERMISSION …`. */
export async function createRole(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const made = await context.client.roles.create({
    name: args[0] ?? "",
    description: (options["description"] as string | undefined) ?? "",
    permissions: options["permission"] as string[],
  });
  if (context.output === "table") context.terminal.out(`Role ${made.name} created\n`);
  else printOne(context, ROLES, made);
}

/** `gantry role set NAME --permission PERMISSION …`: what is not given stays. */
export async function setRole(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const before = await context.client.roles.get(args[0] ?? "");
  const after = await context.client.roles.replace(
    before.name,
    {
      name: before.name,
      description: (options["description"] as string | undefined) ?? before.description,
      permissions: (options["permission"] as string[] | undefined) ?? [...before.permissions],
    },
    { ifMatch: before.version },
  );
  if (context.output === "table") context.terminal.out(`Role ${after.name} changed for everybody who holds it\n`);
  else printOne(context, ROLES, after);
}

/** `gantry role delete NAME`. */
export async function deleteRole(context: CommandContext, _options: Options, args: readonly string[]): Promise<void> {
  const { name, version } = await context.client.roles.get(args[0] ?? "");
  await context.client.roles.delete(name, { ifMatch: version });
  context.terminal.out(`Role ${name} deleted\n`);
}

/** `gantry binding list`. */
export async function listBindings(context: CommandContext, options: Options): Promise<void> {
  const { account, directoryGroup, role } = options as Readonly<Record<string, string | undefined>>;
  const rows = await context.client.roleBindings.list({ account, directoryGroup, role }).all();
  printList(
    context.terminal,
    context.output,
    BINDINGS,
    rows,
    "No role is bound: only the administrator may do something.",
  );
}

/** `gantry binding create ROLE --account ACCOUNT [--site SITE]`. */
export async function createBinding(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const { account, directoryGroup } = options as Readonly<Record<string, string | undefined>>;
  if ((account === undefined) === (directoryGroup === undefined))
    throw new GantryError(USAGE, "who gets the role? Give --account ACCOUNT or --directory-group GROUP");
  const made = await context.client.roleBindings.create({
    account,
    directoryGroup,
    role: args[0] ?? "",
    scope: scopeOf(options),
  });
  if (context.output !== "table") return printOne(context, BINDINGS, made);
  const who = made.account?.name ?? `directory group ${made.directoryGroup ?? ""}`;
  context.terminal.out(`${printable(who)} is ${roleText(made.role, made.scope)} (${made.id})\n`);
}

type ScopeDraft = NonNullable<Parameters<CommandContext["client"]["roleBindings"]["create"]>[0]["scope"]>;

/** Errors: `usage`, when more than one place is given. */
function scopeOf(options: Options): ScopeDraft {
  const given = (["site", "group", "project"] as const).filter((kind) => options[kind] !== undefined);
  if (given.length + (options["server"] === true ? 1 : 0) > 1)
    throw new GantryError(USAGE, "a role is bound to one place: --site, --group, --project or --server");
  if (options["server"] === true) return { kind: "server" };
  const [kind] = given;
  return kind === undefined ? { kind: "tenant" } : { kind, name: String(options[kind]) };
}

/** `gantry binding delete ID`. */
export async function deleteBinding(
  context: CommandContext,
  _options: Options,
  args: readonly string[],
): Promise<void> {
  await context.client.roleBindings.delete(args[0] ?? "");
  context.terminal.out(`Role binding ${args[0] ?? ""} deleted\n`);
}

/** `gantry whoami`. */
export async function whoami(context: CommandContext): Promise<void> {
  const found = await context.client.whoami.get();
  if (context.output !== "table") return printData(context.terminal, context.output, found as unknown as JsonObject);
  const { out } = context.terminal;
  const { permissions, token } = found;
  const line = (heading: string, text: string): void => out(`${heading.padEnd(12)}${text}\n`);
  if (context.endpoint !== undefined) line("endpoint", `${context.endpoint.name} (${context.endpoint.url})`);
  line("name", printable(found.account?.displayName ? `${found.name} (${found.account.displayName})` : found.name));
  line("kind", found.kind);
  line("tenant", printable(found.tenant.name || "-"));
  for (const [index, { role, scope, directoryGroup }] of found.roles.entries()) {
    const by = directoryGroup === null ? "" : `, by directory group ${printable(directoryGroup)}`;
    line(index === 0 ? "roles" : "", `${roleText(role, scope)}${by}`);
  }
  if (found.roles.length === 0) line("roles", "none");
  for (const [index, words] of wrapped(permissions.everywhere).entries()) line(index === 0 ? "may" : "", words);
  if (permissions.somewhere.length > 0)
    for (const [index, words] of wrapped(permissions.somewhere).entries()) line(index === 0 ? "in places" : "", words);
  if (token !== null) line("token", `${printable(token.name)}, ends ${timeText(token.expiresAt)}`);
}

const WIDTH = 80;

/** Words in lines. */
function wrapped(words: readonly string[]): readonly string[] {
  const lines = ["-"];
  for (const word of words) {
    const last = lines.at(-1)!;
    if (last === "-") lines[0] = word;
    else if (last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

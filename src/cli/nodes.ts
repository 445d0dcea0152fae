import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";
import { confirm } from "./up/ask.ts";

/** `gantry node …` and `gantry join-token …`: who may speak to the server as a worker or an agent. */

interface Token {
  readonly id: string;
  readonly role: string;
  readonly name: string | null;
  readonly siteId: string | null;
  readonly state: string;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

const TOKENS: readonly Column<Token>[] = [
  { heading: "ID", value: (row) => row.id },
  { heading: "ROLE", value: (row) => row.role },
  { heading: "NAME", value: (row) => printable(row.name ?? "-") },
  { heading: "SITE", value: (row) => row.siteId ?? "-" },
  { heading: "STATE", value: (row) => row.state },
  { heading: "EXPIRES", value: (row) => timeText(row.expiresAt) },
  { heading: "USED", value: (row) => timeText(row.usedAt) },
];

/** `gantry join-token create`: prints the token alone, so that a script can take it. */
export async function createToken(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const minutes = Number(options["expires"] ?? 60);
  if (!(minutes > 0))
    throw new GantryError(USAGE, `--expires ${String(options["expires"])} is not a number of minutes`);
  const answer = await context.client.joinTokens.create({
    role: options["role"] === "worker" ? "worker" : "agent",
    name: options["name"] as string | undefined,
    site: options["site"] as string | undefined,
    expiresIn: Math.round(minutes * 60),
  });
  if (context.output === "table") context.terminal.out(`${answer.token}\n`);
  else printData(context.terminal, context.output, answer);
}

/** `gantry join-token list`. */
export async function listTokens(context: CommandContext): Promise<void> {
  const tokens = await context.client.joinTokens.list().all();
  printList(context.terminal, context.output, TOKENS, tokens, "There are no join tokens.");
}

/** `gantry join-token revoke ID…`. */
export async function revokeTokens(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  for (const id of args) {
    await context.client.joinTokens.revoke(id);
    context.terminal.out(`join token ${printable(id)} revoked\n`);
  }
}

/** `gantry node revoke NAME…`. */
export async function revoke(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const what = `${args.length === 1 ? "node" : "nodes"} ${args.map(printable).join(", ")}`;
  await confirm(context, `Shut ${what} out for good? What it does at the moment is lost.`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `revoking ${what}`,
  });
  // Names that are wrong are told before anybody is shut out.
  for (const name of args) await context.client.nodes.get(name);
  for (const name of args) {
    await context.client.nodes.revoke(name);
    context.terminal.out(`node ${printable(name)} revoked\n`);
  }
}

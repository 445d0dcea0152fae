import { showSize } from "../blueprints/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { hardwareText, type ShownFacts } from "./hardware-text.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { paint, printable } from "./terminal.ts";
import { confirm } from "./up/ask.ts";

/** `gantry machine …` and `gantry foundation locate`: machines that registered. */

interface Machine {
  readonly id: string;
  readonly site: string;
  readonly outcome: {
    readonly state: string;
    readonly foundation: string | null;
    readonly reason: string;
    readonly problems: readonly { readonly path: string; readonly want: string; readonly have: string }[];
    readonly nearest: { readonly foundation: string; readonly why: string } | null;
  };
  readonly assigned: string | null;
  readonly registeredAt: number;
  readonly seenAt: number;
  readonly facts: ShownFacts;
}

const MACHINES: readonly Column<Machine>[] = [
  { heading: "ID", value: ({ id }) => id },
  { heading: "SITE", value: ({ site }) => site },
  { heading: "STATE", value: ({ outcome }) => outcome.state },
  { heading: "FOUNDATION", value: ({ outcome }) => outcome.foundation ?? "-" },
  { heading: "MODEL", value: ({ facts }) => printable(facts.system.product ?? "-") },
  { heading: "SERIAL", value: ({ facts }) => printable(facts.system.serial ?? "-") },
  { heading: "MEMORY", value: ({ facts }) => showSize(facts.memory) },
  { heading: "SEEN", value: ({ seenAt }) => timeText(seenAt) },
  {
    heading: "NEAREST",
    value: ({ outcome: { nearest } }) => (nearest === null ? "-" : printable(`${nearest.foundation}: ${nearest.why}`)),
  },
];

/** `gantry machine list`. */
export async function list(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const { state, site } = options as { readonly state?: "located"; readonly site?: string };
  const machines = (await context.client.machines.list({ state, site }).all()) as unknown as readonly Machine[];
  printList(context.terminal, context.output, MACHINES, machines, "No machine has registered.");
}

/** `gantry machine show ID`. */
export async function show(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const machine = (await context.client.machines.get(args[0] ?? "")) as unknown as Machine;
  if (context.output !== "table") printData(context.terminal, context.output, machine as unknown as Json);
  else context.terminal.out(printable(machineText(machine)));
}

function machineText({ id, site, outcome, assigned, registeredAt, seenAt, facts }: Machine): string {
  const lines = [
    `machine     ${id}`,
    `site        ${site}`,
    `state       ${outcome.state}: ${outcome.reason}`,
    ...(assigned === null ? [] : [`assigned    ${assigned}`]),
    ...(outcome.nearest === null ? [] : [`nearest     ${outcome.nearest.foundation}: ${outcome.nearest.why}`]),
    `registered  ${timeText(registeredAt)}, seen ${timeText(seenAt)}`,
    "",
    ...hardwareText(facts),
  ];
  if (outcome.problems.length > 0)
    lines.push("", `What blueprint of foundation '${outcome.foundation}' asks for and it has not:`);
  for (const { path, want, have } of outcome.problems) lines.push(`  ${path}: wants ${want}, has ${have}`);
  return `${lines.join("\n")}\n`;
}

/** `gantry machine assign ID FOUNDATION`. Exit code 1 when it cannot be that one. */
export async function assign(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const [id = "", foundation] = args;
  if ((options["clear"] === true) === (foundation !== undefined))
    throw new GantryError(USAGE, "`machine assign` takes a foundation, or --clear");
  const machine = (await context.client.machines.assign(id, { foundation: foundation ?? null })) as unknown as Machine;
  const { state, reason, problems } = machine.outcome;
  const done = foundation === undefined || state === "located";
  context.terminal[done ? "out" : "error"](
    `${done ? "" : `${paint(context.terminal, "red", state)}: `}${printable(reason)}\n`,
  );
  for (const { path, want, have } of problems)
    context.terminal.error(printable(`  ${path}: wants ${want}, has ${have}\n`));
  return done ? EXIT.ok : EXIT.failed;
}

/** `gantry machine forget ID…`. */
export async function forget(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const what = `${args.length === 1 ? "machine" : "machines"} ${args.map(printable).join(", ")}`;
  await confirm(context, `Forget ${what}? Its foundation is not located any more, unless it is built.`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `forgetting ${what}`,
  });
  for (const id of args) {
    await context.client.machines.delete(id);
    context.terminal.out(`machine ${printable(id)} forgotten\n`);
  }
}

/** `gantry foundation locate NAME…`. */
export async function locate(context: CommandContext, _options: unknown, args: readonly string[]): Promise<void> {
  for (const name of args) {
    await context.client.foundations.locate(name);
    context.terminal.out(`foundation ${printable(name)} is located\n`);
  }
}

/** `gantry foundation unlocate NAME…`. */
export async function unlocate(context: CommandContext, _options: unknown, args: readonly string[]): Promise<void> {
  for (const name of args) {
    await context.client.foundations.unlocate(name);
    context.terminal.out(`foundation ${printable(name)} is not located any more\n`);
  }
}

interface Token {
  readonly id: string;
  readonly site: string;
  readonly description: string;
  readonly expiresAt: number | null;
  readonly usedAt: number | null;
}

const TOKENS: readonly Column<Token>[] = [
  { heading: "ID", value: ({ id }) => id },
  { heading: "SITE", value: ({ site }) => site },
  { heading: "EXPIRES", value: ({ expiresAt }) => timeText(expiresAt) },
  { heading: "USED", value: ({ usedAt }) => timeText(usedAt) },
  { heading: "DESCRIPTION", value: ({ description }) => printable(description) },
];

/** `gantry machine token create`: prints the token alone, so that a script can take it. */
export async function createToken(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const { site, description, expires } = options as {
    readonly site: string;
    readonly description: string;
    readonly expires?: string;
  };
  const minutes = expires === undefined ? undefined : Number(expires);
  if (minutes !== undefined && !(minutes > 0))
    throw new GantryError(USAGE, `--expires ${expires} is not a number of minutes`);
  const expiresIn = minutes === undefined ? undefined : Math.round(minutes * 60);
  const made = await context.client.machineTokens.create({ site, description, expiresIn });
  if (context.output === "table") context.terminal.out(`${made.token}\n`);
  else printData(context.terminal, context.output, made);
}

/** `gantry machine token list`. */
export async function listTokens(context: CommandContext): Promise<void> {
  const tokens = await context.client.machineTokens.list().all();
  printList(context.terminal, context.output, TOKENS, tokens, "There are no registration tokens.");
}

/** `gantry machine token revoke ID…`. */
export async function revokeTokens(context: CommandContext, _options: unknown, args: readonly string[]): Promise<void> {
  for (const id of args) {
    await context.client.machineTokens.delete(id);
    context.terminal.out(`registration token ${printable(id)} revoked\n`);
  }
}

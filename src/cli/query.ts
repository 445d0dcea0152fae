import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { dotOf, type DotEdge, type DotNode } from "../query/commands.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { printData, printList, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

type Options = Record<string, unknown>;

interface Ref {
  readonly kind: string;
  readonly name: string;
}

interface Thing extends Ref {
  readonly site: string | null;
  readonly type: string | null;
  readonly state: string | null;
}

interface Tie {
  readonly relation: string;
  readonly thing: Ref;
}

const KINDS = ["site", "network", "address-block", "complex", "dependency", "foundation", "structure"];

/** `gantry query count`. */
export async function count(context: CommandContext, options: Options): Promise<void> {
  const by = (options["by"] as readonly string[] | undefined) ?? ["site"];
  const filter = pick(options, ["blueprint", "site", "role", "state"]);
  const answer = (await context.client.query.count({ ...filter, by } as never)) as unknown as {
    readonly total: number;
    readonly items: readonly { readonly values: Readonly<Record<string, string | null>>; readonly count: number }[];
  };
  if (context.output !== "table") return print(context, answer);
  const columns: Column<(typeof answer.items)[number]>[] = [
    ...by.map((what) => ({
      heading: what.toUpperCase(),
      value: (row: (typeof answer.items)[number]) => printable(row.values[what] ?? "-"),
    })),
    { heading: "COUNT", value: (row) => String(row.count) },
  ];
  printList(context.terminal, "table", columns, answer.items, "There are none.");
  if (answer.items.length > 0) context.terminal.out(`\n${structures(answer.total)}.\n`);
}

interface AffectedAnswer {
  readonly asked: readonly Ref[];
  readonly total: number;
  readonly down: number;
  readonly impaired: number;
  readonly items: readonly {
    readonly thing: Thing;
    readonly effect: "down" | "impaired";
    readonly because: Tie;
  }[];
}

/** `gantry query affected KIND NAME…`. */
export async function affected(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const [kind = "", ...names] = args;
  const answer = (await context.client.query.affected({
    thing: things(kindNamed(kind), names),
    limit: limitOf(options),
  } as never)) as unknown as AffectedAnswer;
  if (options["output"] === "dot") {
    const nodes = answer.items.map(({ thing, effect }): DotNode => ({ thing, mark: effect }));
    const edges = answer.items.map(({ thing, because }) => edgeOf(thing, because));
    return drawn(context, answer.asked, nodes, edges);
  }
  if (context.output !== "table") return print(context, answer);
  const columns: Column<AffectedAnswer["items"][number]>[] = [
    ...columnsOf<AffectedAnswer["items"][number]>(({ thing }) => thing),
    { heading: "EFFECT", value: (row) => row.effect },
    { heading: "BECAUSE", value: (row) => reason(row.because) },
  ];
  printList(context.terminal, "table", columns, answer.items, "Nothing else is affected.");
  if (answer.total > 0) context.terminal.out(`\n${answer.down} down, ${answer.impaired} impaired.${cut(answer)}\n`);
}

interface UsesAnswer {
  readonly asked: readonly Ref[];
  readonly total: number;
  readonly totals: Readonly<Record<"machine" | "vm" | "container" | "other", number>>;
  readonly items: readonly { readonly thing: Thing; readonly by: Tie }[];
}

/** `gantry query uses [STRUCTURE…]`. */
export async function uses(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const service = pick(options, ["group", "blueprint", "role"]);
  if (args.length === 0 && Object.keys(service).length === 0)
    throw new GantryError(USAGE, "it is not said whose uses are meant", {
      hint: "Name structures, or give --group, --blueprint or --role.",
    });
  const answer = (await context.client.query.uses({
    ...(args.length === 0 ? {} : { thing: things("structure", args) }),
    ...service,
    limit: limitOf(options),
  } as never)) as unknown as UsesAnswer;
  if (options["output"] === "dot") {
    const nodes = answer.items.map(({ thing }): DotNode => ({ thing, mark: "used" }));
    const edges = answer.items.map(({ thing, by }) => ({ from: by.thing, to: thing, label: by.relation }));
    return drawn(context, answer.asked, nodes, edges);
  }
  if (context.output !== "table") return print(context, answer);
  const columns: Column<UsesAnswer["items"][number]>[] = [
    ...columnsOf<UsesAnswer["items"][number]>(({ thing }) => thing),
    { heading: "USED BY", value: ({ by }) => `${titled(by.thing)}, which ${by.relation} it` },
  ];
  printList(context.terminal, "table", columns, answer.items, "It uses nothing.");
  const { machine, vm, container, other } = answer.totals;
  const totals = [
    plural(machine, "machine"),
    plural(vm, "VM"),
    plural(container, "container"),
    ...(other === 0 ? [] : [plural(other, "other foundation")]),
  ];
  context.terminal.out(`\n${structures(answer.asked.length)} on ${totals.join(", ")}.${cut(answer)}\n`);
}

interface DifferencesAnswer {
  readonly total: number;
  readonly items: readonly (Ref & {
    readonly site: string | null;
    readonly difference: string;
    readonly message: string;
  })[];
}

/** `gantry query differences`. */
export async function differences(context: CommandContext, options: Options): Promise<void> {
  const answer = (await context.client.query.differences({
    ...pick(options, ["site"]),
    ...(options["look"] === true ? { look: "true" } : {}),
    limit: limitOf(options),
  } as never)) as unknown as DifferencesAnswer;
  if (context.output !== "table") return print(context, answer);
  const columns: Column<DifferencesAnswer["items"][number]>[] = [
    { heading: "KIND", value: (row) => kindWord(row.kind) },
    { heading: "NAME", value: (row) => printable(row.name) },
    { heading: "SITE", value: (row) => printable(row.site ?? "-") },
    { heading: "DIFFERENCE", value: (row) => row.difference },
    { heading: "WHAT", value: (row) => printable(row.message) },
  ];
  printList(context.terminal, "table", columns, answer.items, "Everything is as designed.");
  if (answer.items.length < answer.total) context.terminal.out(`\n${cut(answer).trim()}\n`);
}

function columnsOf<Row>(thing: (row: Row) => Thing): readonly Column<Row>[] {
  return [
    { heading: "KIND", value: (row) => kindWord(thing(row).kind) },
    { heading: "NAME", value: (row) => printable(thing(row).name) },
    { heading: "TYPE", value: (row) => printable(thing(row).type ?? "-") },
    { heading: "SITE", value: (row) => printable(thing(row).site ?? "-") },
  ];
}

function print(context: CommandContext, answer: unknown): void {
  printData(context.terminal, context.output, answer as Json);
}

function drawn(
  { terminal }: CommandContext,
  asked: readonly Ref[],
  nodes: readonly DotNode[],
  edges: readonly DotEdge[],
): void {
  const roots = asked.map((thing): DotNode => ({ thing, mark: "asked" }));
  const known = new Set([...roots, ...nodes].map(({ thing }) => `${thing.kind} ${thing.name}`));
  const drawable = edges.filter(({ from, to }) => [from, to].every((end) => known.has(`${end.kind} ${end.name}`)));
  terminal.out(dotOf([...roots, ...nodes], drawable));
}

function edgeOf(thing: Ref, because: Tie): DotEdge {
  return { from: thing, to: because.thing, label: because.relation };
}

/** `stands on foundation rack1-7`. */
function reason({ relation, thing }: Tie): string {
  return `${relation} ${titled(thing)}`;
}

function titled({ kind, name }: Ref): string {
  return name === "" ? `a ${kindWord(kind)} you may not see` : `${kindWord(kind)} ${printable(name)}`;
}

function kindWord(kind: string): string {
  return kind.replaceAll("_", " ");
}

function cut({ items, total }: { readonly items: readonly unknown[]; readonly total: number }): string {
  return items.length < total ? ` Shown are ${items.length} of ${total}; --limit shows more.` : "";
}

function structures(total: number): string {
  return plural(total, "structure");
}

function plural(total: number, word: string): string {
  return `${total} ${word}${total === 1 ? "" : "s"}`;
}

function limitOf(options: Options): number {
  const limit = Number(options["limit"]);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 10_000) return limit;
  throw new GantryError(USAGE, `--limit ${String(options["limit"])} is not a number from 1 to 10000`);
}

function things(kind: string, names: readonly string[]): readonly string[] {
  return names.map((name) => `${kind.replaceAll("-", "_")}:${name}`);
}

/** In singular or plural. @throws GantryError `usage`, with the nearest name */
function kindNamed(typed: string): string {
  const word = typed.replaceAll("_", "-");
  const found = KINDS.find(
    (kind) => [kind, `${kind}s`, `${kind}es`].includes(word) || (kind === "dependency" && word === "dependencies"),
  );
  if (found !== undefined) return found;
  const near = nearest(word, KINDS);
  throw new GantryError(USAGE, `'${typed}' is nothing that could go down`, {
    hint: near === undefined ? `What can is: ${KINDS.join(", ")}.` : `Did you mean '${near}'?`,
  });
}

function pick(options: Options, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (typeof options[name] === "string" ? [[name, options[name] as string]] : [])),
  );
}

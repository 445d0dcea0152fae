import type { JsonObject } from "../kernel/json.ts";
import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { printData, printList, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

interface Held {
  readonly address: string;
  readonly structure: string;
  readonly interface: string | null;
  readonly leaving: boolean;
}

const COLUMNS: readonly Column<Held>[] = [
  { heading: "ADDRESS", value: (row) => row.address },
  { heading: "STRUCTURE", value: (row) => printable(row.structure) },
  { heading: "INTERFACE", value: (row) => printable(row.interface ?? "-") },
  { heading: "STATE", value: (row) => (row.leaving ? "leaving" : "held") },
];

/** `gantry address allocate BLOCK --structure NAME [--count N | --address A] [--interface I]`: prints what was given, one a line. */
export async function allocate(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const block = args[0] ?? "";
  const count = options["count"] === undefined ? undefined : Number(options["count"]);
  if (count !== undefined && !(Number.isInteger(count) && count > 0))
    throw new GantryError(USAGE, `--count ${String(options["count"])} is not a whole number from 1`);
  const structure = String(options["structure"]);
  const before = await context.client.structures.get(structure);
  const had = new Set(addressesIn(before as unknown as JsonObject, block));
  const changed = await context.client.addressBlocks.allocate(block, {
    structure,
    interface: options["interface"] as string | undefined,
    address: options["address"] as string | undefined,
    count,
  });
  if (context.output !== "table") return printData(context.terminal, context.output, changed as unknown as JsonObject);
  const now = addressesIn(changed as unknown as JsonObject, block);
  const given = now.filter((address) => !had.has(address));
  // One that it had already is an answer as well.
  for (const address of given.length === 0 ? now : given) context.terminal.out(`${address}\n`);
}

/** `gantry address release BLOCK [ADDRESS…] [--structure NAME]`. */
export async function release(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const [block = "", ...addresses] = args;
  if (addresses.length === 0 && options["structure"] === undefined)
    throw new GantryError(USAGE, "there is nothing to release", {
      hint: "Name addresses, or the structure that gives back all it has: --structure NAME.",
    });
  const { items } = await context.client.addressBlocks.release(block, {
    addresses: addresses.length === 0 ? undefined : addresses,
    structure: options["structure"] as string | undefined,
  });
  if (context.output !== "table") return printData(context.terminal, context.output, items as unknown as JsonObject[]);
  for (const { structure } of items) context.terminal.out(`${printable(structure)}: released\n`);
  if (items.length === 0) context.terminal.error("Nobody had them.\n");
}

/** `gantry address list BLOCK`: who has which, and how many are left. */
export async function list(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const addresses = context.client.addressBlocks.addresses(args[0] ?? "");
  const [page, rows] = [await addresses.page(), await addresses.all()];
  if (context.output !== "table")
    return printData(context.terminal, context.output, { ...page, items: rows, next: null } as unknown as JsonObject);
  printList(context.terminal, "table", COLUMNS, rows, "Nobody has an address of it.");
  const { size, held, reserved, dynamic, free } = page.counts;
  context.terminal.error(
    `${page.block} ${page.subnet}: ${size} addresses, ${held} held, ${reserved} reserved, ${dynamic} dynamic, ${free} free\n`,
  );
}

function addressesIn(row: JsonObject, block: string): readonly string[] {
  const held = row["addresses"] as readonly { readonly block: string; readonly address: string }[] | undefined;
  return (held ?? []).filter((one) => one.block === block).map((one) => one.address);
}

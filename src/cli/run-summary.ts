import { table, type Column } from "./output.ts";
import { paint, printable, type Terminal } from "./terminal.ts";

/** How many verbs ended how. */
export interface VerbCounts {
  readonly ok: number;
  readonly changed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly interrupted: number;
  readonly unreachable: number;
}

interface NodeCounts {
  readonly name: string;
  readonly state: string;
  readonly counts: VerbCounts;
}

const STATES = ["ok", "changed", "failed", "skipped", "interrupted", "unreachable"] as const;

const COLUMNS: readonly Column<NodeCounts>[] = [
  { heading: "NODE", value: (row) => printable(row.name) },
  ...STATES.map((state) => ({
    heading: state.toUpperCase(),
    value: ({ counts }: NodeCounts) => String(counts[state]),
  })),
];

/** Nodes named one by one; of more, only those that are worth a look. */
const MOST_NODES = 40;

/** A line a node, and how many there are of the rest. */
export function summaryText(terminal: Terminal, nodes: readonly NodeCounts[]): string {
  const shown = nodes.length <= MOST_NODES ? nodes : nodes.filter(({ state }) => state !== "done").slice(0, MOST_NODES);
  const rest = nodes.length - shown.length;
  const lines = shown.length === 0 ? "" : table(terminal, COLUMNS, shown);
  const done = nodes.filter(({ state }) => state === "done").length;
  const others =
    rest === 0
      ? ""
      : `${shown.length === 0 ? "" : "and "}${counted(rest, "node")} not listed; ${done} of ${nodes.length} are done\n`;
  return lines + others;
}

/** `3 ok, 1 changed, 2 failed`: what there is of each. */
export function countsText(counts: VerbCounts): string {
  const parts = STATES.flatMap((state) => (counts[state] === 0 ? [] : [`${counts[state]} ${state}`]));
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

/** `1 node`, `2 nodes`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** A bar on the last line of a terminal, below what is printed; nothing where output goes to a file. */
export interface ProgressBar {
  show(done: number, total: number): void;
  /** Before something else is printed: the bar comes back with the next `show`. */
  hide(): void;
}

const CELLS = 30;

export function progressBar(terminal: Terminal): ProgressBar {
  if (!terminal.interactive) return { show() {}, hide() {} };
  let drawn = false;
  return {
    show(done, total) {
      terminal.error(`\r\u001b[K${barText(terminal, done, total)}`);
      drawn = true;
    },
    hide() {
      if (drawn) terminal.error("\r\u001b[K");
      drawn = false;
    },
  };
}

function barText(terminal: Terminal, done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.floor(share * CELLS);
  const bar = `${paint(terminal, "green", "█".repeat(full))}${paint(terminal, "dim", "░".repeat(CELLS - full))}`;
  return `${bar} ${done} of ${total} verbs, ${Math.floor(share * 100)}%`;
}

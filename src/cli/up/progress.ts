import { paint, printable, widthOf, type Paint, type Terminal } from "../terminal.ts";
import type { StatusItem } from "./status.ts";

/** Shows how far each structure is. Give it every status; it prints what is new. */
export interface ProgressView {
  show(items: readonly StatusItem[]): void;
  /** Leaves the last picture standing, and the cursor below it. */
  end(): void;
}

/** One line a structure, redrawn in place, on a terminal; else a plain line whenever a structure's state or step changes. */
export function progressView(terminal: Terminal): ProgressView {
  return terminal.interactive ? livePicture(terminal) : plainLines(terminal);
}

function plainLines(terminal: Terminal): ProgressView {
  const last = new Map<string, string>();
  return {
    show(items) {
      for (const item of items) {
        const line = `${item.state}${item.step === "" ? "" : `: ${item.step}`}`;
        if (last.get(item.name) === line) continue;
        last.set(item.name, line);
        terminal.out(`${printable(item.name)}  ${printable(line)}  ${Math.round(item.percent)}%\n`);
      }
      const present = new Set(items.map((item) => item.name));
      for (const name of last.keys()) {
        if (present.has(name)) continue;
        last.delete(name);
        terminal.out(`${printable(name)}  gone\n`);
      }
    },
    end() {},
  };
}

function livePicture(terminal: Terminal): ProgressView {
  let drawn = 0;
  return {
    show(items) {
      const width = Math.max(0, ...items.map((item) => item.name.length));
      const lines = items.map((item) => clip(progressLine(terminal, item, width), terminal.columns - 1));
      // Up to the first line of the last picture, then everything below it is cleared.
      const back = drawn === 0 ? "" : `\u001b[${drawn}A`;
      terminal.out(`${back}\r\u001b[J${lines.map((line) => `${line}\n`).join("")}`);
      drawn = lines.length;
    },
    end() {
      drawn = 0;
    },
  };
}

const STATE_PAINT: Readonly<Record<string, Paint>> = {
  built: "green",
  failed: "red",
  paused: "yellow",
  planned: "dim",
  waiting: "dim",
};

export function progressLine(terminal: Terminal, item: StatusItem, width: number): string {
  const bar = "#".repeat(Math.round(item.percent / 10)).padEnd(10, ".");
  const state = paint(terminal, STATE_PAINT[item.state] ?? "cyan", item.state.padEnd(10));
  return `${printable(item.name).padEnd(width)}  ${state}  [${bar}] ${String(Math.round(item.percent)).padStart(3)}%  ${printable(item.step).replaceAll("\n", " ")}`;
}

/** Cuts a line that would wrap: a wrapped line breaks the redrawing. */
function clip(line: string, columns: number): string {
  const over = widthOf(line) - columns;
  return over <= 0 ? line : line.slice(0, line.length - over);
}

// Importing node:util evaluates all its exports, among them worker threads.
const { stripVTControlCharacters, styleText } = process.getBuiltinModule("node:util");

/** What the program writes to and reads from; tests put their own in. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  /** Whether output goes to a person: then lines may be redrawn and questions asked. */
  readonly interactive: boolean;
  readonly columns: number;
  readonly colour: boolean;
}

/** The process's own terminal. Colour only on a terminal, and never with `NO_COLOR` (https://no-color.org). */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    error: (text) => void process.stderr.write(text),
    interactive: process.stdout.isTTY === true && process.stdin.isTTY === true,
    get columns() {
      // A terminal that does not know its width says 0.
      return process.stdout.columns || 80;
    },
    colour: process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb",
  };
}

export type Paint = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";

export function paint(terminal: Terminal, style: Paint, text: string): string {
  return terminal.colour ? styleText(style, text, { validateStream: false }) : text;
}

/** Columns a text takes on a terminal, colours not counted. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

/**
 * Text that came from elsewhere, made safe to show: control characters (but tab and new line) are written out, and so are those that turn the
 * direction of what follows, which would show another name than there is.
 */
export function printable(text: string): string {
  // The Unicode class of control characters, less line feed and tab, which are layout.
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (one) => {
    if (one === "\n" || one === "\t") return one;
    const code = one.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });
}

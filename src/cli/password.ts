import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT, Exit } from "./failure.ts";

/**
 * A password: out of a file (`-`: standard input), else asked for on the terminal without showing it. Never an argument: arguments are seen by
 * everybody on the machine.
 *
 * Errors: `usage`.
 */
export async function passwordFrom(
  { terminal }: CommandContext,
  { file, option, question }: { readonly file: string | undefined; readonly option: string; readonly question: string },
): Promise<string> {
  if (file !== undefined) {
    try {
      const content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
      return content.replace(/\r?\n$/, "");
    } catch (cause) {
      throw new GantryError(USAGE, `the file with the password cannot be read: ${messageOf(cause)}`, { cause });
    }
  }
  if (!terminal.interactive)
    throw new GantryError(USAGE, `there is no terminal to ask for the password on: give ${option} FILE, or -`);
  terminal.error(question);
  return hiddenLine(() => terminal.error("\n"));
}

const [ETX, EOT, BACKSPACE, DELETE] = ["\u0003", "\u0004", "\b", "\u007f"];

/** A line of the terminal that is not shown. */
function hiddenLine(ended: () => void): Promise<string> {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  return new Promise((resolve, reject) => {
    const typed: string[] = [];
    function end(): void {
      stdin.off("data", take);
      stdin.setRawMode(false);
      stdin.pause();
      ended();
    }
    function take(chunk: string): void {
      for (const one of chunk) {
        if (one === "\r" || one === "\n" || one === EOT) {
          end();
          resolve(typed.join(""));
          return;
        }
        if (one === ETX) {
          end();
          reject(new Exit(EXIT.interrupted));
          return;
        }
        if (one === BACKSPACE || one === DELETE) typed.pop();
        else typed.push(one);
      }
    }
    stdin.on("data", take);
    stdin.resume();
  });
}

/** A line that is shown. Undefined: nobody can be asked. */
export async function lineFrom({ terminal }: CommandContext, question: string): Promise<string | undefined> {
  if (!terminal.interactive) return undefined;
  const { createInterface } = await import("node:readline/promises");
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await reader.question(question)).trim();
  } finally {
    reader.close();
  }
}

import { createInterface } from "node:readline/promises";
import { GantryError } from "../../kernel/errors.ts";
import type { CommandContext } from "../context.ts";
import { CONFIRMATION_NEEDED } from "../errors.ts";
import { EXIT, Exit } from "../failure.ts";

/**
 * Asks on a terminal. Elsewhere nobody can answer: what destroys needs `--yes`, the rest goes on.
 * @throws GantryError `confirmation_needed`; Exit when the answer is no
 */
export async function confirm(
  context: CommandContext,
  question: string,
  options: { yes: boolean; destroys: boolean; what?: string },
): Promise<void> {
  if (options.yes) return;
  if (!context.terminal.interactive) {
    if (options.destroys)
      throw new GantryError(
        CONFIRMATION_NEEDED,
        `${options.what ?? "this plan destroys something"}${options.what === undefined ? ", and" : " needs a yes, and"} there is no terminal to ask on`,
      );
    return;
  }
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = (await reader.question(`${question} [y/N] `)).trim().toLowerCase();
    if (answer !== "y" && answer !== "yes") {
      context.terminal.error("Nothing was changed.\n");
      throw new Exit(EXIT.refused);
    }
  } finally {
    reader.close();
  }
}

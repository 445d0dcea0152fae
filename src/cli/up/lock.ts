import { messageOf } from "../../kernel/errors.ts";
import { GantryError } from "../../kernel/errors.ts";
import { LOCK_HELD } from "../../platform/files/index.ts";
import type { CommandContext } from "../context.ts";

/** How often a lock that another process holds is looked at. */
const LOOK_MILLISECONDS = 200;

/** Takes the lock, or says who holds it and waits until that one is done. */
export async function waitForLock<Release>(context: CommandContext, take: () => Promise<Release>): Promise<Release> {
  let told = false;
  for (;;) {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof GantryError) || error.kind !== LOCK_HELD) throw error;
      if (!told) context.terminal.error(`Waiting: ${messageOf(error)}\n`);
      told = true;
      await new Promise((resolve) => {
        setTimeout(resolve, LOOK_MILLISECONDS);
      });
    }
  }
}

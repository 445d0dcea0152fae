import { tmpdir } from "node:os";
import { join } from "node:path";
import { GantryError } from "../../src/kernel/errors.ts";
import { acquireLock, LOCK_HELD } from "../../src/platform/files/index.ts";

/** Waits until no other test run on this machine uses what tests of this part use: addresses, bridges. Returns how to let go of it. */
export async function lockMachine(part: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      return await acquireLock(join(tmpdir(), `gantry-test-${part}.lock`));
    } catch (error) {
      if (!(error instanceof GantryError) || error.kind !== LOCK_HELD) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }
}

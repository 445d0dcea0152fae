import { GantryError } from "../kernel/errors.ts";
import type { Door, Knock } from "./door.ts";
import { FORBIDDEN } from "./errors.ts";
import type { Holders } from "./holders.ts";
import type { Principal } from "./model.ts";

/**
 * For what goes on for long after it was let in: asks at the door again whenever somebody's rights may be others than before, and calls
 * `ended` with the error once who was let in would be refused. Until what it returns is called.
 */
export function watchAdmission(
  { door, holders }: { readonly door: Pick<Door, "admit">; readonly holders: Pick<Holders, "watch"> },
  principal: Principal,
  knock: Knock,
  ended: (error: unknown) => void,
): () => void {
  let asking = false;
  let again = false;

  async function ask(): Promise<void> {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      do {
        again = false;
        const now = await door.admit(knock);
        // Who named no tenant and lost the rights in the one that was meant would be let into another.
        if (now.tenantId !== principal.tenantId)
          throw new GantryError(FORBIDDEN, `${principal.name} has no rights in this tenant any more`);
      } while (again);
    } catch (error) {
      ended(error);
    } finally {
      asking = false;
    }
  }

  const stop = holders.watch(principal, () => void ask());
  // What was taken away between the answer's first line and now.
  if (principal.accountId !== undefined) void ask();
  return stop;
}

import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Random } from "../../kernel/ids.ts";
import { hashToken } from "../token.ts";
import { LOGIN_BUSY, LOGIN_FLOW_UNKNOWN } from "./errors.ts";

/** Logins that were begun and not ended, each known by a secret that only who began it has. In memory: they end where they were begun. */
export interface Flows<Pending> {
  /** Before something is done for a login that could not be kept. Errors: `login_busy`. */
  requireRoom(address: string): void;
  /** @returns the secret. Errors: `login_busy`. */
  begin(address: string, pending: Pending, milliseconds?: number): string;
  /** Errors: `login_flow_unknown`. */
  look(secret: string): Pending;
  /** The same; from then on it is not known any more. */
  take(secret: string): Pending;
  drop(secret: string): void;
}

const LIFE_MILLISECONDS = 10 * 60 * 1000;
const MOST = 10_000;
const MOST_OF_ADDRESS = 100;

export function createFlows<Pending>(clock: Clock, random: Random): Flows<Pending> {
  const flows = new Map<string, { readonly address: string; readonly pending: Pending; readonly until: number }>();
  const keyOf = (secret: string): string => hashToken(secret).sha256.toString("hex");

  function look(secret: string): Pending {
    const found = flows.get(keyOf(secret));
    if (found === undefined || found.until <= clock.now())
      throw new GantryError(LOGIN_FLOW_UNKNOWN, "this login was not begun here, or has ended");
    return found.pending;
  }

  function requireRoom(address: string): void {
    const now = clock.now();
    let own = 0;
    for (const [key, flow] of flows) {
      if (flow.until <= now) flows.delete(key);
      else if (flow.address === address) own += 1;
    }
    if (own >= MOST_OF_ADDRESS || flows.size >= MOST)
      throw new GantryError(LOGIN_BUSY, "too many logins were begun and not ended", { details: { retryAfter: 60 } });
  }

  return {
    requireRoom,
    begin(address, pending, milliseconds = LIFE_MILLISECONDS) {
      requireRoom(address);
      const secret = random.token(32);
      flows.set(keyOf(secret), {
        address,
        pending,
        until: clock.now() + Math.min(milliseconds, 3 * LIFE_MILLISECONDS),
      });
      return secret;
    },
    look,
    take(secret) {
      const pending = look(secret);
      flows.delete(keyOf(secret));
      return pending;
    },
    drop: (secret) => void flows.delete(keyOf(secret)),
  };
}

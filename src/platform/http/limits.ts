import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { RATE_LIMITED } from "./errors.ts";
import { addressKey, createBuckets } from "./rates.ts";

/** How often may be asked, over HTTPS. Whoever comes through the Unix socket is not counted. */
export interface RateLimits {
  /** Requests a second from one address; ten times as many at once. 0: no limit. */
  readonly perAddress: number;
  /** Requests a second with one credential; ten times as many at once. 0: no limit. */
  readonly perCredential: number;
  /** Refusals a minute for one address, at the doors where somebody says who he is: logins, joins. 0: no limit. */
  readonly refusals: number;
}

/** What a request asks before it is answered. Each throws `rate_limited` with the seconds until it may come again. */
export interface Limiter {
  /** `cost`: what opens something that stays costs more than what is answered at once. */
  address(request: IncomingMessage, cost?: number): void;
  credential(authorization: string | undefined): void;
  /** At a door: counts as refused until the function that is returned says otherwise. */
  door(request: IncomingMessage): () => void;
}

const BURST_SECONDS = 10;

/** What opening a connection for a worker or an agent costs: it holds something of ours until it proves itself, or its time is over. */
export const LINK_COST = 5;

export function createLimiter(limits: RateLimits | undefined, clock: Pick<Clock, "now">): Limiter {
  const addresses = buckets(limits?.perAddress ?? 0, BURST_SECONDS);
  const credentials = buckets(limits?.perCredential ?? 0, BURST_SECONDS);
  const refusals = buckets((limits?.refusals ?? 0) / 60, 60);

  function buckets(perSecond: number, seconds: number) {
    return perSecond > 0 ? createBuckets({ perSecond, burst: perSecond * seconds, now: clock.now }) : undefined;
  }

  return {
    address(request, cost = 1) {
      const wait = addresses?.take(whoIs(request), cost) ?? 0;
      if (wait > 0) throw tooOften(wait, "too many requests from this address");
    },
    credential(authorization) {
      if (credentials === undefined || authorization === undefined) return;
      const wait = credentials.take(createHash("sha256").update(authorization).digest("base64"));
      if (wait > 0) throw tooOften(wait, "too many requests with this credential");
    },
    door(request) {
      const who = whoIs(request);
      const wait = refusals?.take(who) ?? 0;
      if (wait > 0) throw tooOften(wait, "too many refused attempts from this address");
      return () => refusals?.giveBack(who);
    },
  };
}

/** The address of the other end itself: what a header says of it, anybody can write. */
function whoIs(request: IncomingMessage): string {
  return addressKey(request.socket.remoteAddress ?? "");
}

function tooOften(milliseconds: number, message: string): GantryError {
  return new GantryError(RATE_LIMITED, message, { details: { retryAfter: Math.ceil(milliseconds / 1000) } });
}

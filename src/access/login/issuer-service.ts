import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Random } from "../../kernel/ids.ts";
import type { Account } from "../account-model.ts";
import type { DirectoryAccounts, DirectoryPerson } from "./directory.ts";
import { LOGIN_REFUSED, LOGIN_WAY_MISSING } from "./errors.ts";
import type { Failures, LoginWay } from "./failures.ts";
import { createFlows } from "./flows.ts";
import type { DeviceBegin, Issuer, PendingCode } from "./issuer.ts";
import type { Session, Sessions } from "./sessions.ts";

/** Errors of all: `login_way_missing`, `login_unavailable`, `login_busy`. */
export interface IssuerLogins {
  /** A login in a browser that comes back to `redirect`; undefined: to this server. */
  begin(address: string, redirect?: string): Promise<{ readonly flow: string; readonly url: string }>;
  /** Ends it, right or wrong. Errors: `login_flow_unknown`, `id_token_refused`, `login_refused`, `account_name_taken`. */
  finish(flow: string, query: string, wish: Wish): Promise<Session>;
  beginDevice(address: string): Promise<Omit<DeviceBegin, "deviceCode"> & { readonly flow: string }>;
  /** Seconds to wait before asking again, or the session. Errors: those of `finish`. */
  pollDevice(flow: string, wish: Wish): Promise<Session | number>;
}

export interface Wish {
  readonly address: string;
  readonly tenant?: string | undefined;
}

interface Device {
  readonly deviceCode: string;
  /** Seconds. */
  interval: number;
  /** Epoch milliseconds before which the issuer is not asked. */
  next: number;
}

export function createIssuerLogins(parts: {
  readonly issuer: Issuer | undefined;
  readonly redirect: string | undefined;
  readonly accounts: DirectoryAccounts;
  readonly sessions: Sessions;
  readonly failures: Failures;
  readonly clock: Clock;
  readonly random: Random;
}): IssuerLogins {
  const { accounts, sessions, failures, clock, random } = parts;
  const codes = createFlows<PendingCode>(clock, random);
  const devices = createFlows<Device>(clock, random);

  function issuer(): Issuer {
    if (parts.issuer === undefined) throw new GantryError(LOGIN_WAY_MISSING, "this server asks no issuer");
    return parts.issuer;
  }

  /** Tells the audit of what fails. */
  async function watched<Result>(way: LoginWay, { address }: Wish, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const reason = error instanceof GantryError ? error.code : "internal";
      failures.add({ way, name: "", accountId: null, address, reason });
      throw error;
    }
  }

  async function admitted(way: LoginWay, person: DirectoryPerson, wish: Wish): Promise<Session> {
    const account: Account = await accounts.admit(person);
    if (account.disabledAt !== null) throw new GantryError(LOGIN_REFUSED, "the account may not log in");
    return sessions.open(account, { way, ...wish });
  }

  return {
    async begin(address, redirect = parts.redirect) {
      const asked = issuer();
      if (redirect === undefined)
        throw new GantryError(LOGIN_WAY_MISSING, "this server was not told where browsers come back to");
      const { url, pending } = await asked.authorization(redirect);
      return { flow: codes.begin(address, pending), url };
    },
    finish: (flow, query, wish) =>
      watched("oidc", wish, async () => admitted("oidc", await issuer().redeem(codes.take(flow), query), wish)),
    async beginDevice(address) {
      const asked = issuer();
      // Nobody makes this server ask the issuer without end.
      devices.requireRoom(address);
      const { deviceCode, ...shown } = await asked.beginDevice();
      const { interval, expiresIn } = shown;
      const next = clock.now() + interval * 1000;
      return { ...shown, flow: devices.begin(address, { deviceCode, interval, next }, expiresIn * 1000) };
    },
    pollDevice: (flow, wish) =>
      watched("device", wish, async () => {
        const device = devices.look(flow);
        const now = clock.now();
        // Whoever asks too often is not passed on to the issuer (RFC 8628, 3.5).
        if (now < device.next) return Math.ceil((device.next - now) / 1000);
        device.next = now + device.interval * 1000;
        let found;
        try {
          found = await issuer().pollDevice(device.deviceCode);
        } catch (error) {
          // An issuer that cannot be reached for a moment does not end the login.
          if (!(error instanceof GantryError && error.kind.status === 503)) devices.drop(flow);
          throw error;
        }
        if (found === "slow_down") device.interval += 5;
        if (found === "pending" || found === "slow_down") {
          device.next = clock.now() + device.interval * 1000;
          return device.interval;
        }
        devices.drop(flow);
        return admitted("device", found, wish);
      }),
  };
}

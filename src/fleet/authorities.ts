import { X509Certificate } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";

/** Whom executors trust, as the server's certificates say it. Pins are hexadecimal there, and base64url on the link. */
export interface Authorities {
  /** PEM. */
  readonly authority: string;
  /** SHA-256, hex. */
  readonly pin: string;
  /** The one before, good until then (epoch milliseconds). */
  readonly former?: { readonly authority: string; readonly pin: string; readonly until: number } | undefined;
}

/** An authority as executors are told of it. */
export interface ToldAuthority {
  /** Base64url. */
  readonly pin: string;
  /** PEM. */
  readonly certificate: string;
}

export function createAuthorities(certificates: () => Authorities, clock: Pick<Clock, "now">) {
  function current(): ToldAuthority {
    const { pin, authority } = certificates();
    return { pin: short(pin), certificate: authority };
  }

  function all(): readonly ToldAuthority[] {
    const { former } = certificates();
    if (former === undefined || former.until <= clock.now()) return [current()];
    return [current(), { pin: short(former.pin), certificate: new X509Certificate(former.authority).toString() }];
  }

  return {
    current,
    pin: (): string => current().pin,
    /** Pins an executor may prove itself with. */
    accepted: (): readonly string[] => all().map(({ pin }) => pin),
    find: (pin: string): string | undefined => all().find((one) => one.pin === pin)?.certificate,
  };
}

function short(hexadecimal: string): string {
  return Buffer.from(hexadecimal, "hex").toString("base64url");
}

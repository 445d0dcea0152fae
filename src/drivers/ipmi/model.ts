import type { ErrorKind } from "../../kernel/errors.ts";
import type { Interface, Power } from "../driver.ts";
import type { IpmiAttributes } from "./attributes.ts";
import {
  IPMI_ANSWER_UNKNOWN,
  IPMI_CIPHER_REFUSED,
  IPMI_LOGIN_REFUSED,
  IPMI_REFUSED,
  IPMI_UNREACHABLE,
} from "./errors.ts";

/** What ipmitool is asked, and what it says: pure. */

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Tries {
  /** Seconds until it asks again. */
  readonly wait: number;
  /** How often it asks again. */
  readonly retries: number;
}

/** Arguments of ipmitool before the command. The password stands in the environment, where no list of processes shows it. */
export function sessionArguments(
  attributes: IpmiAttributes,
  user: string,
  { wait, retries }: Tries,
): readonly string[] {
  const { address, port, cipher, privilege } = attributes;
  return [
    // It says why it cannot log in only when it is asked to say more.
    ["-v", "-I", "lanplus", "-H", address, "-p", String(port), "-U", user, "-E", "-C", String(cipher)],
    ["-L", privilege.toUpperCase(), "-N", String(wait), "-R", String(retries)],
  ].flat();
}

export type BootDevice = "pxe" | "disk" | "default";

/** The command that says what the machine starts from. */
export function bootCommand(
  device: BootDevice,
  once: boolean,
  firmware: IpmiAttributes["firmware"],
): readonly string[] {
  const options = [...(once ? [] : ["persistent"]), ...(firmware === "uefi" ? ["efiboot"] : [])];
  const name = device === "default" ? "none" : device;
  return ["chassis", "bootdev", name, ...(options.length === 0 ? [] : [`options=${options.join(",")}`])];
}

/** Undefined when it does not say. */
export function readPower(text: string): Power | undefined {
  const state = /^Chassis Power is (on|off)\s*$/m.exec(text)?.[1];
  return state === "on" || state === "off" ? state : undefined;
}

/** The BMC's own network interface, out of `lan print`. Undefined when it tells nothing of it. */
export function readLan(text: string): Interface | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^([A-Z][A-Za-z0-9 .]*?)\s*: (.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, value.trim());
  }
  const address = known(values.get("IP Address"), "0.0.0.0");
  const mac = known(values.get("MAC Address")?.toLowerCase(), "00:00:00:00:00:00");
  if ((address ?? mac) === undefined) return undefined;
  const prefix = prefixOf(values.get("Subnet Mask") ?? "");
  return {
    name: "bmc",
    mac: mac ?? null,
    addresses: address === undefined ? [] : [{ address, prefix }],
    network: null,
    gateway: known(values.get("Default Gateway IP"), "0.0.0.0") ?? null,
  };
}

function known(value: string | undefined, nothing: string): string | undefined {
  return value === nothing || value === "" ? undefined : value;
}

/** Bits of a mask like 255.255.255.0; 32 for what is none. */
function prefixOf(mask: string): number {
  const bits = mask
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
  return /^1*0*$/.test(bits) && bits.length === 32 && bits.includes("1") ? bits.lastIndexOf("1") + 1 : 32;
}

/** The places of users in a BMC, out of `-c user list`. The first is nobody's: it stands for no name. */
export function readUsers(text: string): readonly { readonly place: number; readonly name: string }[] {
  return text.split("\n").flatMap((line) => {
    const [, place, name] = /^(\d+),([^,]*),/.exec(line) ?? [];
    return place === undefined || place === "1" ? [] : [{ place: Number(place), name: name?.trim() ?? "" }];
  });
}

/** The place a user has, or is to get: the first that is free. Undefined: all are taken. */
export function placeFor(
  users: ReturnType<typeof readUsers>,
  name: string,
): { readonly place: number; readonly taken: boolean } | undefined {
  const own = users.find((user) => user.name === name);
  const free = users.find((user) => user.name === "");
  const found = own ?? free;
  return found === undefined ? undefined : { place: found.place, taken: own !== undefined };
}

/** The command Set User Password (IPMI 2.0, 22.30) in bytes: as text, a password could be more than one word to ipmitool. */
export function passwordCommand(place: number, password: string): string {
  const text = Buffer.from(password, "utf8");
  const long = text.length > 16;
  const bytes = Buffer.alloc(long ? 20 : 16);
  text.copy(bytes);
  const SET = 0x02;
  const all = [0x06, 0x47, long ? place | 0x80 : place, SET, ...bytes];
  return `raw ${all.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(" ")}`;
}

/** What it says on the way, whatever happens. */
const NOISE =
  /^(Loading IANA|Running Get|Discovered IPMB|Invalid completion code received|Get HPM|Error: Unable to establish)/;

const REASONS: readonly (readonly [RegExp, ErrorKind, string])[] = [
  [/RAKP 2 HMAC is invalid|password is longer/i, IPMI_LOGIN_REFUSED, "it refuses the password"],
  [/unauthorized name|invalid role|RAKP.*(error|invalid)/i, IPMI_LOGIN_REFUSED, "it refuses the user or the privilege"],
  [
    /invalid (authentication|integrity|confidentiality) algorithm|no matching cipher|cipher suite/i,
    IPMI_CIPHER_REFUSED,
    "it does not know the cipher suite",
  ],
  [
    /unexpected open session response|match not found[^]*get auth capabilities error|malformed|short (rmcp|message)/i,
    IPMI_ANSWER_UNKNOWN,
    "what answers there is no BMC, or is out of its mind",
  ],
  [/address lookup .* failed/i, IPMI_UNREACHABLE, "nobody knows an address for this name"],
  [
    /get auth capabilities error|could not open socket|no response|unable to establish/i,
    IPMI_UNREACHABLE,
    "there is no answer",
  ],
  // Answers to what it had given up waiting for.
  [/match not found/i, IPMI_UNREACHABLE, "its answers come too late"],
];

/** Why a command failed: the kind of the error, and what to say. */
export function readFailure(text: string): { readonly kind: ErrorKind; readonly why: string } {
  for (const [pattern, kind, why] of REASONS) if (pattern.test(text)) return { kind, why };
  const said = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !NOISE.test(line));
  return { kind: IPMI_REFUSED, why: said.slice(-3).join("; ").slice(0, 500) || "it does not say why" };
}

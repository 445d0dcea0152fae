import { z } from "zod";
import { secretText } from "../driver.ts";

/** What a document may say of a machine that is switched by IPMI. */

/** A text that IPMI keeps in 20 bytes. */
export const passwordText = secretText.refine(
  (text) => Buffer.byteLength(text) <= 20 && !/[\0\n]/.test(text),
  "is longer than the 20 bytes that IPMI takes, or has a line's end in it",
);

export const userName = z.string().regex(/^[!-~]{1,16}$/, "is not a user's name of 1 to 16 characters without spaces");

export const ipmiAttributes = z.strictObject({
  /** Of the BMC: an address, or a name that leads to one. */
  address: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:%_-]{0,252}$/, "is neither an address nor a host's name"),
  port: z.int().min(1).max(65_535).default(623),
  user: userName,
  password: passwordText,
  /** Cipher suite. 3 is SHA-1 and AES-128, 17 is SHA-256 and AES-128. Those without encryption are not taken. */
  cipher: z.union([z.literal(3), z.literal(17)], "is 3 or 17").default(17),
  privilege: z.enum(["operator", "administrator"]).default("administrator"),
  /** The BMC's channel that is its network interface. */
  channel: z.int().min(1).max(11).default(1),
  /** How the machine starts systems: what it is to start from is told to its firmware. */
  firmware: z.enum(["bios", "uefi"]).default("bios"),
  /** Seconds the system has to shut down, before the power is cut. */
  stop_timeout: z.int().min(0).max(3600).default(60),
});

export type IpmiAttributes = z.output<typeof ipmiAttributes>;

import { z } from "zod";

/** What a machine is made of, as an agent or a boot image finds it. What it could not find out is null or missing, never guessed. */

/** A text out of firmware: one line, without what cannot be printed. */
function line(most: number) {
  return z
    .string()
    .max(most)
    .refine((text) => !/\p{Cc}/u.test(text) && text.isWellFormed(), "holds characters that cannot be printed");
}

const known = line(255).nullable().default(null);
const mac = z
  .string()
  .regex(/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/, "must be a MAC address: 52:54:00:12:34:56")
  .transform((text) => text.toLowerCase().replaceAll("-", ":"));
const amount = z.int().min(0);
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `must be ${digits} hex digits`);

/** What the switch says of itself and of the port, by LLDP. */
const lldp = z.strictObject({
  /** Of the chassis, lower case with colons. */
  mac: mac.nullable().default(null),
  /** Of the switch. */
  name: known,
  slot: amount.nullable().default(null),
  port: amount.nullable().default(null),
  /** Of a port that is split. */
  subport: amount.nullable().default(null),
});

export const MACHINE_FACTS_SCHEMA = z.strictObject({
  /** DMI: of the whole machine. `uuid` is lower case. */
  system: z
    .strictObject({
      uuid: z
        .string()
        .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, "must be a UUID")
        .transform((text) => text.toLowerCase())
        .nullable()
        .default(null),
      vendor: known,
      product: known,
      serial: known,
    })
    .prefault({}),
  /** `count`: sockets; `cores`: of all sockets together; `threads`: what the system schedules on. */
  cpus: z
    .strictObject({
      count: amount.default(0),
      cores: amount.default(0),
      threads: amount.default(0),
      model: known,
    })
    .prefault({}),
  /** Bytes. */
  memory: amount.default(0),
  disks: z
    .array(
      z.strictObject({
        name: line(63).min(1),
        bytes: amount,
        kind: z.enum(["ssd", "hdd", "nvme"]).nullable().default(null),
        model: known,
        serial: known,
      }),
    )
    .max(1000)
    .default([]),
  interfaces: z
    .array(
      z.strictObject({
        device: line(63).min(1),
        mac: mac.nullable().default(null),
        /** Megabits in a second; null while there is no link. */
        speed: amount.nullable().default(null),
        lldp: lldp.nullable().default(null),
        addresses: z.array(line(60)).max(100).default([]),
      }),
    )
    .max(200)
    .default([]),
  /** `class`: six digits, class, subclass and interface. */
  pci: z
    .array(z.strictObject({ address: line(63), vendor: hex(4), device: hex(4), class: hex(6) }))
    .max(2000)
    .default([]),
  /** Version by name: `bios`, `bmc`. */
  firmware: z
    .record(z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/, "must be a plain name"), line(255))
    .refine((versions) => Object.keys(versions).length <= 200, "holds more than 200 names")
    .default({}),
});

/** Complete: what was left out is there as null, 0 or an empty list. */
export type MachineFacts = z.output<typeof MACHINE_FACTS_SCHEMA>;

export type LinkFacts = z.output<typeof lldp>;

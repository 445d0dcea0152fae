import { z } from "zod";
import { secretText } from "../driver.ts";

/** What a document may say of a virtual machine. */

const path = z.string().regex(/^\/(?!.*(^|\/)\.\.(\/|$))[^\n\0]+$/, "is a path that begins with / and does not climb");

const MIB = 1024 * 1024;

/** `8080:80`, `127.0.0.1:8080:80/udp`: a port of the worker's machine, and the one of the virtual machine behind it. */
const PORT = /^(?:(?<address>[0-9.]+):)?(?<host>\d{1,5}):(?<inside>\d{1,5})(?:\/(?<protocol>tcp|udp))?$/;

export interface Port {
  /** On the worker's machine. */
  readonly address: string;
  readonly host: number;
  readonly inside: number;
  readonly protocol: "tcp" | "udp";
}

const port = z.string().transform((value, context): Port => {
  const groups = PORT.exec(value)?.groups;
  const host = Number(groups?.["host"]);
  const inside = Number(groups?.["inside"]);
  if (groups === undefined || !isPort(host) || !isPort(inside)) {
    context.addIssue({ code: "custom", message: `${value} is not a forwarded port: [ADDRESS:]PORT:PORT[/tcp|udp]` });
    return z.NEVER;
  }
  const protocol = groups["protocol"] === "udp" ? "udp" : "tcp";
  return { address: groups["address"] ?? "127.0.0.1", host, inside, protocol };
});

function isPort(number: number): boolean {
  return number >= 1 && number <= 65_535;
}

const disk = z
  .strictObject({
    /** Image that stays as it is: the disk is what is written beside it. */
    image: path.optional(),
    /** Of the image. */
    format: z.enum(["qcow2", "raw"]).optional(),
    /** Bytes. Default: the image's. */
    size: z.int().min(MIB, "is less than the least, 1048576 bytes").multipleOf(512).optional(),
  })
  .refine(({ image, size }) => image !== undefined || size !== undefined, "has an image, a size, or both");

const network = z
  .strictObject({
    /** Bridge of the worker's machine. */
    bridge: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/, "is not a name of a bridge")
      .optional(),
    /** Group and port that machines share that talk to each other and to nobody else. */
    multicast: z
      .string()
      .regex(/^2(2[4-9]|3\d)(\.\d{1,3}){3}:\d{1,5}$/, "is not ADDRESS:PORT with a multicast address of IPv4")
      .optional(),
    ports: z.array(port).default([]),
    mac: z
      .string()
      .regex(/^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$/, "is not the MAC address of one interface")
      .transform((text) => text.toLowerCase())
      .optional(),
  })
  .refine(({ bridge, multicast }) => bridge === undefined || multicast === undefined, {
    message: "leave out one of bridge and multicast",
    path: ["multicast"],
  })
  .refine(({ bridge, multicast, ports }) => ports.length === 0 || (bridge ?? multicast) === undefined, {
    message: "ports are forwarded from a network of the machine's own: leave out bridge and multicast",
    path: ["ports"],
  });

/** Where a machine looks for something to start, first first. */
const boot = z.enum(["disk", "network"]);

export const qemuAttributes = z
  .strictObject({
    cpus: z.int().min(1).max(255).default(1),
    /** Bytes. */
    memory: z
      .int()
      .min(16 * MIB, "is less than the least, 16777216 bytes")
      .multipleOf(MIB, "is not a number of whole MiB")
      .default(1024 * MIB),
    disks: z.array(disk).max(16).default([]),
    networks: z
      .array(network)
      .max(8)
      .default([{ ports: [] }]),
    boot: z.array(boot).min(1).max(2).default(["disk", "network"]),
    firmware: z.enum(["bios", "uefi"]).default("bios"),
    machine: z.enum(["q35", "pc"]).default("q35"),
    acceleration: z.enum(["auto", "kvm", "tcg"]).default("auto"),
    /** Texts of a NoCloud seed for cloud-init, which a machine with any of them gets as a CD. */
    user_data: secretText.optional(),
    meta_data: z.string().min(1).optional(),
    network_config: z.string().min(1).optional(),
    /** Seconds the system has to shut down, before the power is cut. */
    stop_timeout: z.int().min(0).max(3600).default(60),
  })
  .superRefine(({ boot, networks, ...value }, context) => {
    function wrong(message: string, ...at: (string | number)[]): void {
      context.addIssue({ code: "custom", message, path: at });
    }
    if (new Set(boot).size !== boot.length) wrong("names the same twice", "boot");
    const macs = networks.flatMap(({ mac }) => mac ?? []);
    if (new Set(macs).size !== macs.length) wrong("two have the same mac", "networks");
    for (const [index, { image, format }] of value.disks.entries())
      if (format !== undefined && image === undefined)
        wrong("is the image's, and there is none", "disks", index, "format");
  });

export type QemuAttributes = z.output<typeof qemuAttributes>;
export type BootDevice = z.output<typeof boot>;

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import type { Target } from "../driver.ts";
import type { BootDevice, QemuAttributes } from "./attributes.ts";

/** From attributes to names, addresses and the command line of QEMU. */

/** Where things of one machine are. */
export interface Places {
  readonly folder: string;
  /** Whose folder it is, and what its disks were made of. */
  readonly record: string;
  /** What it is to start from the next time, or until further notice. */
  readonly boot: string;
  /** The process, as last seen. */
  readonly process: string;
  readonly variables: string;
  readonly seed: string;
  readonly serial: string;
  readonly earlierSerial: string;
  readonly log: string;
  /** QEMU's control socket. */
  readonly socket: string;
  disk(index: number): string;
}

export function placesIn(folder: string): Places {
  return {
    folder,
    record: join(folder, "foundation.json"),
    boot: join(folder, "boot.json"),
    process: join(folder, "process.json"),
    variables: join(folder, "firmware-variables.fd"),
    seed: join(folder, "seed.iso"),
    serial: join(folder, "serial.log"),
    earlierSerial: join(folder, "serial.log.1"),
    log: join(folder, "qemu.log"),
    socket: join(folder, "qmp"),
    disk: (index) => join(folder, `disk${index}.qcow2`),
  };
}

/** The folder of a machine. The end of the id keeps two foundations of one name apart. */
export function folderName(name: string, id: string): string {
  return `${name}-${id.replaceAll("-", "").slice(-6)}`;
}

/** The machine's own number (SMBIOS system UUID): the foundation's id where that is a UUID, else one that always follows from it. */
export function machineUuid(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase();
  const hex = hash(`uuid ${id}`);
  // Version 8 of RFC 9562: made by a rule of one's own.
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join("-");
}

/** A network interface of the machine. */
export interface Card {
  /** What the inventory calls it. */
  readonly device: string;
  readonly mac: string;
  readonly network: QemuAttributes["networks"][number];
}

/**
 * Its network interfaces, one for each network: named and addressed as the inventory's real interfaces in their order; where there is none,
 * with an address that always follows from the foundation's id (locally administered, under QEMU's usual beginning).
 */
export function cardsOf(target: Target<QemuAttributes>): readonly Card[] {
  return target.attributes.networks.map((network, index) => {
    const known = target.interfaces[index];
    const digits = hash(`mac ${target.id} ${index}`);
    const own = ["52", "54", "00", digits.slice(0, 2), digits.slice(2, 4), digits.slice(4, 6)].join(":");
    return {
      device: known?.device ?? `eth${index}`,
      mac: network.mac ?? known?.mac?.toLowerCase() ?? own,
      network,
    };
  });
}

/** The tap of a machine's network interface: at most 15 characters, as the kernel wants it. */
export function tapName(id: string, index: number): string {
  return `gt${hash(`tap ${id}`).slice(0, 10)}.${index}`;
}

/** Says whether the disks of two descriptions would be the same. What else there is in attributes counts from the next start. */
export function diskHash({ disks, firmware }: QemuAttributes): string {
  return hash(JSON.stringify({ disks, firmware })).slice(0, 32);
}

export type Accelerator = "kvm" | "tcg";

/** What a command line is made of, beside the attributes. */
export interface Surroundings {
  readonly places: Places;
  readonly accelerator: Accelerator;
  /** Where it looks for something to start. */
  readonly boot: readonly BootDevice[];
  /** Of UEFI; undefined with BIOS. */
  readonly firmwareCode: string | undefined;
  readonly seed: boolean;
}

/** Arguments of `qemu-system-x86_64`, which is started in the machine's folder. It waits (`-S`) to be told to go on, once its networks are plugged in. */
export function commandLine(target: Target<QemuAttributes>, from: Surroundings): readonly string[] {
  const { attributes } = target;
  const { places, accelerator } = from;
  const words = [
    ["-name", `guest=${value(target.name)}`],
    ["-uuid", machineUuid(target.id)],
    ["-machine", `${attributes.machine},accel=${accelerator},graphics=off`],
    ["-cpu", accelerator === "kvm" ? "host" : "max"],
    ["-smp", String(attributes.cpus)],
    ["-m", `${attributes.memory / (1024 * 1024)}M`],
    // A system that breaks out of its machine starts no programs and gets no further rights.
    ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ["-nodefaults", "-no-user-config", "-display", "none", "-S", "-boot", "strict=on"],
    ["-chardev", `file,id=serial,path=${value(places.serial)},append=on`, "-serial", "chardev:serial"],
    // By its name alone, from the machine's folder: the path of a socket holds 107 bytes at most.
    ["-qmp", `unix:${basename(places.socket)},server=on,wait=off`],
    ["-device", "virtio-rng-pci"],
  ];
  if (from.firmwareCode !== undefined) {
    words.push(["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${value(from.firmwareCode)}`]);
    words.push(["-drive", `if=pflash,unit=1,format=raw,file=${value(places.variables)}`]);
  }
  for (const index of attributes.disks.keys()) {
    words.push(["-drive", `id=disk${index},if=none,format=qcow2,discard=unmap,file=${value(places.disk(index))}`]);
    words.push(["-device", `virtio-blk-pci,drive=disk${index}${bootIndex(from.boot, "disk", index)}`]);
  }
  if (from.seed) {
    words.push(["-drive", `id=seed,if=none,format=raw,readonly=on,file=${value(places.seed)}`]);
    words.push(["-device", "virtio-blk-pci,drive=seed"]);
  }
  for (const [index, { mac, network }] of cardsOf(target).entries()) {
    words.push(["-netdev", netdev(`net${index}`, network, tapName(target.id, index))]);
    words.push(["-device", `virtio-net-pci,netdev=net${index},mac=${mac}${bootIndex(from.boot, "network", index)}`]);
  }
  return words.flat();
}

/** Every disk before every network interface, or the other way round; what is not named is not started from. */
function bootIndex(order: readonly BootDevice[], device: BootDevice, index: number): string {
  const place = order.indexOf(device);
  return place < 0 ? "" : `,bootindex=${place * 32 + index}`;
}

function netdev(id: string, { bridge, multicast, ports }: Card["network"], tap: string): string {
  if (bridge !== undefined) return `tap,id=${id},ifname=${tap},script=no,downscript=no`;
  if (multicast !== undefined) return `socket,id=${id},mcast=${multicast},localaddr=127.0.0.1`;
  const forwards = ports.map(
    ({ protocol, address, host, inside }) => `,hostfwd=${protocol}:${address}:${host}-:${inside}`,
  );
  return `user,id=${id}${forwards.join("")}`;
}

/** A value among QEMU's options, where a comma would begin the next one. */
function value(text: string): string {
  return text.replaceAll(",", ",,");
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

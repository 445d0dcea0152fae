import { readdir, readFile, realpath } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { LinkFacts, MachineFacts } from "../blueprints/index.ts";
import { readNeighbors } from "./lldp.ts";

/** What this machine is made of, out of /proc and /sys: any user may ask; what only root may read is said to be missing. */

export interface ReadFacts {
  readonly facts: MachineFacts;
  /** What could not be read, each as a sentence. */
  readonly missing: readonly string[];
}

export interface FactsOptions {
  /** The folder that holds `proc` and `sys`. Default: `/`. */
  readonly root?: string;
  /** What is heard by LLDP. Default: lldpcli is asked. */
  readonly neighbors?: () => Promise<ReadonlyMap<string, LinkFacts> | undefined>;
  /** Addresses by device. Default: those the system has. */
  readonly addresses?: () => Readonly<Record<string, readonly string[]>>;
}

export async function readMachineFacts(options: FactsOptions = {}): Promise<ReadFacts> {
  const { root = "/", neighbors = readNeighbors, addresses = ownAddresses } = options;
  const tree = treeAt(root);
  const missing: string[] = [];
  const [system, cpus, memory, disks, pci, firmware, heard] = await Promise.all([
    readSystem(tree, missing),
    readCpus(tree),
    readMemory(tree),
    readDisks(tree),
    readPci(tree),
    readFirmware(tree),
    neighbors(),
  ]);
  if (heard === undefined) missing.push("LLDP: lldpcli does not answer; install lldpd to know the switch ports");
  const interfaces = await readInterfaces(tree, heard ?? new Map(), addresses());
  return { facts: { system, cpus, memory, disks, interfaces, pci, firmware }, missing: missing.sort() };
}

interface Tree {
  /** The text of a file, trimmed; undefined when it is not there, cannot be read or is empty. */
  text(path: string): Promise<string | undefined>;
  number(path: string): Promise<number | undefined>;
  /** The names in a folder, sorted as people count; none when it is not there. */
  names(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** Why a file cannot be read: `EACCES`, `ENOENT`; undefined when it can. */
  refusal(path: string): Promise<string | undefined>;
}

function treeAt(root: string): Tree {
  const at = (path: string): string => join(root, path);
  const counted = new Intl.Collator("en", { numeric: true });
  async function text(path: string): Promise<string | undefined> {
    // The kernel answers some files with an error: the speed of an interface without a link.
    const found = await readFile(at(path), "utf8").catch(() => "");
    return found.replaceAll("\0", "").trim() || undefined;
  }
  return {
    text,
    async number(path) {
      const found = Number((await text(path)) ?? Number.NaN);
      return Number.isFinite(found) ? found : undefined;
    },
    names: async (path) => (await readdir(at(path)).catch(() => [])).sort((a, b) => counted.compare(a, b)),
    exists: async (path) => (await realpath(at(path)).catch(() => undefined)) !== undefined,
    refusal: (path) =>
      readFile(at(path)).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code ?? "EIO",
      ),
  };
}

const DMI = "sys/class/dmi/id";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function readSystem(tree: Tree, missing: string[]): Promise<MachineFacts["system"]> {
  const uuid = (await tree.text(`${DMI}/product_uuid`))?.toLowerCase();
  const serial = (await tree.text(`${DMI}/product_serial`)) ?? (await tree.text(`${DMI}/board_serial`));
  if (!(await tree.exists(DMI))) missing.push("DMI: this machine has none, so no vendor, product, serial and uuid");
  else if ((await tree.refusal(`${DMI}/product_uuid`)) === "EACCES")
    missing.push("system uuid and serial: only root may read them");
  return {
    uuid: uuid !== undefined && UUID.test(uuid) ? uuid : null,
    vendor: line(await tree.text(`${DMI}/sys_vendor`)),
    product: line(await tree.text(`${DMI}/product_name`)),
    serial: line(serial),
  };
}

/** A text as facts hold it: one line that can be printed. */
function line(text: string | undefined): string | null {
  return (
    text
      ?.replaceAll(/\p{Cc}+/gu, " ")
      .trim()
      .slice(0, 255) || null
  );
}

async function readCpus(tree: Tree): Promise<MachineFacts["cpus"]> {
  const info = (await tree.text("proc/cpuinfo")) ?? "";
  const folder = "sys/devices/system/cpu";
  const cpus = (await tree.names(folder)).filter((name) => /^cpu\d+$/.test(name));
  const places = await Promise.all(
    cpus.map(async (name) => {
      const socket = await tree.number(`${folder}/${name}/topology/physical_package_id`);
      const core = await tree.number(`${folder}/${name}/topology/core_id`);
      // A processor that is switched off has no place.
      return socket === undefined || core === undefined ? undefined : { socket, core: `${socket} ${core}` };
    }),
  );
  const known = places.filter((place) => place !== undefined);
  const listed = [...info.matchAll(/^processor\s*:/gm)].length;
  return {
    count: known.length === 0 ? Math.min(1, listed) : new Set(known.map(({ socket }) => socket)).size,
    cores: known.length === 0 ? listed : new Set(known.map(({ core }) => core)).size,
    threads: known.length === 0 ? listed : known.length,
    model: line(/^(?:model name|Model|cpu model)\s*:\s*(.+)$/m.exec(info)?.[1]),
  };
}

/** What is installed, as blocks of memory that are in use; where the kernel does not count these, what it has left for programs. */
async function readMemory(tree: Tree): Promise<number> {
  const folder = "sys/devices/system/memory";
  const size = Number.parseInt((await tree.text(`${folder}/block_size_bytes`)) ?? "", 16);
  const blocks = (await tree.names(folder)).filter((name) => /^memory\d+$/.test(name));
  const online = await Promise.all(blocks.map((name) => tree.number(`${folder}/${name}/online`)));
  const count = online.filter((one) => one === 1).length;
  if (count > 0 && Number.isSafeInteger(size)) return count * size;
  const kilobytes = /^MemTotal:\s*(\d+) kB$/m.exec((await tree.text("proc/meminfo")) ?? "")?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** What only looks like a disk: files, memory, what lies over other disks, drives for media. */
const NO_DISK = /^(loop|ram|zram|dm-|md|sr|fd|nbd|mtdblock|zd|drbd)\d*/;
const SECTOR = 512;

async function readDisks(tree: Tree): Promise<MachineFacts["disks"]> {
  const names = (await tree.names("sys/block")).filter((name) => !NO_DISK.test(name));
  const read = await Promise.all(
    names.map(async (name) => {
      const folder = `sys/block/${name}`;
      const sectors = (await tree.number(`${folder}/size`)) ?? 0;
      const removable = (await tree.number(`${folder}/removable`)) === 1;
      const hidden = (await tree.number(`${folder}/hidden`)) === 1;
      if (sectors === 0 || removable || hidden) return undefined;
      const turns = await tree.number(`${folder}/queue/rotational`);
      const kind = name.startsWith("nvme")
        ? ("nvme" as const)
        : turns === 1
          ? ("hdd" as const)
          : turns === 0
            ? ("ssd" as const)
            : null;
      const serial = (await tree.text(`${folder}/device/serial`)) ?? (await tree.text(`${folder}/serial`));
      const model = line(await tree.text(`${folder}/device/model`));
      return { name, bytes: sectors * SECTOR, kind, model, serial: line(serial) };
    }),
  );
  return read.filter((disk) => disk !== undefined);
}

async function readInterfaces(
  tree: Tree,
  heard: ReadonlyMap<string, LinkFacts>,
  addresses: Readonly<Record<string, readonly string[]>>,
): Promise<MachineFacts["interfaces"]> {
  const found: MachineFacts["interfaces"] = [];
  for (const device of await tree.names("sys/class/net")) {
    const folder = `sys/class/net/${device}`;
    // Bridges, bonds and the like have no device below them; virtual functions are parts of one that has.
    if (!(await tree.exists(`${folder}/device`)) || (await tree.exists(`${folder}/device/physfn`))) continue;
    // Within a bond all have one address: their own is kept apart.
    const own = (await tree.text(`${folder}/bonding_slave/perm_hwaddr`)) ?? (await tree.text(`${folder}/address`));
    const speed = await tree.number(`${folder}/speed`);
    const mac = own?.toLowerCase() ?? "";
    found.push({
      device,
      mac: /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) ? mac : null,
      speed: speed === undefined || speed <= 0 || !Number.isSafeInteger(speed) ? null : speed,
      lldp: heard.get(device) ?? null,
      addresses: [...(addresses[device] ?? [])],
    });
  }
  return found;
}

function ownAddresses(): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(networkInterfaces()).map(([device, held]) => [device, (held ?? []).map(({ address }) => address)]),
  );
}

async function readPci(tree: Tree): Promise<MachineFacts["pci"]> {
  const folder = "sys/bus/pci/devices";
  const read = await Promise.all(
    (await tree.names(folder)).map(async (address) => {
      const [vendor, device, kind] = await Promise.all(
        ["vendor", "device", "class"].map(async (name) =>
          (await tree.text(`${folder}/${address}/${name}`))?.replace(/^0x/, "").toLowerCase(),
        ),
      );
      if (vendor === undefined || device === undefined || kind === undefined) return undefined;
      return { address, vendor, device, class: kind.padStart(6, "0") };
    }),
  );
  return read.filter((one) => one !== undefined);
}

/** Of the BIOS, the BMC, and disks that say theirs. */
async function readFirmware(tree: Tree): Promise<MachineFacts["firmware"]> {
  const found: Record<string, string> = {};
  async function note(name: string, path: string): Promise<void> {
    const version = line(await tree.text(path));
    if (version !== null) found[name] = version;
  }
  await note("bios", `${DMI}/bios_version`);
  const platform = "sys/bus/platform/devices";
  const bmc = (await tree.names(platform)).find((name) => name.startsWith("ipmi_bmc"));
  if (bmc !== undefined) await note("bmc", `${platform}/${bmc}/firmware_revision`);
  for (const name of await tree.names("sys/block"))
    if (/^nvme\d+n\d+$/.test(name)) await note(name, `sys/block/${name}/device/firmware_rev`);
  return found;
}

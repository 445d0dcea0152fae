import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bootDisk } from "./qemu.ts";

const SCRIPT = join(import.meta.dirname, "chassis.sh");
const run = promisify(execFile);

/** A machine that BMCs of tests switch: a virtual one, which is really on or off. Off at first. */
export interface Chassis {
  readonly folder: string;
  /** Program and first argument that a BMC calls it by. */
  readonly command: string;
  get(name: "power" | "boot"): Promise<string>;
  set(name: "power" | "shutdown" | "reset" | "boot", value: string): Promise<void>;
  /** What it was told to do since it is there, a line each: `power 1`. */
  told(): readonly string[];
  /** What its system said since it was switched on. */
  serial(): string;
  remove(): Promise<void>;
}

export function createChassis(system: "willing" | "deaf" = "willing"): Chassis {
  const folder = mkdtempSync(join(tmpdir(), "gantry-chassis-"));
  writeFileSync(join(folder, "disk.img"), bootDisk("Hello from the disk", system));
  const lan = {
    ip_addr: "10.18.0.5",
    ip_addr_src: "static",
    mac_addr: "52:54:00:18:00:05",
    subnet_mask: "255.255.255.0",
  };
  const all = { ...lan, default_gw_ip_addr: "10.18.0.1" };
  writeFileSync(
    join(folder, "lan"),
    Object.entries(all)
      .map(([name, value]) => `${name}:${value}\n`)
      .join(""),
  );
  const call = (...words: readonly string[]) => run("/bin/sh", [SCRIPT, folder, "0x20", ...words]);

  return {
    folder,
    command: `${SCRIPT} ${folder}`,
    async get(name) {
      const { stdout } = await call("get", name);
      return stdout.trim().slice(name.length + 1);
    },
    async set(name, value) {
      await call("set", name, value);
    },
    told: () => read(join(folder, "told")).trim().split("\n"),
    serial: () => read(join(folder, "serial.log")),
    async remove() {
      await call("set", "power", "0");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hardwareProblems, MACHINE_FACTS_SCHEMA } from "../blueprints/index.ts";
import { neighborsOf, portOf } from "./lldp.ts";
import { readMachineFacts } from "./machine-facts.ts";

describe("facts of this machine", () => {
  it("are what /proc, /sys and lsblk say", async () => {
    const { facts } = await readMachineFacts();
    expect(MACHINE_FACTS_SCHEMA.parse(facts)).toEqual(facts);
    expect(facts.cpus.threads).toBe(cpus().length);
    expect(facts.cpus.cores).toBeLessThanOrEqual(facts.cpus.threads);
    const total = Number(/^MemTotal:\s*(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]) * 1024;
    expect(facts.memory).toBeGreaterThanOrEqual(total);
    expect(facts.memory).toBeLessThan(total * 1.25);
    const listed = JSON.parse(
      execFileSync("lsblk", ["--json", "--bytes", "--nodeps", "--output", "NAME,TYPE,SIZE,RM,ROTA"], {
        encoding: "utf8",
      }),
    ) as { blockdevices: readonly { name: string; type: string; size: number; rm: boolean; rota: boolean }[] };
    const disks = listed.blockdevices.filter(
      ({ name, type, size, rm }) => type === "disk" && !rm && size > 0 && !/^(z?ram|nbd)/.test(name),
    );
    expect(facts.disks.map(({ name, bytes }) => `${name} ${bytes}`).sort()).toEqual(
      disks.map(({ name, size }) => `${name} ${size}`).sort(),
    );
    for (const { name, rota } of disks)
      expect(facts.disks.find((one) => one.name === name)?.kind).toBe(
        name.startsWith("nvme") ? "nvme" : rota ? "hdd" : "ssd",
      );
    const pci = readdirSync("/sys/bus/pci/devices");
    expect(facts.pci.map(({ address }) => address).sort()).toEqual(pci.sort());
    for (const { device, mac } of facts.interfaces)
      expect(readFileSync(`/sys/class/net/${device}/address`, "utf8").trim()).toBe(mac);
    expect(hardwareProblems({ cpus: { threads: 1 }, memory: "64 MiB" }, facts)).toEqual([]);
  });
});

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gantry-facts-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function read() {
  return readMachineFacts({
    root,
    neighbors: () => Promise.resolve(undefined),
    addresses: () => ({ eno1: ["10.0.0.7"] }),
  });
}

describe("facts of a server", () => {
  it("have sockets and cores, disks of every kind, interfaces with what they are, and versions", async () => {
    for (const [cpu, socket, core] of [
      [0, 0, 0],
      [1, 0, 1],
      [2, 1, 0],
      [3, 1, 0],
    ]) {
      write(`sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`, `${socket}\n`);
      write(`sys/devices/system/cpu/cpu${cpu}/topology/core_id`, `${core}\n`);
    }
    write("sys/devices/system/cpu/cpufreq/boost", "1\n");
    write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Xeon Gold\nprocessor\t: 1\n");
    write("sys/devices/system/memory/block_size_bytes", "8000000\n");
    for (const [block, online] of ["1", "1", "0"].entries())
      write(`sys/devices/system/memory/memory${block}/online`, online);
    const id = "sys/class/dmi/id";
    write(`${id}/product_uuid`, "4C4C4544-0042-3510-8056-B4C04F4D3732\n");
    write(`${id}/sys_vendor`, "Dell Inc.\n");
    write(`${id}/product_name`, "PowerEdge R640\n");
    write(`${id}/product_serial`, "7XK\n");
    write(`${id}/bios_version`, "2.10.2\n");
    write("sys/bus/platform/devices/ipmi_bmc.0/firmware_revision", "4.40\n");
    for (const [name, size, turns] of [
      ["sda", 937_703_088, 0],
      ["sdb", 7_814_037_168, 1],
      ["sdc", 0, 1],
      ["nvme0n1", 1000, 0],
      ["loop0", 1000, 0],
      ["dm-0", 1000, 0],
    ] as const) {
      write(`sys/block/${name}/size`, `${size}\n`);
      write(`sys/block/${name}/queue/rotational`, `${turns}\n`);
    }
    write("sys/block/sdd/size", "1000\n");
    write("sys/block/sdd/removable", "1\n");
    write("sys/block/sda/device/model", "MZ7KH480HAHQ    \n");
    write("sys/block/nvme0n1/device/firmware_rev", "GXA7\n");
    for (const device of ["eno2", "eno10", "eno1"]) {
      write(`sys/devices/${device}/vendor`, "0x8086\n");
      write(`sys/class/net/${device}/address`, `52:54:00:00:00:0${device.length}\n`);
      symlinkSync(join(root, `sys/devices/${device}`), join(root, `sys/class/net/${device}/device`));
    }
    write("sys/class/net/eno1/speed", "10000\n");
    write("sys/class/net/eno2/speed", "-1\n");
    write("sys/class/net/eno2/bonding_slave/perm_hwaddr", "52:54:00:00:00:AA\n");
    write("sys/class/net/br0/address", "52:54:00:00:00:01\n");
    write("sys/bus/pci/devices/0000:18:00.0/vendor", "0x8086\n");
    write("sys/bus/pci/devices/0000:18:00.0/device", "0x1572\n");
    write("sys/bus/pci/devices/0000:18:00.0/class", "0x020000\n");
    const { facts, missing } = await read();
    expect(MACHINE_FACTS_SCHEMA.parse(facts)).toEqual(facts);
    expect(facts).toEqual({
      system: {
        uuid: "4c4c4544-0042-3510-8056-b4c04f4d3732",
        vendor: "Dell Inc.",
        product: "PowerEdge R640",
        serial: "7XK",
      },
      cpus: { count: 2, cores: 3, threads: 4, model: "Xeon Gold" },
      memory: 2 * 0x8000000,
      disks: [
        { name: "nvme0n1", bytes: 512_000, kind: "nvme", model: null, serial: null },
        { name: "sda", bytes: 480_103_981_056, kind: "ssd", model: "MZ7KH480HAHQ", serial: null },
        { name: "sdb", bytes: 4_000_787_030_016, kind: "hdd", model: null, serial: null },
      ],
      interfaces: [
        { device: "eno1", mac: "52:54:00:00:00:04", speed: 10_000, lldp: null, addresses: ["10.0.0.7"] },
        { device: "eno2", mac: "52:54:00:00:00:aa", speed: null, lldp: null, addresses: [] },
        { device: "eno10", mac: "52:54:00:00:00:05", speed: null, lldp: null, addresses: [] },
      ],
      pci: [{ address: "0000:18:00.0", vendor: "8086", device: "1572", class: "020000" }],
      firmware: { bios: "2.10.2", bmc: "4.40", nvme0n1: "GXA7" },
    });
    expect(missing).toEqual(["LLDP: lldpcli does not answer; install lldpd to know the switch ports"]);
  });

  it("that tells nothing are empty, and say what is missing", async () => {
    const { facts, missing } = await read();
    expect(facts).toEqual(MACHINE_FACTS_SCHEMA.parse({}));
    expect(missing).toEqual([
      "DMI: this machine has none, so no vendor, product, serial and uuid",
      "LLDP: lldpcli does not answer; install lldpd to know the switch ports",
    ]);
  });
});

/** As lldpd 1.0.16 prints it; the switch is one too. */
const HEARD = {
  lldp: [
    {
      interface: [
        {
          name: "vma",
          via: "LLDP",
          rid: "1",
          age: "0 day, 00:00:03",
          chassis: [
            {
              id: [{ type: "mac", value: "82:d4:ff:fc:87:0a" }],
              name: [{ value: "tor1" }],
              descr: [{ value: "Debian GNU/Linux 12 (bookworm)" }],
              "mgmt-ip": [{ value: "fe80::80d4:ffff:fefc:870a" }],
              capability: [{ type: "Bridge", enabled: false }],
            },
          ],
          port: [{ id: [{ type: "local", value: "Ethernet1/7" }], descr: [{ value: "vsw" }], ttl: [{ value: "120" }] }],
        },
      ],
    },
  ],
};

describe("what switches say", () => {
  it("is read as lldpd prints it", () => {
    expect([...neighborsOf(JSON.stringify(HEARD))]).toEqual([
      ["vma", { mac: "82:d4:ff:fc:87:0a", name: "tor1", slot: 1, port: 7, subport: null }],
    ]);
    expect([...neighborsOf('{ "lldp": [ {} ] }')]).toEqual([]);
  });

  it("is read by device, with the port's numbers", () => {
    const heard = (device: string, chassis: object, port: object) => ({
      name: device,
      via: "LLDP",
      chassis: [chassis],
      port: [port],
    });
    const text = JSON.stringify({
      lldp: [
        {
          interface: [
            heard(
              "eno1",
              { id: [{ type: "mac", value: "00:1B:21:00:00:01" }], name: [{ value: "tor1" }] },
              { id: [{ type: "ifname", value: "Ethernet1/7/2" }] },
            ),
            heard(
              "eno2",
              { id: [{ type: "local", value: "x" }] },
              { id: [{ type: "mac", value: "00:1b:21:00:00:09" }], descr: [{ value: "swp8" }] },
            ),
            heard("eno1", {}, {}),
          ],
        },
      ],
    });
    expect([...neighborsOf(text)]).toEqual([
      ["eno1", { mac: "00:1b:21:00:00:01", name: "tor1", slot: 1, port: 7, subport: 2 }],
      ["eno2", { mac: null, name: null, slot: 0, port: 8, subport: null }],
    ]);
    for (const broken of ["", "[]", '{"lldp": {}}', '{"lldp": [{"interface": [null, 1]}]}'])
      expect(neighborsOf(broken).size).toBe(0);
    expect(["swp7", "Gi1/0/7", "et-0/0/7:1", "mgmt", undefined].map(portOf)).toEqual([
      { slot: 0, port: 7, subport: null },
      { slot: 1, port: 0, subport: 7 },
      { slot: 0, port: 7, subport: 1 },
      { slot: null, port: null, subport: null },
      { slot: null, port: null, subport: null },
    ]);
  });
});

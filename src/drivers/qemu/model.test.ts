import fc from "fast-check";
import { expect, test } from "vitest";
import type { Target } from "../driver.ts";
import { type QemuAttributes, qemuAttributes } from "./attributes.ts";
import {
  cardsOf,
  commandLine,
  diskHash,
  folderName,
  machineUuid,
  placesIn,
  type Surroundings,
  tapName,
} from "./model.ts";

function target(attributes: unknown, changes: Partial<Target<QemuAttributes>> = {}): Target<QemuAttributes> {
  const id = "01890000-0000-7000-8000-0000000abcde";
  const parsed = qemuAttributes.parse(attributes);
  return {
    id,
    name: "vm1",
    hostname: "vm1",
    addresses: [],
    interfaces: [],
    host: null,
    attributes: parsed,
    given: {},
    ...changes,
  };
}

const PLAIN: Surroundings = {
  places: placesIn("/data/vm1"),
  accelerator: "tcg",
  boot: ["disk", "network"],
  firmwareCode: undefined,
  seed: false,
};

test("the command line of a machine with everything", () => {
  const attributes = {
    memory: 64 * 1024 * 1024,
    disks: [{ image: "/images/a.qcow2" }, { size: 1048576 }],
    networks: [{ bridge: "br0" }, { multicast: "230.0.0.1:1000" }, { ports: ["2222:22"] }],
  };
  const from = { ...PLAIN, boot: ["network", "disk"] as const, firmwareCode: "/ovmf/code.fd", seed: true };
  const line = commandLine(target(attributes), from).join(" ").replaceAll(" -", "\n-");
  expect(line).toMatchInlineSnapshot(`
    "-name guest=vm1
    -uuid 01890000-0000-7000-8000-0000000abcde
    -machine q35,accel=tcg,graphics=off
    -cpu max
    -smp 1
    -m 64M
    -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
    -nodefaults
    -no-user-config
    -display none
    -S
    -boot strict=on
    -chardev file,id=serial,path=/data/vm1/serial.log,append=on
    -serial chardev:serial
    -qmp unix:qmp,server=on,wait=off
    -device virtio-rng-pci
    -drive if=pflash,unit=0,format=raw,readonly=on,file=/ovmf/code.fd
    -drive if=pflash,unit=1,format=raw,file=/data/vm1/firmware-variables.fd
    -drive id=disk0,if=none,format=qcow2,discard=unmap,file=/data/vm1/disk0.qcow2
    -device virtio-blk-pci,drive=disk0,bootindex=32
    -drive id=disk1,if=none,format=qcow2,discard=unmap,file=/data/vm1/disk1.qcow2
    -device virtio-blk-pci,drive=disk1,bootindex=33
    -drive id=seed,if=none,format=raw,readonly=on,file=/data/vm1/seed.iso
    -device virtio-blk-pci,drive=seed
    -netdev tap,id=net0,ifname=gt2d184430b7.0,script=no,downscript=no
    -device virtio-net-pci,netdev=net0,mac=52:54:00:33:7b:a2,bootindex=0
    -netdev socket,id=net1,mcast=230.0.0.1:1000,localaddr=127.0.0.1
    -device virtio-net-pci,netdev=net1,mac=52:54:00:ae:37:86,bootindex=1
    -netdev user,id=net2,hostfwd=tcp:127.0.0.1:2222-:22
    -device virtio-net-pci,netdev=net2,mac=52:54:00:2f:41:03,bootindex=2"
  `);
});

test("a file's name with a comma ends no option", () => {
  const line = commandLine(target({}), { ...PLAIN, places: placesIn("/data,readonly=on/vm1") });
  expect(line).toContain("file,id=serial,path=/data,,readonly=on/vm1/serial.log,append=on");
});

test("network interfaces are the inventory's in their order, and else follow from the id", () => {
  const interfaces = [{ device: "lan0", mac: "52:54:00:AA:00:01", provisioning: true }];
  const cards = cardsOf(target({ networks: [{}, {}, { mac: "52:54:00:AA:00:09" }] }, { interfaces }));
  expect(cards.map(({ device, mac }) => `${device} ${mac}`)).toEqual([
    "lan0 52:54:00:aa:00:01",
    expect.stringMatching(/^eth1 52:54:00:(..:){2}..$/),
    "eth2 52:54:00:aa:00:09",
  ]);
});

test("names that follow from an id are of the right shape, and the same every time", () => {
  const id = fc.stringMatching(/^[A-Za-z0-9-]{1,64}$/);
  fc.assert(
    fc.property(id, fc.nat(7), (one, index) => {
      expect(machineUuid(one)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(machineUuid(one)).toBe(machineUuid(one));
      expect(tapName(one, index)).toMatch(/^[a-z0-9.]{1,15}$/);
      expect(folderName("vm", one)).toMatch(/^vm-[A-Za-z0-9]{0,6}$/);
    }),
  );
  expect(machineUuid("01890000-0000-7000-8000-0000000ABCDE")).toBe("01890000-0000-7000-8000-0000000abcde");
});

test("what makes a machine anew: its disks and its firmware", () => {
  const disks = [{ size: 1048576 }];
  const plain = diskHash(qemuAttributes.parse({ disks }));
  expect(diskHash(qemuAttributes.parse({ disks, memory: 64 * 1024 * 1024, cpus: 4 }))).toBe(plain);
  expect(diskHash(qemuAttributes.parse({ disks: [{ size: 2097152 }] }))).not.toBe(plain);
  expect(diskHash(qemuAttributes.parse({ disks, firmware: "uefi" }))).not.toBe(plain);
});

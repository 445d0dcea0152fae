import fc from "fast-check";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Target } from "../driver.ts";
import { lxcAttributes } from "./attributes.ts";
import { lxcFoundations } from "./index.ts";
import { limitLines } from "./limits.ts";
import { bridgeOf, configText, placements, placesIn } from "./model.ts";

const TARGET: Target = {
  id: "01a1-77b8-a877-03c4f874c028",
  name: "web1",
  hostname: "web1.lab",
  attributes: {},
  given: {},
  interfaces: [],
  host: null,
  addresses: ["10.0.0.5", "fd00::5"],
};

function uses(networks: unknown) {
  return lxcAttributes.parse({ rootfs: "/a.tar", networks }).networks;
}

describe("where a container gets its addresses", () => {
  test("each in the first network that holds it, with the bridge as the way out: by IPv6 its link-local address", () => {
    const networks = uses([
      { name: "back0", subnet: "10.9.0.0/16" },
      { name: "lab0", subnet: ["10.0.0.0/24", "fd00::/64"], gateway: "10.0.0.254", address: "10.0.0.9" },
    ]);
    const found = placements(TARGET, networks, networks.map(bridgeOf));
    expect(found.map(({ device, addresses, gateways }) => ({ device, addresses, gateways }))).toEqual([
      { device: "eth0", addresses: [], gateways: [] },
      {
        device: "eth1",
        addresses: [
          { address: "10.0.0.9", prefix: 24 },
          { address: "10.0.0.5", prefix: 24 },
          { address: "fd00::5", prefix: 64 },
        ],
        gateways: ["10.0.0.254", "fe80::1"],
      },
    ]);
  });

  test("in a bridge of somebody else by that bridge's own addresses, with no way out that nobody named", () => {
    const bridge = { name: "br0", own: false, addresses: [{ address: "10.0.0.1", prefix: 24 }] };
    const [found] = placements({ ...TARGET, addresses: ["10.0.0.5"] }, uses(["br0"]), [bridge]);
    expect(found).toMatchObject({ addresses: [{ address: "10.0.0.5", prefix: 24 }], gateways: [] });
  });

  test("MACs are its own, always the same, and those of the inventory where it has some", () => {
    const networks = uses(["a0", "b0"]);
    const bare = { ...TARGET, addresses: [] };
    const [first, second] = placements(bare, networks, []);
    expect(first?.mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(second?.mac).not.toBe(first?.mac);
    expect(placements(bare, networks, [])[0]?.mac).toBe(first?.mac);
    const given = { ...bare, interfaces: [{ device: "front0", mac: "52:54:00:00:00:01", provisioning: true }] };
    expect(placements(given, networks, [])[0]).toMatchObject({ device: "front0", mac: "52:54:00:00:00:01" });
  });

  test("every address of a subnet is held once, and no other is", () => {
    const networks = uses([{ name: "lab0", subnet: "10.0.0.0/24" }]);
    const address = fc.tuple(fc.nat(1), fc.integer({ min: 2, max: 254 })).map(([net, host]) => `10.0.${net}.${host}`);
    fc.assert(
      fc.property(fc.uniqueArray(address, { maxLength: 8 }), (addresses) => {
        const place = () => placements({ ...TARGET, addresses }, networks, networks.map(bridgeOf));
        if (addresses.some((one) => one.startsWith("10.0.1."))) expect(place).toThrow("lies in none of its networks");
        else expect(place()[0]?.addresses.map((one) => one.address)).toEqual(addresses);
      }),
    );
  });
});

test("the configuration says all that the attributes do, and nothing that a value could add to it", () => {
  const attributes = lxcAttributes.parse({
    rootfs: "/a.tar",
    environment: { GREETING: "Hello, world" },
    mounts: [{ source: "/srv/my data", target: "/data", read_only: true }, { target: "/tmp" }],
    networks: [{ name: "lab0", subnet: "10.0.0.0/24" }],
  });
  const target = { ...TARGET, addresses: ["10.0.0.5"] };
  const interfaces = placements(target, attributes.networks, attributes.networks.map(bridgeOf));
  const text = configText(target, attributes, {
    places: placesIn("/data/c"),
    lower: "/data/t/rootfs",
    interfaces: interfaces.map((one) => ({ ...one, device: "eth0\nlxc.hook.pre-start = /bin/x" })),
    runtime: "/data/r",
    files: new Set(),
    limits: [],
  });
  expect(text.split("\n")).toEqual(
    expect.arrayContaining([
      "lxc.uts.name = web1.lab",
      "lxc.rootfs.path = overlay:/data/t/rootfs:/data/c/upper",
      "lxc.net.0.link = lab0",
      "lxc.net.0.name = eth0 lxc.hook.pre-start = /bin/x",
      "lxc.net.0.ipv4.address = 10.0.0.5/24",
      "lxc.net.0.ipv4.gateway = 10.0.0.1",
      "lxc.mount.entry = /srv/my\\040data data none bind,ro,create=dir 0 0",
      "lxc.mount.entry = tmpfs tmp tmpfs rw,create=dir 0 0",
      "lxc.mount.entry = /data/r opt/gantry none bind,ro,create=dir 0 0",
      "lxc.environment = GREETING=Hello, world",
    ]),
  );
});

describe("what is refused", () => {
  test.each([
    [{}, ["rootfs: is made from one of rootfs, content and template"]],
    [{ rootfs: "/a", template: "b" }, ["rootfs: is made from one of rootfs, content and template"]],
    [{ rootfs: "/a", environment: { A: "b\nlxc.hook.pre-start = x" } }, ["environment.A: is one line"]],
    [
      { rootfs: "/a", mounts: [{ source: "/a\nlxc.x = y", target: "/opt" }] },
      ["mounts.0.source: is a path that begins with / and does not climb"],
    ],
    [{ rootfs: "/a", mounts: [{ target: "/opt/gantry" }] }, ["mounts.0.target: /opt/gantry is Gantry's own"]],
    [{ rootfs: "/a", networks: [{ name: "lab0", nat: true }] }, ["networks.0.nat: needs a subnet"]],
    [
      { rootfs: "/a", networks: [{ name: "lab0", subnet: "10.0.0.0/24", gateway: "10.0.1.1" }] },
      ["networks.0.gateway: 10.0.1.1 lies in none of its subnets"],
    ],
    [{ rootfs: "/a", networks: ["lab0", "lab0"] }, ["networks.1: lab0 is named twice"]],
    [
      { rootfs: "/a", command: ["x"], agent: true },
      ["command: a container with an agent starts its programs by agent.service; leave out one of agent and command"],
    ],
    [{ rootfs: "/a", rotfs: 1 }, ["there is no attribute rotfs; did you mean rootfs?"]],
  ])("%j", (attributes, expected) => {
    const said = lxcFoundations.problems(attributes).map(({ message }) => message);
    expect(said).toEqual(expected);
  });
});

describe("limits", () => {
  function machine(files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(join(tmpdir(), "gantry-cgroup-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return folder;
  }

  test("are those of the machine's control groups, version 2 or 1", () => {
    const wanted = { memory: 1_048_576, cpus: 0.5, pids: 9 };
    expect(limitLines(wanted, machine({ "cgroup.controllers": "cpu memory pids\n" }))).toEqual([
      "lxc.cgroup2.memory.max = 1048576",
      "lxc.cgroup2.cpu.max = 50000 100000",
      "lxc.cgroup2.pids.max = 9",
    ]);
    const old = machine({ "memory/cgroup.procs": "", "cpu/cgroup.procs": "", "pids/cgroup.procs": "" });
    expect(limitLines(wanted, old)).toEqual([
      "lxc.cgroup.memory.limit_in_bytes = 1048576",
      "lxc.cgroup.cpu.cfs_period_us = 100000",
      "lxc.cgroup.cpu.cfs_quota_us = 50000",
      "lxc.cgroup.pids.max = 9",
    ]);
  });

  test("that the machine cannot hold are an error before anything is made", () => {
    expect(() => limitLines({ pids: 9 }, machine({ "cgroup.controllers": "cpu memory" }))).toThrow(
      expect.objectContaining({
        code: "lxc_limit_unavailable",
        message: "pids: this machine has no cgroup controller pids, so it cannot limit a container's pids",
      }),
    );
  });
});

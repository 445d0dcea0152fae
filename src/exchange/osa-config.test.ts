import { describe, expect, it } from "vitest";
import { GantryError, problemText } from "../kernel/errors.ts";
import { parseAddress } from "../network/index.ts";
import fc from "fast-check";
import { readSource } from "./import-format.ts";
import { without } from "./osa-config.ts";
import { openImportBench } from "./testing/imports.ts";

const CONFIG = `---
cidr_networks: &networks
  management: 172.29.236.0/22
  storage: 172.29.244.0/22
used_ips:
  - "172.29.236.1,172.29.236.50"
  - 172.29.244.1
  - "10.0.0.1,10.0.0.9"
global_overrides:
  cidr_networks: *networks
  internal_lb_vip_address: 172.29.236.9
  provider_networks:
    - network: { container_bridge: br-mgmt, ip_from_q: management, type: raw }
    - network: { container_bridge: br-vlan, net_name: vlan, type: vlan, range: "10:20" }
shared-infra_hosts:
  infra1:
    affinity: { rabbit_mq_container: 0 }
    ip: 172.29.236.11
  infra2: { ip: 172.29.236.12 }
storage_hosts:
  infra2: { ip: 172.29.236.12 }
  storage1:
    ip: 172.29.236.13
    container_vars: { cinder_backends: { lvm: { volume_group: cinder } } }
    host_vars: { disks: 4 }
`;

function problemsOf(text: string): readonly string[] {
  try {
    readSource({ name: "x", site: "x", format: "osa-config", files: [{ path: "f.yml", text }] });
    return [];
  } catch (error) {
    return error instanceof GantryError ? error.problems.map(problemText) : [String(error)];
  }
}

describe("a user configuration", () => {
  it("becomes networks, address blocks, links, groups and structures with their addresses", async () => {
    const bench = await openImportBench();
    try {
      const source = { name: "dc1", files: [{ path: "openstack_user_config.yml", text: CONFIG }] };
      const made = await bench.apply(source);
      expect(made.warnings.map(problemText)).toEqual([
        "openstack_user_config.yml:8:5: the used addresses 10.0.0.1-10.0.0.9 lie in none of the networks (import_left_out)",
      ]);
      const { networks, addressBlocks, links, groups, structures } = await bench.snapshot();
      expect([...networks.keys()]).toEqual(["management", "storage", "vlan"]);
      expect(addressBlocks.get("management")).toMatchObject({
        subnet: "172.29.236.0/22",
        network: "management",
        reserved: ["172.29.236.1-172.29.236.10 used_ips", "172.29.236.14-172.29.236.50 used_ips"],
      });
      expect(addressBlocks.get("storage")?.reserved).toEqual(["172.29.244.1 used_ips"]);
      expect(links.get("br-mgmt")).toMatchObject({ networks: ["management"], trunking: { mode: "disabled" } });
      expect(links.get("br-vlan")).toMatchObject({ networks: ["vlan"], trunking: { mode: "802.1q" } });
      expect(groups.get("all")?.variables).toMatchObject({ internal_lb_vip_address: "172.29.236.9" });
      expect(groups.get("storage_hosts")?.parent).toBe("all");
      expect(structures.get("infra1")?.fields).toEqual({ affinity: { rabbit_mq_container: 0 } });
      expect(structures.get("infra2")).toMatchObject({
        groups: ["shared-infra_hosts", "storage_hosts"],
        managementAddress: "172.29.236.12",
        addresses: [{ block: "management", address: "172.29.236.12" }],
      });
      expect(structures.get("storage1")?.variables).toEqual({
        cinder_backends: { lvm: { volume_group: "cinder" } },
        disks: 4,
      });
      expect((await bench.plan(source)).empty).toBe(true);
    } finally {
      await bench.close();
    }
  });

  it("names what is wrong in it, with line and column", () => {
    const text = `cidr_networks: { a: 10.0.0.0/40 }
used_ips: [10.0.0.9-10.0.0.1]
infra_hosts:
  one: {}
  two: { ip: 10.0.0.1 }
log_hosts:
  two: { ip: 10.0.0.2 }
global_overrides: { provider_networks: [{}] }
`;
    expect(problemsOf(text)).toEqual([
      "f.yml:4:3: host 'one' has no ip (import_shape)",
      "f.yml:7:10: host 'two' has the address 10.0.0.2 here and 10.0.0.1 in another group (import_duplicate)",
      'f.yml:2:12: "10.0.0.9-10.0.0.1" is neither an address nor FIRST,LAST (import_shape)',
      "f.yml:1:18: network 'a': 40 is not a prefix of IPv4: 1 to 32 (import_shape)",
      "f.yml:8:41: a provider network is a map `network` with ip_from_q, net_name or container_bridge (import_shape)",
    ]);
  });
});

describe("ranges without addresses", () => {
  it("hold every other address, and none of those", () => {
    const base = parseAddress("10.0.0.0");
    const offset = fc.integer({ min: 0, max: 40 }).map((at) => base + BigInt(at));
    fc.assert(
      fc.property(offset, offset, fc.array(offset), (a, b, addresses) => {
        const range = { first: a < b ? a : b, last: a < b ? b : a };
        const left = without(range, addresses);
        for (let address = base; address <= base + 40n; address += 1n) {
          const inside = address >= range.first && address <= range.last && !addresses.includes(address);
          expect(left.some(({ first, last }) => address >= first && address <= last)).toBe(inside);
        }
      }),
    );
  });
});

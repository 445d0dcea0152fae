import { describe, expect, test } from "vitest";
import { qemuFoundations } from "./index.ts";
import { qemuAttributes } from "./attributes.ts";

function messages(attributes: unknown): readonly string[] {
  return qemuFoundations.problems(attributes).map(({ message }) => message);
}

test("nothing is needed: a machine of one processor and 1 GiB that starts from its own network", () => {
  expect(qemuAttributes.parse({})).toEqual({
    cpus: 1,
    memory: 1024 ** 3,
    disks: [],
    networks: [{ ports: [] }],
    boot: ["disk", "network"],
    firmware: "bios",
    machine: "q35",
    acceleration: "auto",
    stop_timeout: 60,
  });
});

test("forwarded ports lead from the worker's own loopback unless they say otherwise", () => {
  const { networks } = qemuAttributes.parse({ networks: [{ ports: ["2222:22", "10.0.0.1:5353:53/udp"] }] });
  expect(networks[0]?.ports).toEqual([
    { address: "127.0.0.1", host: 2222, inside: 22, protocol: "tcp" },
    { address: "10.0.0.1", host: 5353, inside: 53, protocol: "udp" },
  ]);
});

describe("what is wrong is said with its place", () => {
  test.each([
    [{ memory: 1000 }, ["memory: is less than the least, 16777216 bytes", "memory: is not a number of whole MiB"]],
    [{ disks: [{}] }, ["disks.0: has an image, a size, or both"]],
    [{ disks: [{ image: "../x" }] }, ["disks.0.image: is a path that begins with / and does not climb"]],
    [{ disks: [{ size: 1048576, format: "raw" }] }, ["disks.0.format: is the image's, and there is none"]],
    [
      { networks: [{ bridge: "br0", multicast: "230.0.0.1:1000" }] },
      ["networks.0.multicast: leave out one of bridge and multicast"],
    ],
    [
      { networks: [{ bridge: "br0", ports: ["1:1"] }] },
      ["networks.0.ports: ports are forwarded from a network of the machine's own: leave out bridge and multicast"],
    ],
    [{ networks: [{ bridge: "br0,x" }] }, ["networks.0.bridge: is not a name of a bridge"]],
    [
      { networks: [{ multicast: "10.0.0.1:1" }] },
      ["networks.0.multicast: is not ADDRESS:PORT with a multicast address of IPv4"],
    ],
    [{ networks: [{ mac: "53:54:00:00:00:01" }] }, ["networks.0.mac: is not the MAC address of one interface"]],
    [
      { networks: [{ ports: ["22"] }] },
      ["networks.0.ports.0: 22 is not a forwarded port: [ADDRESS:]PORT:PORT[/tcp|udp]"],
    ],
    [{ boot: ["disk", "disk"] }, ["boot: names the same twice"]],
    [{ user_data: 1 }, ['user_data: is a text, or {"$secret": NAME}']],
    [{ memroy: 1 }, ["there is no attribute memroy; did you mean memory?"]],
  ])("%j", (attributes, expected) => {
    expect(messages(attributes)).toEqual(expected);
  });

  test("the user data may be a secret", () => {
    expect(messages({ user_data: { $secret: "cloud" } })).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { dockerFoundations } from "./index.ts";
import { dockerAttributes, hasAgent } from "./attributes.ts";

function messages(attributes: unknown): readonly string[] {
  return dockerFoundations.problems(attributes).map(({ message }) => message);
}

test("an image is enough: it gets an agent, the engine's network, and is started again when it ends", () => {
  const attributes = dockerAttributes.parse({ image: "debian" });
  expect(attributes).toEqual({
    image: "debian",
    environment: {},
    mounts: [],
    networks: [],
    ports: [],
    labels: {},
    restart: "unless-stopped",
    pull: "missing",
  });
  expect(hasAgent(attributes)).toBe(true);
});

test("a command makes a plain container", () => {
  expect(hasAgent(dockerAttributes.parse({ image: "debian", command: ["true"] }))).toBe(false);
  expect(hasAgent(dockerAttributes.parse({ image: "debian", agent: false }))).toBe(false);
});

test.each([
  [80, { inside: 80, protocol: "tcp" }],
  ["80", { inside: 80, protocol: "tcp" }],
  ["53/udp", { inside: 53, protocol: "udp" }],
  ["8080:80", { host: 8080, inside: 80, protocol: "tcp" }],
  ["127.0.0.1:8080:80/sctp", { address: "127.0.0.1", host: 8080, inside: 80, protocol: "sctp" }],
  ["127.0.0.1::80", { address: "127.0.0.1", inside: 80, protocol: "tcp" }],
  ["[::1]:8080:80", { address: "::1", host: 8080, inside: 80, protocol: "tcp" }],
])("the published port %s", (text, port) => {
  expect(dockerAttributes.parse({ image: "debian", ports: [text] }).ports).toEqual([port]);
});

describe("what is refused", () => {
  test.each([
    [{}, ["image: is missing"]],
    [
      { image: "debian", ports: ["80-90"] },
      ["ports.0: 80-90 is not a published port: [[ADDRESS:]PORT:]PORT[/tcp|udp|sctp]"],
    ],
    [
      { image: "debian", ports: [70_000] },
      ["ports.0: 70000 is not a published port: [[ADDRESS:]PORT:]PORT[/tcp|udp|sctp]"],
    ],
    [
      { image: "debian", agent: true, command: ["true"] },
      ["command: a container with an agent starts its programs by agent.service; leave out one of agent and command"],
    ],
    [{ image: "debian", user: "www" }, ["user: the agent runs as root; set agent: false"]],
    [{ image: "debian", mounts: [{ target: "/opt/gantry/bin" }] }, ["mounts.0.target: /opt/gantry is Gantry's own"]],
    [
      { image: "debian", mounts: [{ target: "/a/../opt" }] },
      ["mounts.0.target: is a path that begins with / and does not climb"],
    ],
    [
      { image: "debian", mounts: [{ target: "opt" }] },
      ["mounts.0.target: is a path that begins with / and does not climb"],
    ],
    [{ image: "debian", networks: ["host", "lab"] }, ["networks.0: host and none exclude other networks"]],
    [
      { image: "debian", networks: ["none"], ports: [80] },
      ["ports: ports are published from a network of Docker's own"],
    ],
    [
      { image: "debian", networks: [{ name: "bridge", address: "10.0.0.1" }] },
      ["networks.0: is Docker's own, and takes no settings"],
    ],
    [
      { image: "debian", networks: [{ name: "lab", subnet: "fd00::/64" }] },
      ["networks.0.subnet: is not a subnet of IPv4: ADDRESS/PREFIX"],
    ],
    [
      { image: "debian", labels: { "gantry.foundation": "x" } },
      ["labels.gantry.foundation: labels that begin with gantry. are taken"],
    ],
    [{ image: "debian", memory: 1000 }, ["memory: is less than Docker's least, 6291456 bytes"]],
    [
      { image: "debian", engine: "http://engine.lab" },
      ["engine: is not unix:///PATH, tcp://HOST:PORT or tcp://{host}:PORT"],
    ],
    [
      { image: "debian", engine: "unix:///run/x.sock", engine_certificates: "/certs" },
      ["engine_certificates: are for an engine of `tcp://`"],
    ],
    [{ image: "debian", imgae: 1 }, ["there is no attribute imgae; did you mean image?"]],
  ])("%j", (attributes, expected) => {
    expect(messages(attributes)).toEqual(expected);
  });
});

import { describe, expect, test } from "vitest";
import type { Target } from "../driver.ts";
import { dockerAttributes } from "./attributes.ts";
import { configurationHash, containerBody, networkBody, placements } from "./model.ts";
import { containerName } from "../agent-place.ts";

const TARGET: Target = {
  id: "01a1-77b8-a877-03c4f874c028",
  name: "web1",
  hostname: "web1",
  attributes: {},
  given: {},
  interfaces: [],
  host: null,
  addresses: ["10.0.0.5"],
};
const LAB = { name: "lab", subnets: ["10.0.0.0/24"] };

describe("where a container gets its addresses", () => {
  test("in the first network that holds them; the others give it one of their own", () => {
    const uses = [{ name: "back" }, { name: "lab" }];
    expect(placements(TARGET, uses, [{ name: "back", subnets: ["10.1.0.0/24"] }, LAB])).toEqual([
      { network: "back" },
      { network: "lab", address: "10.0.0.5" },
    ]);
  });

  test("also where the attributes say one", () => {
    const uses = [{ name: "lab" }, { name: "back", address: "10.1.0.9" }];
    expect(placements(TARGET, uses, [LAB, { name: "back", subnets: ["10.1.0.0/24"] }])).toEqual([
      { network: "lab", address: "10.0.0.5" },
      { network: "back", address: "10.1.0.9" },
    ]);
  });

  test("not on the host's own network, where they are the host's business", () => {
    expect(placements(TARGET, [{ name: "host" }], [{ name: "host", subnets: [] }])).toEqual([{ network: "host" }]);
  });

  test.each([
    [["10.2.0.1"], [{ name: "lab" }], /10\.2\.0\.1 lies in none of its networks \(lab 10\.0\.0\.0\/24\)$/],
    [["10.0.0.5", "10.0.0.6"], [{ name: "lab" }], /both 10\.0\.0\.5 and 10\.0\.0\.6 lie in network lab/],
    [["10.0.0.5"], [{ name: "lab", address: "10.0.0.9" }], /both 10\.0\.0\.9 and 10\.0\.0\.5 lie in network lab/],
  ])("or nowhere: %j in %j", (addresses, uses, message) => {
    expect(() => placements({ ...TARGET, addresses }, uses, [LAB])).toThrow(
      expect.objectContaining({ code: "docker_address_invalid", message: expect.stringMatching(message) }),
    );
  });
});

test("a network gets the gateway Docker would take, unless it is told", () => {
  expect(networkBody({ name: "lab", subnet: "10.0.0.0/24" })).toMatchObject({
    IPAM: { Config: [{ Subnet: "10.0.0.0/24", Gateway: "10.0.0.1" }] },
  });
  expect(networkBody({ name: "lab", subnet: "10.0.0.0/24", gateway: "10.0.0.254" })).toMatchObject({
    IPAM: { Config: [{ Gateway: "10.0.0.254" }] },
  });
});

test("a container with an agent runs the agent, whatever the image is for", () => {
  const attributes = dockerAttributes.parse({
    image: "nginx",
    environment: { DEBUG: true },
    networks: ["lab"],
    memory: 1e9,
    cpus: 0.5,
  });
  const from = {
    environment: ["PATH=/usr/bin", "OTHER=x"],
    placements: [{ network: "lab", address: "10.0.0.5" }],
    runtime: "gantry-runtime-1",
  };
  expect(containerBody(TARGET, attributes, from)).toEqual({
    Image: "nginx",
    Hostname: "web1",
    Labels: {
      "gantry.foundation": TARGET.id,
      "gantry.name": "web1",
      "gantry.agent": "true",
      "gantry.configuration": configurationHash(TARGET, attributes),
    },
    Env: ["DEBUG=true", `GANTRY_FOUNDATION=${TARGET.id}`, "PATH=/usr/bin:/opt/gantry/bin"],
    Entrypoint: ["/opt/gantry/bin/node"],
    Cmd: ["/opt/gantry/agent.mjs", "agent", "--state", "/var/lib/gantry-agent", "--home", "/srv"],
    WorkingDir: "/",
    User: "0:0",
    StopSignal: "SIGTERM",
    Healthcheck: { Test: ["NONE"] },
    ExposedPorts: {},
    HostConfig: {
      Init: true,
      RestartPolicy: { Name: "unless-stopped" },
      Mounts: [
        {
          Type: "volume",
          Source: "gantry-runtime-1",
          Target: "/opt/gantry",
          ReadOnly: true,
          VolumeOptions: { NoCopy: true, Labels: { "gantry.runtime": "true" } },
        },
      ],
      PortBindings: {},
      Memory: 1e9,
      NanoCpus: 5e8,
      NetworkMode: "lab",
    },
    NetworkingConfig: { EndpointsConfig: { lab: { Aliases: ["web1"], IPAMConfig: { IPv4Address: "10.0.0.5" } } } },
  });
});

test("a plain container runs its own program, or the image's", () => {
  const own = dockerAttributes.parse({ image: "nginx", agent: false, ports: ["80:80", "443:443", "81:80"] });
  const body = containerBody(TARGET, own, { environment: ["PATH=/usr/bin"], placements: [] });
  expect(body).not.toHaveProperty("Entrypoint");
  expect(body).not.toHaveProperty("User");
  expect(body).toMatchObject({
    Env: [`GANTRY_FOUNDATION=${TARGET.id}`],
    ExposedPorts: { "80/tcp": {}, "443/tcp": {} },
    HostConfig: {
      Mounts: [],
      PortBindings: { "80/tcp": [{ HostPort: "80" }, { HostPort: "81" }], "443/tcp": [{ HostPort: "443" }] },
    },
  });
  const given = dockerAttributes.parse({ image: "nginx", command: ["sleep", "9"], user: "www", folder: "/tmp" });
  expect(containerBody(TARGET, given, { environment: [], placements: [] })).toMatchObject({
    Entrypoint: [],
    Cmd: ["sleep", "9"],
    User: "www",
    WorkingDir: "/tmp",
  });
});

test("any change of what a container is made from changes its hash", () => {
  const attributes = dockerAttributes.parse({ image: "nginx" });
  const hashes = [
    configurationHash(TARGET, attributes),
    configurationHash({ ...TARGET, addresses: [] }, attributes),
    configurationHash({ ...TARGET, hostname: "web2" }, attributes),
    configurationHash(TARGET, dockerAttributes.parse({ image: "nginx:2" })),
  ];
  expect(new Set(hashes).size).toBe(4);
  expect(configurationHash({ ...TARGET, name: "other" }, attributes)).toBe(hashes[0]);
});

test("the name of a container says whose it is, and differs between Gantrys with one engine", () => {
  expect(containerName("web1", TARGET.id)).toBe("gantry-web1-74c028");
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostsOf } from "./model.ts";
import { architectureOf, obstacle, planHost, type Seen, type Wanted } from "./plan.ts";
import { quoted, readProbe } from "./scripts.ts";

const bare: Seen = {
  machine: "x86_64",
  hostname: "one",
  uid: 0,
  home: "/root",
  manager: "systemd",
  glibc: true,
  libstdcxx: true,
  current: "",
  whole: false,
  launcher: "",
  unit: "",
  joined: false,
  running: false,
};
const wanted: Wanted = { release: "r1", launcher: "l1", unit: "u1" };
const whole: Seen = { ...bare, current: "r1", whole: true, launcher: "l1", unit: "u1", joined: true, running: true };

function kinds(seen: Seen, to = wanted): string {
  return planHost(seen, to)
    .map(({ kind }) => kind)
    .join(" ");
}

describe("the plan for a machine", () => {
  it("does all on a bare one, what is missing on others, and nothing twice", () => {
    expect(kinds(bare)).toBe("release launcher point join unit start");
    expect(kinds({ ...bare, manager: "none" }, { ...wanted, unit: "" })).toBe("release launcher point join start");
    expect(kinds(whole)).toBe("");
    expect(kinds(whole, { ...wanted, release: "r2" })).toBe("point restart");
    expect(kinds({ ...whole, whole: false }, { ...wanted, release: "r2" })).toBe("release point restart");
    expect(kinds({ ...whole, running: false })).toBe("start");
    expect(kinds({ ...whole, unit: "old" })).toBe("unit restart");
  });

  it("comes to rest: what its steps make needs none", () => {
    const seen = fc.record({
      whole: fc.boolean(),
      joined: fc.boolean(),
      running: fc.boolean(),
      current: fc.constantFrom("", "r0", "r1"),
      launcher: fc.constantFrom("", "l1"),
      unit: fc.constantFrom("", "u0", "u1"),
    });
    fc.assert(
      fc.property(seen, (some) => {
        const steps = planHost({ ...bare, ...some }, wanted);
        // Who runs is started anew exactly when something of it changed.
        const last = steps.at(-1)?.kind;
        expect(steps.length === 0 ? undefined : last).toBe(
          some.running ? (steps.length === 0 ? undefined : "restart") : "start",
        );
        expect(new Set(steps.map(({ kind }) => kind)).size).toBe(steps.length);
      }),
    );
  });

  it("says what a machine lacks", () => {
    expect(obstacle(bare)).toBeUndefined();
    expect(obstacle({ ...bare, machine: "riscv64" })).toMatch(/riscv64/);
    expect(obstacle({ ...bare, glibc: false })).toMatch(/no glibc/);
    expect(obstacle({ ...bare, libstdcxx: false })).toMatch(/install libstdc\+\+6/);
    expect(["x86_64", "aarch64", "arm64", "i686"].map(architectureOf)).toEqual(["x64", "arm64", "arm64", undefined]);
  });

  it("is made from what the machine's shell says, and from nothing else", () => {
    expect(readProbe("Welcome!\nmachine=aarch64\nmanager=none\nuid=1000\nfolder=/a b\nwhole=yes\n")).toMatchObject({
      machine: "aarch64",
      uid: 1000,
      folder: "/a b",
      whole: true,
      joined: false,
    });
    const joined = readProbe("manager=user\njoined=yes\nnode=web1\nlingers=yes\n");
    expect(joined).toMatchObject({ joined: true, node: "web1", lingers: true });
    expect(readProbe("This account is not available.\n")).toBeUndefined();
    expect(quoted("it's $HOME")).toBe(`'it'\\''s $HOME'`);
  });
});

describe("a catalogue", () => {
  it("is read in our words and in Director's; what is said for all holds unless a target says otherwise", () => {
    const theirs = {
      directord_server: { targets: [{ host: "192.0.2.1", port: 2222, username: "centos" }], jobs: [{ RUN: "id" }] },
      directord_clients: { args: { port: 22, username: "centos" }, targets: [{ host: "192.0.2.2" }, "192.0.2.3"] },
      anything: { else: true },
    };
    const ours = {
      servers: { targets: [{ host: "192.0.2.1", port: 2222, username: "centos" }], jobs: [{ RUN: "id" }] },
      agents: { args: { username: "centos" }, targets: [{ host: "192.0.2.2" }, { host: "192.0.2.3" }] },
    };
    expect(hostsOf([theirs])).toEqual(hostsOf([ours]));
    expect(hostsOf([ours]).map(({ part, host, port }) => [part, host, port])).toEqual([
      ["servers", "192.0.2.1", 2222],
      ["agents", "192.0.2.2", 22],
      ["agents", "192.0.2.3", 22],
    ]);
  });

  it("puts no two agents in one place, and gives no two one name", () => {
    const twice = (one: object, two: object) => hostsOf([{ agents: { targets: [one, two] } }]);
    const here = { host: "192.0.2.1" };
    expect(() => twice(here, here)).toThrow("the agent on 192.0.2.1 port 22 stands there twice");
    expect(() => twice({ ...here, name: "web1" }, { host: "192.0.2.2", name: "web1" })).toThrow(
      "an agent named web1 stands there twice",
    );
    expect(twice(here, { ...here, folder: "/srv/agent" })).toHaveLength(2);
    expect(hostsOf([{ servers: { targets: [here, here] } }])).toHaveLength(2);
  });

  it("may be in two: the targets in one, the jobs in another", () => {
    const hosts = hostsOf([{ agents: { targets: ["a"] } }, { agents: { jobs: [{ ADD: "x /x" }, { GET: "/y y" }] } }]);
    expect(hosts[0]?.jobs).toEqual([
      { verb: "ADD", text: "x /x" },
      { verb: "GET", text: "/y y" },
    ]);
  });

  it.each([
    [{ agents: { targets: [{ host: "-oProxyCommand=x" }] } }, "agents"],
    [{ agents: { targets: [{ host: "a", prot: 22 }] } }, "agents"],
    [{ agents: { jobs: [{ DNF: "x" }] } }, "agents"],
    [{ agents: { jobs: [{ RUN: "x", ADD: "y" }] } }, "agents"],
    [{ agents: { args: { folder: "relative" } } }, "agents"],
  ])("that is wrong is refused: %j", (catalogue, path) => {
    expect(() => hostsOf([catalogue])).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ path: expect.arrayContaining([path]) })] }),
    );
  });
});

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import type { RealPart } from "./real-part.ts";

const execute = promisify(execFile);

/** Networks of our own, with a filter: `ip netns` and `nft`. */
export const networksPart: RealPart = {
  name: "networks",
  packages: ["iproute2", "nftables"],
  present: () =>
    process.getuid?.() === 0 &&
    ["ip", "nft"].every((name) => ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].some((at) => existsSync(`${at}/${name}`))),
};

/** Machines on a network of their own. This machine is on it, too. */
export interface Network {
  /** Of this machine. */
  readonly address: string;
  readonly bridge: string;
  /** Of a machine that somebody else puts there: no other gets it. */
  take(): string;
  /** A machine more. Returns the command that runs another on it. */
  add(name: string): Promise<readonly string[]>;
  /** Nothing gets to it or from it any more, and nobody is told. */
  cut(name: string): Promise<void>;
  heal(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function openNetwork(): Promise<Network> {
  // Names of devices have 15 characters at most.
  const id = `${process.pid % 100_000}`;
  const bridge = `gtb${id}`;
  // From the block for tests of networks (RFC 2544), which nobody routes.
  const prefix = `198.18.${process.pid % 256}`;
  const machines = new Map<string, string>();
  let last = 1;

  async function run(program: string, text: string): Promise<void> {
    await execute(program, text.split(" "));
  }

  function inside(name: string, text: string): Promise<void> {
    return run("ip", `netns exec ${machines.get(name)} ${text}`);
  }

  await run("ip", `link add ${bridge} type bridge`);
  await run("ip", `address add ${prefix}.1/24 dev ${bridge}`);
  await run("ip", `link set ${bridge} up`);
  return {
    address: `${prefix}.1`,
    bridge,
    take: () => `${prefix}.${(last += 1)}`,
    async add(name) {
      const number = (last += 1);
      const namespace = `gantry-${id}-${number}`;
      machines.set(name, namespace);
      const [here, there] = [`gth${id}-${number}`, `gtt${id}-${number}`];
      await run("ip", `netns add ${namespace}`);
      await run("ip", `link add ${here} type veth peer name ${there} netns ${namespace}`);
      await run("ip", `link set ${here} master ${bridge} up`);
      await inside(name, "ip link set lo up");
      await inside(name, `ip address add ${prefix}.${number}/24 dev ${there}`);
      await inside(name, `ip link set ${there} up`);
      return ["ip", "netns", "exec", namespace];
    },
    async cut(name) {
      await inside(name, "nft add table inet cut");
      for (const hook of ["input", "output"])
        await inside(name, `nft add chain inet cut ${hook} { type filter hook ${hook} priority 0 ; policy drop ; }`);
    },
    heal: (name) => inside(name, "nft delete table inet cut"),
    async close() {
      // With a namespace goes the device in it, and the other end of that.
      for (const namespace of machines.values()) await run("ip", `netns delete ${namespace}`);
      await run("ip", `link delete ${bridge}`);
    },
  };
}

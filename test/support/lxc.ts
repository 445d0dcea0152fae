import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll } from "vitest";
import { lockMachine } from "./machine-lock.ts";
import type { RealPart, StartedPart } from "./real-part.ts";
import { addressOf } from "./real.ts";

/** LXC, and root file systems as tarballs, made once for all tests: a small Debian, the same without libstdc++, and nothing at all. */
export const lxcPart: RealPart = {
  name: "lxc",
  packages: ["lxc", "mmdebstrap", "iproute2", "nftables"],
  present: () =>
    ["lxc-execute", "mmdebstrap"].every((name) => existsSync(`/usr/bin/${name}`)) && existsSync("/usr/sbin/nft"),
  start,
};

const PACKAGES = "dash,coreutils,libc6,libstdc++6";
const run = promisify(execFile);

async function start(): Promise<StartedPart> {
  if (process.getuid?.() !== 0) throw new Error("only root can make containers of LXC");
  const folder = mkdtempSync(join(tmpdir(), "gantry-lxc-"));
  return { address: folder, stop: async () => rmSync(folder, { recursive: true, force: true }) };
}

export interface LxcTests {
  /** Tarballs. */
  readonly debian: string;
  readonly withoutLibrary: string;
  readonly empty: string;
}

/** Tarballs for the tests of one file, inside `describeReal("lxc", …)`, and the machine's bridges for it alone. */
export function useLxc(): LxcTests {
  const folder = addressOf("lxc");
  const tarballs = tarballsIn(folder);
  let unlock: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    unlock = await lockMachine("lxc");
    await makeTarballs(folder);
  }, 15 * 60_000);
  afterAll(() => unlock?.());
  return tarballs;
}

export function tarballsIn(folder: string): LxcTests {
  return {
    debian: join(folder, "debian.tar"),
    withoutLibrary: join(folder, "without-library.tar"),
    empty: join(folder, "empty.tar"),
  };
}

export async function makeTarballs(folder: string): Promise<void> {
  const { debian, withoutLibrary, empty } = tarballsIn(folder);
  if (existsSync(empty)) return;
  const suite = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "stable";
  // Unpacked only: nothing in it is to be configured, and it takes seconds.
  await run("mmdebstrap", ["--quiet", "--variant=extract", `--include=${PACKAGES}`, suite, debian], {
    maxBuffer: 1 << 24,
  });
  const unpacked = join(folder, "unpacked");
  mkdirSync(join(unpacked, "nothing"), { recursive: true });
  await run("tar", ["--create", `--file=${empty}.new`, `--directory=${unpacked}`, "nothing"]);
  await run("tar", ["--extract", `--file=${debian}`, `--directory=${unpacked}`]);
  await run("tar", ["--create", `--file=${withoutLibrary}`, "--exclude=libstdc++*", `--directory=${unpacked}`, "."]);
  rmSync(unpacked, { recursive: true });
  await run("mv", [`${empty}.new`, empty]);
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "../../src/kernel/errors.ts";
import { ansiblePart } from "./ansible.ts";
import { arm64Part } from "./arm64.ts";
import { barbicanPart } from "./barbican.ts";
import { bmcPart } from "./bmc.ts";
import { dockerPart } from "./docker.ts";
import { gitPart } from "./git.ts";
import { lxcPart } from "./lxc.ts";
import { networksPart } from "./networks.ts";
import { bindPart, powerdnsPart } from "./names.ts";
import { dnfPart } from "./packages.ts";
import { namespacesPart } from "./own-machines.ts";
import { pingPart } from "./ping.ts";
import { postgresPart } from "./postgres.ts";
import { qemuPart } from "./qemu.ts";
import { pythonPart } from "./python.ts";
import type { RealPart } from "./real-part.ts";
import { registryPart } from "./registry.ts";
import { slapdPart } from "./slapd.ts";
import { sshdPart, sudoPart } from "./sshd.ts";
import { systemdPart } from "./systemd.ts";

/** Every real part the tests know. A new one: its file beside this one, and its line here. */
export const REAL_PARTS: readonly RealPart[] = [
  postgresPart,
  dockerPart,
  ansiblePart,
  bindPart,
  powerdnsPart,
  sshdPart,
  sudoPart,
  gitPart,
  barbicanPart,
  slapdPart,
  qemuPart,
  bmcPart,
  lxcPart,
  pythonPart,
  pingPart,
  namespacesPart,
  dnfPart,
  registryPart,
  systemdPart,
  networksPart,
  arm64Part,
];

const run = promisify(execFile);
const PATIENCE = 10 * 60_000;

/**
 * Installs the packages of parts that are not there, when root runs the tests.
 * @returns why nothing was installed, or `undefined` when all went well
 */
export async function installMissing(parts: readonly RealPart[]): Promise<string | undefined> {
  const packages = parts.filter((part) => !part.present()).flatMap((part) => part.packages);
  if (packages.length === 0) return undefined;
  if (process.getuid?.() !== 0) return `only root can install the Debian packages ${packages.join(", ")}`;
  console.log(`Installing for the tests: ${packages.join(" ")}`);
  try {
    await aptGet("update");
    await aptGet("install", "-y", "--no-install-recommends", ...packages);
    return undefined;
  } catch (error) {
    const lines = messageOf(error).trim().split("\n");
    return `the Debian packages ${packages.join(", ")} could not be installed: ${lines.at(-1) ?? ""}`;
  }
}

function aptGet(...words: readonly string[]): Promise<unknown> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return run("apt-get", ["-q", ...words], { env, timeout: PATIENCE, maxBuffer: 16 * 1024 * 1024 });
}

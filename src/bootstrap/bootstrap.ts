import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { agentBundle, fileHash, launcherText } from "../executor/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { connectMachine, type Machine, reachAgent, readKeys, type SshSettings } from "./connection.ts";
import { BOOTSTRAP_IMPOSSIBLE, BOOTSTRAP_NAME_TAKEN } from "./errors.ts";
import { install, type Installed, type InstallParts, type Runtime } from "./install.ts";
import { doJob } from "./jobs.ts";
import type { BootstrapHost } from "./model.ts";
import type { Architecture } from "./plan.ts";
import type { Probe } from "./scripts.ts";

/** Many machines at once, each for itself: what fails on one holds up no other. */

export interface Outcome {
  readonly host: string;
  readonly part: BootstrapHost["part"];
  /** As which node; null: it is none, or it was not reached. */
  readonly node: string | null;
  readonly result: "installed" | "changed" | "unchanged" | "done" | "failed";
  /** What was done, or why it failed. */
  readonly said: string;
}

export interface BootstrapParts {
  readonly ssh: SshSettings;
  /** Machines at the same time. */
  readonly atOnce: number;
  /** Where files of this machine that jobs name begin. */
  readonly folder: string;
  /** Node's binary for other kinds of machines than this one. */
  readonly nodes: Readonly<Partial<Record<Architecture, string>>>;
  /** Whether there is a node of that name. */
  known(name: string): Promise<boolean>;
  /** What an agent joins with, as `join.json` holds it. */
  joinFile(name: string): Promise<string>;
  /** Resolves when the node is connected, `anew`: since this began. Rejects when it takes too long. */
  connected(name: string, anew: boolean): Promise<void>;
  /** Told as each ends. */
  ended(outcome: Outcome): void;
}

/**
 * Servers first, because agents need them. What fails on a machine is in its outcome; these are in the order of the hosts.
 *
 * Errors: `bootstrap_key_wrong`.
 */
export async function bootstrap(hosts: readonly BootstrapHost[], parts: BootstrapParts): Promise<readonly Outcome[]> {
  const keyTexts = await readKeys(parts.ssh.keys, parts.ssh.agent);
  if (parts.ssh.forwardAgent) await reachAgent(parts.ssh.agent);
  const runtimeFor = runtimes(parts.nodes);
  const outcomes = new Map<BootstrapHost, Outcome>();
  const names = new Map<string, string>();
  for (const part of ["servers", "agents"] as const) {
    const waiting = hosts.filter((one) => one.part === part);
    await Promise.all(
      Array.from({ length: Math.min(parts.atOnce, waiting.length) }, async () => {
        for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) {
          const outcome = await oneHost(host, { ...parts, keyTexts, runtimeFor, names });
          outcomes.set(host, outcome);
          parts.ended(outcome);
        }
      }),
    );
  }
  return hosts.flatMap((host) => outcomes.get(host) ?? []);
}

type HostParts = BootstrapParts & {
  readonly keyTexts: readonly string[];
  /** Which host is which node. */
  readonly names: Map<string, string>;
} & Pick<InstallParts, "runtimeFor">;

async function oneHost(host: BootstrapHost, parts: HostParts): Promise<Outcome> {
  const common = { host: host.host, part: host.part };
  let machine: Machine | undefined;
  try {
    const username = host.username ?? userInfo().username;
    const { host: name, port, sudo } = host;
    machine = await connectMachine({ host: name, port, username, sudo }, { ...parts.ssh, keyTexts: parts.keyTexts });
    for (const job of host.jobs) await doJob(machine, job, parts.folder);
    if (host.part === "servers") return { ...common, node: null, result: "done", said: jobsText(host) };
    return { ...common, ...(await agentOn(machine, host, parts)) };
  } catch (error) {
    const code = error instanceof GantryError ? ` (${error.code})` : "";
    return { ...common, node: null, result: "failed", said: `${messageOf(error)}${code}` };
  } finally {
    machine?.close();
  }
}

async function agentOn(
  machine: Machine,
  host: BootstrapHost,
  parts: HostParts,
): Promise<Pick<Outcome, "node" | "result" | "said">> {
  const { node, steps, runs } = await install(machine, host, {
    runtimeFor: parts.runtimeFor,
    launcher: launcherText(),
    nameOf: (seen) => claimName(seen, host, parts),
    joinFile: parts.joinFile,
  });
  await parts.connected(
    node,
    steps.some((step) => step === "start" || step === "restart"),
  );
  const result = steps.includes("join") ? "installed" : steps.length > 0 ? "changed" : "unchanged";
  const jobs = host.jobs.length === 0 ? "" : jobsText(host);
  return { node, result, said: [jobs, steps.join(", "), WARNINGS[runs]].filter((text) => text !== "").join("; ") };
}

const WARNINGS: Readonly<Record<Installed["runs"], string>> = {
  always: "",
  session: "it ends with its user's last session: loginctl enable-linger, as root with the user's name, lets it go on",
  "until restart": "neither systemd nor OpenRC there: start it again after a restart of the machine",
};

/** Throws `bootstrap_name_taken`. */
async function claimName(seen: Probe, host: BootstrapHost, { names, known }: HostParts): Promise<string> {
  const joined = seen.joined && seen.node !== "";
  const name = joined ? seen.node : (host.name ?? seen.hostname);
  if (joined && host.name !== null && host.name !== name)
    throw new GantryError(
      BOOTSTRAP_NAME_TAKEN,
      `it has joined as ${name}, and not as ${host.name}: to let it join anew, revoke ${name} and remove ${seen.folder}`,
    );
  const other = names.get(name);
  if (other !== undefined)
    throw new GantryError(BOOTSTRAP_NAME_TAKEN, `${other} has the name ${name} too: one of them needs another`);
  names.set(name, host.host);
  if (!seen.joined && (await known(name)))
    throw new GantryError(BOOTSTRAP_NAME_TAKEN, `a node named ${name} has joined before, and is not this machine`);
  return name;
}

function jobsText({ jobs }: BootstrapHost): string {
  return jobs.length === 1 ? "1 job" : `${jobs.length} jobs`;
}

/** What is brought, by kind of machine: made once, and read for each. */
function runtimes(nodes: BootstrapParts["nodes"]): InstallParts["runtimeFor"] {
  const made = new Map<Architecture, Promise<Runtime>>();
  async function make(architecture: Architecture): Promise<Runtime> {
    const nodePath = nodes[architecture] ?? ownNode(architecture);
    const bundle = await agentBundle();
    const program = createHash("sha256").update(bundle).digest("hex");
    return { nodePath, bundle, program, node: await fileHash(nodePath) };
  }
  return (architecture) => {
    const known = made.get(architecture) ?? make(architecture);
    made.set(architecture, known);
    return known;
  };
}

/** This very Node, or the one of an optional dependency. Throws `bootstrap_impossible`. */
function ownNode(architecture: Architecture): string {
  if (architecture === process.arch) return process.execPath;
  const name = `node-linux-${architecture}`;
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), "bin/node");
    if (existsSync(path)) return path;
  } catch {
    // It is not installed.
  }
  throw new GantryError(
    BOOTSTRAP_IMPOSSIBLE,
    `there is no Node for ${architecture} here: name one with --node ${architecture}=FILE, or install the package ${name}`,
  );
}

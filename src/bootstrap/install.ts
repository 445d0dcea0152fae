import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { LAYOUT, type Release, releaseName } from "../executor/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Machine } from "./connection.ts";
import { BOOTSTRAP_FAILED, BOOTSTRAP_IMPOSSIBLE } from "./errors.ts";
import type { BootstrapHost } from "./model.ts";
import { type Architecture, architectureOf, obstacle, planHost, type Step, type Wanted } from "./plan.ts";
import { foldersScript, type Probe, pointScript, probeScript, putScript, readProbe, startScript } from "./scripts.ts";
import { unitText } from "./unit.ts";

/** Makes an agent stand on a machine: looks, plans, does what is missing. */

/** What is brought, for one kind of machine. */
export interface Runtime extends Release {
  /** Path of Node's binary. */
  readonly nodePath: string;
  readonly bundle: Uint8Array;
}

export interface InstallParts {
  /** Errors: `bootstrap_impossible` where there is none for that kind of machine. */
  runtimeFor(architecture: Architecture): Promise<Runtime>;
  readonly launcher: string;
  /** What the agent joins with, as `join.json` holds it. Asked only when it has not joined. */
  joinFile(hostname: string): Promise<string>;
}

export interface Installed {
  readonly hostname: string;
  /** Nothing: all was as it should be. */
  readonly steps: readonly Step["kind"][];
  /** It is not started again by itself when the machine is. */
  readonly bySystemd: boolean;
}

/** Errors: `bootstrap_failed`, `bootstrap_impossible`. */
export async function install(
  machine: Machine,
  { folder, systemd }: Pick<BootstrapHost, "folder" | "systemd">,
  parts: InstallParts,
): Promise<Installed> {
  const first = await look(machine, folder ?? "", "none", systemd);
  const why = obstacle(first);
  if (why !== undefined) throw new GantryError(BOOTSTRAP_IMPOSSIBLE, why);
  const runtime = await parts.runtimeFor(architectureOf(first.machine)!);
  const release = releaseName(runtime);
  const seen = await look(machine, first.folder, release, systemd);
  const unit = unitOf(seen);
  const wanted: Wanted = { release, launcher: hashOf(parts.launcher), unit: unit === "" ? "" : hashOf(unit) };
  const steps = planHost(seen, wanted);
  for (const { kind } of steps) await DO[kind](machine, { seen, parts, runtime, release, unit });
  return { hostname: seen.hostname, steps: steps.map(({ kind }) => kind), bySystemd: seen.systemd !== "none" };
}

async function look(machine: Machine, folder: string, release: string, bySystemd: boolean): Promise<Probe> {
  const text = (await machine.run(probeScript(folder, release, bySystemd))).toString();
  const probe = readProbe(text);
  if (probe === undefined)
    throw new GantryError(
      BOOTSTRAP_FAILED,
      `its shell answers something else than it was asked: ${text.slice(0, 200)}`,
    );
  return probe;
}

function unitOf({ systemd, folder }: Probe): string {
  if (systemd === "none") return "";
  return unitText({ kind: "agent", command: [`${folder}/${LAYOUT.launcher}`], user: systemd === "user" });
}

interface Work {
  readonly seen: Probe;
  readonly parts: InstallParts;
  readonly runtime: Runtime;
  readonly release: string;
  readonly unit: string;
}

/** How each kind of step is done. */
const DO: Readonly<Record<Step["kind"], (machine: Machine, work: Work) => Promise<unknown>>> = {
  async release(machine, { seen, runtime, release }) {
    const place = `${seen.folder}/${LAYOUT.versions}/${release}`;
    await machine.run(foldersScript(seen.folder, release));
    await machine.run(putScript(`${place}/${LAYOUT.program}`, "644", runtime.program), Readable.from([runtime.bundle]));
    await machine.run(putScript(`${place}/${LAYOUT.node}`, "755", runtime.node), createReadStream(runtime.nodePath));
    const manifest = `${JSON.stringify({ program: runtime.program, node: runtime.node })}\n`;
    // Last: with it the release is whole.
    await machine.run(putScript(`${place}/${LAYOUT.manifest}`, "644", hashOf(manifest)), manifest);
  },
  async launcher(machine, { seen, parts, release }) {
    await machine.run(foldersScript(seen.folder, release));
    await machine.run(putScript(`${seen.folder}/${LAYOUT.launcher}`, "755", hashOf(parts.launcher)), parts.launcher);
  },
  point: (machine, { seen, release }) => machine.run(pointScript(seen.folder, release)),
  async join(machine, { seen, parts }) {
    // By its standard input: nobody finds a token in a list of processes.
    const text = await parts.joinFile(seen.hostname);
    await machine.run(putScript(`${seen.folder}/${LAYOUT.state}/join.json`, "600", hashOf(text)), text);
  },
  unit: (machine, { seen, unit }) => machine.run(putScript(seen.unitPath, "644", hashOf(unit)), unit),
  start: (machine, { seen }) => machine.run(startScript(seen, false)),
  restart: (machine, { seen }) => machine.run(startScript(seen, true)),
};

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { LAYOUT, type Release, releaseName } from "../executor/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Machine } from "./connection.ts";
import { BOOTSTRAP_FAILED, BOOTSTRAP_IMPOSSIBLE } from "./errors.ts";
import type { BootstrapHost } from "./model.ts";
import { type Architecture, architectureOf, obstacle, planHost, type Step, type Wanted } from "./plan.ts";
import { openrcText } from "./openrc.ts";
import {
  foldersScript,
  LINGER_SCRIPT,
  type Probe,
  pointScript,
  probeScript,
  putScript,
  readProbe,
  startScript,
} from "./scripts.ts";
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
  /** As which node it joins, or has joined. Asked before anything is done; throws when the name is another's. */
  nameOf(seen: Probe): Promise<string>;
  /** What the agent joins with, as `join.json` holds it. Asked only when it has not joined. */
  joinFile(name: string): Promise<string>;
}

export interface Installed {
  readonly node: string;
  /** Nothing: all was as it should be. */
  readonly steps: readonly Step["kind"][];
  /** Until when it runs: for good, until its user's last session ends, until the machine starts anew. */
  readonly runs: "always" | "session" | "until restart";
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
  const node = await parts.nameOf(first);
  const runtime = await parts.runtimeFor(architectureOf(first.machine)!);
  const release = releaseName(runtime);
  const seen = await look(machine, first.folder, release, systemd);
  const unit = unitOf(seen);
  const wanted: Wanted = { release, launcher: hashOf(parts.launcher), unit: unit === "" ? "" : hashOf(unit) };
  const steps = planHost(seen, wanted);
  for (const { kind } of steps) {
    try {
      await DO[kind](machine, { seen, parts, runtime, release, unit, node });
    } catch (error) {
      if (!(error instanceof GantryError) || error.code !== BOOTSTRAP_FAILED.code) throw error;
      throw new GantryError(BOOTSTRAP_FAILED, `${kind}: ${error.message}`, { cause: error });
    }
  }
  return { node, steps: steps.map(({ kind }) => kind), runs: await lasting(machine, seen) };
}

async function lasting(machine: Machine, { manager, lingers }: Probe): Promise<Installed["runs"]> {
  if (manager === "none") return "until restart";
  if (manager !== "user" || lingers) return "always";
  return (await machine.run(LINGER_SCRIPT)).toString().trim() === "yes" ? "always" : "session";
}

async function look(machine: Machine, folder: string, release: string, byManager: boolean): Promise<Probe> {
  const text = (await machine.run(probeScript(folder, release, byManager))).toString();
  const probe = readProbe(text);
  if (probe === undefined)
    throw new GantryError(
      BOOTSTRAP_FAILED,
      `its shell answers something else than it was asked: ${text.slice(0, 200)}`,
    );
  return probe;
}

function unitOf({ manager, folder }: Probe): string {
  const launcher = `${folder}/${LAYOUT.launcher}`;
  if (manager === "none") return "";
  if (manager === "openrc") return openrcText(launcher);
  return unitText({ kind: "agent", command: [launcher], user: manager === "user" });
}

interface Work {
  readonly seen: Probe;
  readonly parts: InstallParts;
  readonly runtime: Runtime;
  readonly release: string;
  readonly unit: string;
  readonly node: string;
}

/** How each kind of step is done. */
const DO: Readonly<Record<Step["kind"], (machine: Machine, work: Work) => Promise<unknown>>> = {
  async release(machine, { seen, runtime, release }) {
    const place = `${seen.folder}/${LAYOUT.versions}/${release}`;
    await machine.run(foldersScript(seen.folder, release));
    await machine.run(putScript(`${place}/${LAYOUT.program}`, "644", runtime.program), {
      input: Readable.from([runtime.bundle]),
    });
    await machine.run(putScript(`${place}/${LAYOUT.node}`, "755", runtime.node), {
      input: createReadStream(runtime.nodePath),
    });
    const manifest = `${JSON.stringify({ program: runtime.program, node: runtime.node })}\n`;
    // Last: with it the release is whole.
    await machine.run(putScript(`${place}/${LAYOUT.manifest}`, "644", hashOf(manifest)), { input: manifest });
  },
  async launcher(machine, { seen, parts, release }) {
    await machine.run(foldersScript(seen.folder, release));
    await machine.run(putScript(`${seen.folder}/${LAYOUT.launcher}`, "755", hashOf(parts.launcher)), {
      input: parts.launcher,
    });
  },
  point: (machine, { seen, release }) => machine.run(pointScript(seen.folder, release)),
  async join(machine, { seen, parts, node }) {
    // By its standard input: nobody finds a token in a list of processes.
    const text = await parts.joinFile(node);
    await machine.run(putScript(`${seen.folder}/${LAYOUT.state}/join.json`, "600", hashOf(text)), { input: text });
  },
  unit(machine, { seen, unit }) {
    const mode = seen.manager === "openrc" ? "755" : "644";
    return machine.run(putScript(seen.unitPath, mode, hashOf(unit)), { input: unit });
  },
  start: (machine, { seen }) => machine.run(startScript(seen, false)),
  restart: (machine, { seen }) => machine.run(startScript(seen, true)),
};

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

import { readFile, stat, writeFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { PROGRAM_MISSING } from "../errors.ts";
import type { VerbPlan } from "../model.ts";
import { must, runTool, type Tool, type ToolEnd, type Tools } from "../tools.ts";
import { apk } from "./apk.ts";
import { apt } from "./apt.ts";
import { dnfManager } from "./dnf.ts";
import {
  changesText,
  type Installed,
  type ManagerName,
  managerOrder,
  type PackageChange,
  type PackageManager,
  type PackageRequest,
  type PackageStep,
  wantedPackage,
} from "./managers.ts";
import { PACKAGE_UNKNOWN, PACKAGES_LOCKED } from "./errors.ts";
import type { PackageParameters } from "./model.ts";

const BY_NAME: Readonly<Record<ManagerName, PackageManager>> = { apt, dnf: dnfManager, apk };
/** Milliseconds after which an index is too old to say what the newest version is. */
const FRESH = 60 * 60 * 1000;
/** Milliseconds between two tries to get a lock the package manager does not wait for itself. */
const LOCK_PAUSE = 1000;

/** What the verb uses of the world. */
export interface PackageWorld {
  readonly tools: Tools;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface PackageWork {
  readonly manager: PackageManager;
  readonly request: PackageRequest;
  readonly installed: Installed;
  readonly steps: readonly PackageStep[];
  /** What the trial of the steps said. */
  readonly changes: readonly PackageChange[];
}

/** What PACKAGE would do, without an index newer than the one that is there. */
export async function planPackages(parameters: PackageParameters, world: PackageWorld): Promise<VerbPlan> {
  return withPreferences(parameters, world, async (manager, request, preferences) => {
    const needed = parameters.refresh === "always" || (await isOld(manager, parameters, world));
    const message = needed ? { message: "the index would be fetched anew first, and may know newer versions" } : {};
    const work = await tryOut(manager, request, preferences, world);
    if ("lacking" in work) {
      if (parameters.refresh === "never") throw unknownPackage(work.lacking);
      return { changed: "unknown", diff: "", message: "the index lacks a package: it would be fetched anew first" };
    }
    const { changes } = work;
    return { changed: changes.length > 0, diff: changesText(changes), ...message };
  });
}

/** Readies all that is to be done, with a new index where one is needed, and hands it over. */
export function withPackageWork<Result>(
  parameters: PackageParameters,
  world: PackageWorld,
  act: (work: PackageWork) => Promise<Result>,
): Promise<Result> {
  return withPreferences(parameters, world, async (manager, request, preferences) => {
    let refreshed = false;
    async function refresh(): Promise<void> {
      await patiently(manager, manager.refresh(request), request, world);
      refreshed = true;
    }
    if (parameters.refresh === "always" || (await isOld(manager, parameters, world))) await refresh();
    let work = await tryOut(manager, request, preferences, world);
    if ("lacking" in work && !refreshed && parameters.refresh !== "never") {
      await refresh();
      work = await tryOut(manager, request, preferences, world);
    }
    if ("lacking" in work) throw unknownPackage(work.lacking);
    return act(work);
  });
}

/** Runs a step for good, and waits for a lock the manager does not wait for itself. Throws `command_failed`, `packages_locked`. */
export async function patiently(
  manager: PackageManager,
  tool: Tool,
  request: PackageRequest,
  { tools, clock, signal }: PackageWorld,
): Promise<ToolEnd> {
  const until = clock.now() + request.lockSeconds * 1000;
  for (;;) {
    const end = await tools.run(tool);
    const output = end.stderr + end.stdout;
    if (end.code === 0 || !manager.isLocked(output)) return must(tool, end);
    if (clock.now() >= until)
      throw new GantryError(
        PACKAGES_LOCKED,
        `another package manager is still at work after ${request.lockSeconds} seconds`,
        { details: { output: end.stderr.slice(-500) } },
      );
    await new Promise<void>((resolve) => clock.after(LOCK_PAUSE, resolve));
    signal.throwIfAborted();
  }
}

export async function readInstalled(manager: PackageManager, tools: Tools): Promise<Installed> {
  return manager.readInstalled((await runTool(tools, manager.listInstalled)).stdout);
}

async function tryOut(
  manager: PackageManager,
  request: PackageRequest,
  preferences: string,
  world: PackageWorld,
): Promise<PackageWork | { readonly lacking: string }> {
  const installed = await readInstalled(manager, world.tools);
  const steps = manager.steps(request, installed, preferences);
  const changes: PackageChange[] = [];
  for (const { trial } of steps) {
    const end = await world.tools.run(trial);
    const output = `${end.stdout}\n${end.stderr}`;
    if (!manager.trialWorked(end.code, output)) {
      if (manager.indexLacks(output)) return { lacking: end.stderr.trim() || end.stdout.trim() };
      must(trial, end);
    }
    changes.push(...manager.readTrial(end.stdout, installed));
  }
  return { manager, request, installed, steps, changes };
}

function unknownPackage(said: string): GantryError {
  return new GantryError(PACKAGE_UNKNOWN, said.split("\n").slice(-3).join("\n").slice(-1000));
}

async function withPreferences<Result>(
  parameters: PackageParameters,
  world: PackageWorld,
  act: (manager: PackageManager, request: PackageRequest, preferences: string) => Promise<Result>,
): Promise<Result> {
  const manager = await findManager(parameters, world.tools);
  const request = requestOf(parameters);
  const text = manager.preferences?.(request);
  if (text === undefined) return act(manager, request, "");
  const folder = await mkdtemp(join(tmpdir(), "gantry-package-"));
  try {
    const path = join(folder, "preferences");
    // The file takes the place of the node's own one.
    const own = await readFile("/etc/apt/preferences", "utf8").catch(() => "");
    await writeFile(path, `${text}\n${own}`);
    return await act(manager, request, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function requestOf(parameters: PackageParameters): PackageRequest {
  return {
    state: parameters.state,
    packages: parameters.packages.map(wantedPackage),
    exclude: parameters.exclude ?? [],
    purge: parameters.purge ?? false,
    recommends: parameters.recommends,
    lockSeconds: parameters.lock_seconds,
  };
}

/** Throws `program_missing`. */
async function findManager(parameters: PackageParameters, tools: Tools): Promise<PackageManager> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const names = parameters.manager === undefined ? managerOrder(release) : [parameters.manager];
  for (const name of names) {
    const manager = BY_NAME[name];
    const there = await Promise.all(manager.programs.map((program) => tools.has(program)));
    if (there.every(Boolean)) return manager;
  }
  throw new GantryError(PROGRAM_MISSING, `PACKAGE needs ${names.join(", ")}, and this node has none of them`);
}

/** dnf looks to the age of its metadata by itself; apk and apt do not. */
async function isOld(manager: PackageManager, parameters: PackageParameters, world: PackageWorld): Promise<boolean> {
  if (parameters.state !== "latest" || parameters.refresh !== "auto" || manager.name === "dnf") return false;
  const folder = await indexFolder(manager, world.tools);
  const times = await Promise.all([folder, join(folder, "partial")].map((path) => stat(path).catch(() => undefined)));
  const newest = Math.max(0, ...times.map((found) => found?.mtimeMs ?? 0));
  return world.clock.now() - newest > FRESH;
}

async function indexFolder(manager: PackageManager, tools: Tools): Promise<string> {
  if (manager.name === "apk") return "/var/cache/apk";
  const said = await runTool(tools, {
    program: "apt-config",
    arguments: ["shell", "LISTS", "Dir::State::lists/d"],
    quiet: true,
  });
  return /^LISTS='(.+)'$/m.exec(said.stdout)?.[1] ?? "/var/lib/apt/lists";
}

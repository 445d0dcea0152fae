import { existsSync } from "node:fs";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { pause } from "../clock.ts";
import { PROGRAM_MISSING, SERVICE_FAILED, SERVICE_UNKNOWN } from "../errors.ts";
import type { VerbPlan, VerbResult } from "../model.ts";
import { must, runTool, type Tool, type Tools } from "../tools.ts";
import { openrc, stepsText, systemd, type UnitStep, unitSteps, type UnitView, type UnitWish } from "./unit-decide.ts";
import type { ServiceVerbParameters, UnitState } from "./unit-model.ts";

/** Units of the node's service manager: looked at, and brought where they shall be. */

export interface UnitManager {
  readonly name: "systemd" | "openrc";
  /** Undefined when it knows no such unit. */
  view(name: string): Promise<UnitView | undefined>;
  /** Throws `program_missing` for what it cannot do. */
  tool(step: UnitStep, name: string): Tool;
  /** How it failed, and the last lines it wrote, as far as the manager knows. */
  failure(name: string): Promise<{ readonly how: string; readonly lines: string }>;
}

/** Milliseconds a unit has to show that it does not end at once. */
const SETTLE = 150;

/** The manager that runs on this node. Throws `program_missing`. */
export async function findManager(tools: Tools, exists: (path: string) => boolean = existsSync): Promise<UnitManager> {
  if (exists("/run/systemd/system") && (await tools.has("systemctl"))) return systemdManager(tools);
  if (exists("/run/openrc") && (await tools.has("rc-service"))) return openrcManager(tools);
  throw new GantryError(PROGRAM_MISSING, "neither systemd nor OpenRC runs on this node");
}

function systemdManager(tools: Tools): UnitManager {
  return {
    name: "systemd",
    async view(name) {
      const { stdout } = await runTool(tools, systemd.show(name));
      const unit = systemd.read(name, stdout);
      if (unit === undefined || !systemd.isGenerated(stdout)) return unit;
      return { ...unit, enabled: systemd.readEnabled((await tools.run(systemd.isEnabled(name))).stdout) };
    },
    tool: systemd.tool,
    async failure(name) {
      const { how, id, since } = systemd.readFailure((await runTool(tools, systemd.showFailure(name))).stdout);
      if (since === "" || !(await tools.has("journalctl"))) return { how, lines: "" };
      await tools.run(systemd.syncJournal);
      return { how, lines: (await tools.run(systemd.journal(id, since))).stdout.trimEnd().slice(-4000) };
    },
  };
}

function openrcManager(tools: Tools): UnitManager {
  const levels = new Map<string, readonly string[]>();
  return {
    name: "openrc",
    async view(name) {
      if ((await tools.run(openrc.exists(name))).code !== 0) return undefined;
      const [{ code }, shown] = await Promise.all([tools.run(openrc.status(name)), runTool(tools, openrc.levels)]);
      const own = openrc.levelsOf(name, shown.stdout);
      levels.set(name, own);
      const failed = code === openrc.CRASHED;
      return { name, running: code === 0, failed, enabled: own.length > 0, masked: false, stale: false };
    },
    tool(step, name) {
      const tool = openrc.tool(step, name, levels.get(name) ?? []);
      if (tool !== undefined) return tool;
      throw new GantryError(PROGRAM_MISSING, `${step} needs systemd, and this node has OpenRC`);
    },
    failure: async () => ({ how: "crashed", lines: "" }),
  };
}

interface UnitWork {
  readonly unit: UnitView;
  readonly steps: readonly UnitStep[];
}

/** Throws `service_unknown`, `program_missing`. */
export async function planUnits(parameters: ServiceVerbParameters, manager: UnitManager): Promise<VerbPlan> {
  const works = await unitWorks(parameters, manager);
  const lines = works.flatMap(({ unit, steps }) => stepsText(unit, steps));
  if (works.length === 0) return { changed: "unknown", diff: "", message: `${manager.name} reads its unit files anew` };
  return { changed: lines.length > 0, diff: lines.map((line) => `${line}\n`).join("") };
}

export interface UnitWorld {
  readonly tools: Tools;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Throws `service_unknown`, `service_failed`, `command_failed`, `program_missing`. */
export async function applyUnits(
  parameters: ServiceVerbParameters,
  manager: UnitManager,
  world: UnitWorld,
): Promise<VerbResult> {
  const works = await unitWorks(parameters, manager);
  const reload = parameters.daemon_reload === true || works.some(({ steps }) => steps.includes("daemon-reload"));
  if (reload) await runTool(world.tools, manager.tool("daemon-reload", ""));
  const units = [];
  for (const { unit, steps } of works) {
    for (const step of steps) if (step !== "daemon-reload") await doStep(unit.name, step, manager, world);
    units.push({ name: unit.name, done: [...steps] });
  }
  const started = works.filter(({ steps }) => steps.some(starts)).map(({ unit }) => unit.name);
  // Most units count as started when their process is there, whatever becomes of it then.
  if (started.length > 0) await pause(world.clock, SETTLE, world.signal);
  for (const name of started) await mustRun(name, manager);
  // Without units nobody knows what became of what was read anew.
  return { changed: works.length === 0 || units.some(({ done }) => done.length > 0), manager: manager.name, units };
}

function starts(step: UnitStep): boolean {
  return step === "start" || step === "restart";
}

/** Throws `service_failed` where the unit's own failure is the reason, else `command_failed`. */
async function doStep(name: string, step: UnitStep, manager: UnitManager, { tools }: UnitWorld): Promise<void> {
  const tool = manager.tool(step, name);
  const end = await tools.run(tool);
  if (end.code !== 0 && starts(step)) await mustRun(name, manager);
  must(tool, end);
}

/** Throws `service_failed`. */
async function mustRun(name: string, manager: UnitManager): Promise<void> {
  if ((await manager.view(name))?.failed !== true) return;
  const { how, lines } = await manager.failure(name);
  throw new GantryError(SERVICE_FAILED, `unit ${name} ${how}${lines === "" ? "" : `:\n${lines}`}`);
}

/** Throws `service_unknown`, and `program_missing` for what the manager cannot do. */
async function unitWorks(parameters: ServiceVerbParameters, manager: UnitManager): Promise<UnitWork[]> {
  if (parameters.daemon_reload === true) manager.tool("daemon-reload", "");
  const wish = wishOf(parameters);
  const works: UnitWork[] = [];
  for (const name of parameters.units ?? (parameters.name === undefined ? [] : [parameters.name])) {
    const unit = await manager.view(name);
    if (unit === undefined) throw new GantryError(SERVICE_UNKNOWN, `${manager.name} has no unit ${name} on this node`);
    const steps = unitSteps(unit, wish);
    for (const step of steps) manager.tool(step, name);
    works.push({ unit, steps });
  }
  return works;
}

function wishOf({ state, units, enabled, masked, daemon_reload: reload }: ServiceVerbParameters): UnitWish {
  const named = units === undefined ? "started" : undefined;
  return {
    state: ((state === "absent" ? undefined : state) ?? named) as UnitState | undefined,
    enabled,
    masked,
    daemonReload: reload ?? false,
  };
}

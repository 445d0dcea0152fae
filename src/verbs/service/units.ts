import { existsSync } from "node:fs";
import { GantryError } from "../../kernel/errors.ts";
import { PROGRAM_MISSING, SERVICE_UNKNOWN } from "../errors.ts";
import type { VerbPlan, VerbResult } from "../model.ts";
import { runTool, type Tool, type Tools } from "../tools.ts";
import { openrc, stepsText, systemd, type UnitStep, unitSteps, type UnitView, type UnitWish } from "./unit-decide.ts";
import type { ServiceVerbParameters, UnitState } from "./unit-model.ts";

/** Units of the node's service manager: looked at, and brought where they shall be. */

export interface UnitManager {
  readonly name: "systemd" | "openrc";
  /** Undefined when it knows no such unit. */
  view(name: string): Promise<UnitView | undefined>;
  /** Throws `program_missing` for what it cannot do. */
  tool(step: UnitStep, name: string): Tool;
}

/** The manager that runs on this node. Throws `program_missing`. */
export async function findManager(tools: Tools, exists: (path: string) => boolean = existsSync): Promise<UnitManager> {
  if (exists("/run/systemd/system") && (await tools.has("systemctl"))) return systemdManager(tools);
  if (exists("/run/openrc") && (await tools.has("rc-service"))) return openrcManager(tools);
  throw new GantryError(PROGRAM_MISSING, "neither systemd nor OpenRC runs on this node");
}

function systemdManager(tools: Tools): UnitManager {
  return {
    name: "systemd",
    view: async (name) => systemd.read(name, (await runTool(tools, systemd.show(name))).stdout),
    tool: systemd.tool,
  };
}

function openrcManager(tools: Tools): UnitManager {
  return {
    name: "openrc",
    async view(name) {
      if ((await tools.run(openrc.exists(name))).code !== 0) return undefined;
      const [status, levels] = await Promise.all([tools.run(openrc.status(name)), runTool(tools, openrc.levels)]);
      const enabled = openrc.isEnabled(name, levels.stdout);
      return { name, running: status.code === 0, enabled, masked: false, stale: false };
    },
    tool(step, name) {
      const tool = openrc.tool(step, name);
      if (tool !== undefined) return tool;
      throw new GantryError(PROGRAM_MISSING, `${step} needs systemd, and this node has OpenRC`);
    },
  };
}

interface UnitWork {
  readonly unit: UnitView;
  readonly steps: readonly UnitStep[];
}

export async function planUnits(parameters: ServiceVerbParameters, manager: UnitManager): Promise<VerbPlan> {
  const works = await unitWorks(parameters, manager);
  const lines = works.flatMap(({ unit, steps }) => stepsText(unit, steps));
  if (works.length === 0) return { changed: "unknown", diff: "", message: `${manager.name} reads its unit files anew` };
  return { changed: lines.length > 0, diff: lines.map((line) => `${line}\n`).join("") };
}

/** Throws `service_unknown`, `command_failed`, `program_missing`. */
export async function applyUnits(
  parameters: ServiceVerbParameters,
  manager: UnitManager,
  tools: Tools,
): Promise<VerbResult> {
  const works = await unitWorks(parameters, manager);
  const reload = parameters.daemon_reload === true || works.some(({ steps }) => steps.includes("daemon-reload"));
  if (reload) await runTool(tools, manager.tool("daemon-reload", ""));
  const units = [];
  for (const { unit, steps } of works) {
    for (const step of steps) if (step !== "daemon-reload") await runTool(tools, manager.tool(step, unit.name));
    units.push({ name: unit.name, done: [...steps] });
  }
  // Without units nobody knows what became of what was read anew.
  return { changed: works.length === 0 || units.some(({ done }) => done.length > 0), manager: manager.name, units };
}

async function unitWorks(parameters: ServiceVerbParameters, manager: UnitManager): Promise<UnitWork[]> {
  const wish = wishOf(parameters);
  const works: UnitWork[] = [];
  for (const name of parameters.units ?? (parameters.name === undefined ? [] : [parameters.name])) {
    const unit = await manager.view(name);
    if (unit === undefined) throw new GantryError(SERVICE_UNKNOWN, `${manager.name} has no unit ${name} on this node`);
    works.push({ unit, steps: unitSteps(unit, wish) });
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

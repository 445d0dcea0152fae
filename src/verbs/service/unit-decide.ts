import type { Tool } from "../tools.ts";
import type { UnitState } from "./unit-model.ts";

/** What is to be done about units of systemd(1) and services of OpenRC. Pure. */

export interface UnitView {
  readonly name: string;
  readonly running: boolean;
  /** `unknown`: it cannot be said, or nothing can be changed about it (`static` and its like). */
  readonly enabled: boolean | "unknown";
  readonly masked: boolean;
  /** Its file changed since it was read. */
  readonly stale: boolean;
}

export interface UnitWish {
  readonly state: UnitState | undefined;
  readonly enabled: boolean | undefined;
  readonly masked: boolean | undefined;
  readonly daemonReload: boolean;
}

export type UnitStep = "daemon-reload" | "unmask" | "mask" | "enable" | "disable" | UnitAction;
type UnitAction = "start" | "stop" | "restart" | "reload";

/** Steps for one unit, in order. To read unit files anew changes something only where one is not as it was read. */
export function unitSteps(unit: UnitView, wish: UnitWish): UnitStep[] {
  const action = actionFor(unit, wish.state);
  const comesUp = action !== undefined && action !== "stop";
  return [
    ...(unit.stale && (wish.daemonReload || comesUp) ? ["daemon-reload" as const] : []),
    ...(wish.masked === false && unit.masked ? ["unmask" as const] : []),
    ...(wish.enabled !== undefined && unit.enabled !== "unknown" && unit.enabled !== wish.enabled
      ? [wish.enabled ? ("enable" as const) : ("disable" as const)]
      : []),
    ...(action === undefined ? [] : [action]),
    ...(wish.masked === true && !unit.masked ? ["mask" as const] : []),
  ];
}

function actionFor({ running }: UnitView, state: UnitState | undefined): UnitAction | undefined {
  switch (state) {
    case "started":
      return running ? undefined : "start";
    case "stopped":
      return running ? "stop" : undefined;
    case "restarted":
      return "restart";
    case "reloaded":
      return running ? "reload" : "start";
    case undefined:
      return undefined;
  }
}

/** Lines for people. */
export function stepsText(unit: UnitView, steps: readonly UnitStep[]): string[] {
  return steps.map((step) => `~${unit.name}: ${step}`);
}

const PROPERTIES = ["LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload"] as const;

export const systemd = {
  show: (name: string): Tool => ({
    program: "systemctl",
    arguments: ["show", `--property=${PROPERTIES.join(",")}`, "--", name],
    quiet: true,
  }),
  /** Undefined when there is no such unit. */
  read(name: string, stdout: string): UnitView | undefined {
    const values = new Map(
      stdout.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1).trim()]),
    );
    const file = values.get("UnitFileState") ?? "";
    const load = values.get("LoadState");
    if (load === "not-found" || load === undefined) return undefined;
    return {
      name,
      running: ["active", "activating", "reloading", "refreshing"].includes(values.get("ActiveState") ?? ""),
      enabled: enabledOf(file),
      masked: load === "masked" || file.startsWith("masked"),
      stale: values.get("NeedDaemonReload") === "yes",
    };
  },
  tool: (step: UnitStep, name: string): Tool => ({
    program: "systemctl",
    arguments: step === "daemon-reload" ? [step] : [step, "--", name],
  }),
};

function enabledOf(file: string): boolean | "unknown" {
  if (file === "enabled" || file === "enabled-runtime") return true;
  // What is linked or masked can be enabled once it is not any more.
  return ["disabled", "linked", "linked-runtime", "masked", "masked-runtime"].includes(file) ? false : "unknown";
}

export const openrc = {
  exists: (name: string): Tool => ({ program: "rc-service", arguments: ["--exists", name], quiet: true }),
  status: (name: string): Tool => ({ program: "rc-service", arguments: [name, "status"], quiet: true }),
  levels: { program: "rc-update", arguments: ["show"], quiet: true } satisfies Tool,
  /** `rc-update show`: lines of `NAME | LEVEL …`. */
  isEnabled: (name: string, stdout: string): boolean =>
    stdout.split("\n").some((line) => {
      const [service = "", levels = ""] = line.split("|");
      return service.trim() === name && levels.trim() !== "";
    }),
  /** Undefined for what OpenRC does not know. */
  tool(step: UnitStep, name: string): Tool | undefined {
    switch (step) {
      case "enable":
        return { program: "rc-update", arguments: ["add", name, "default"] };
      case "disable":
        return { program: "rc-update", arguments: ["--all", "del", name] };
      case "start":
      case "stop":
      case "restart":
      case "reload":
        return { program: "rc-service", arguments: [name, step] };
      case "mask":
      case "unmask":
      case "daemon-reload":
        return undefined;
    }
  },
};

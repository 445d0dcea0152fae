import type { Tool } from "../tools.ts";
import type { UnitState } from "./unit-model.ts";

/** What is to be done about units of systemd(1) and services of OpenRC. Pure. */

export interface UnitView {
  readonly name: string;
  readonly running: boolean;
  /** It ended, or could not start, and that was not asked for. */
  readonly failed: boolean;
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

const PROPERTIES = ["LoadState", "ActiveState", "SubState", "UnitFileState", "NeedDaemonReload"];
const FAILURE = ["Result", "ExecMainStatus", "Id", "InactiveExitTimestamp"];

function showing(properties: readonly string[], name: string): Tool {
  return { program: "systemctl", arguments: ["show", `--property=${properties.join(",")}`, "--", name], quiet: true };
}

/** Lines of `NAME=VALUE`. */
function valuesOf(stdout: string): ReadonlyMap<string, string> {
  return new Map(
    stdout.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1).trim()]),
  );
}

export const systemd = {
  show: (name: string): Tool => showing(PROPERTIES, name),
  /** Undefined when there is no such unit. */
  read(name: string, stdout: string): UnitView | undefined {
    const values = valuesOf(stdout);
    const file = values.get("UnitFileState") ?? "";
    const load = values.get("LoadState");
    if (load === "not-found" || load === undefined) return undefined;
    const active = values.get("ActiveState") ?? "";
    return {
      name,
      running: ["active", "activating", "reloading", "refreshing"].includes(active),
      failed: active === "failed" || values.get("SubState") === "auto-restart",
      enabled: enabledOf(file),
      masked: load === "masked" || file.startsWith("masked"),
      stale: values.get("NeedDaemonReload") === "yes",
    };
  },
  /** A script of System V, whose unit is made of it, is asked itself. */
  isGenerated: (stdout: string): boolean => valuesOf(stdout).get("UnitFileState") === "generated",
  isEnabled: (name: string): Tool => ({ program: "systemctl", arguments: ["is-enabled", "--", name], quiet: true }),
  readEnabled: (stdout: string): boolean | "unknown" => enabledOf(stdout.trim().split("\n").at(-1) ?? ""),
  showFailure: (name: string): Tool => showing(FAILURE, name),
  /** How it failed, its name in the journal, and since when it wrote there. */
  readFailure(stdout: string): { readonly how: string; readonly id: string; readonly since: string } {
    const values = valuesOf(stdout);
    const [result = "", status, id = "", since = ""] = FAILURE.map((one) => values.get(one));
    if (result === "exit-code") return { how: `ended with exit code ${status}`, id, since };
    if (result === "signal" || result === "core-dump") return { how: `was ended by signal ${status}`, id, since };
    return { how: `failed (${result})`, id, since };
  },
  /** Until it has what was written just now. */
  syncJournal: { program: "journalctl", arguments: ["--sync"], quiet: true } satisfies Tool,
  /** By the unit and the time: which run of it wrote something is not known of what ended at once. */
  journal: (id: string, since: string): Tool => ({
    program: "journalctl",
    arguments: ["--no-pager", "--quiet", "--output=cat", "--lines=10", `--since=${since}`, `_SYSTEMD_UNIT=${id}`],
    quiet: true,
  }),
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
  /** Exit code of `status`: what it started is gone. */
  CRASHED: 32,
  /** Runlevels it is in. `rc-update show`: lines of `NAME | LEVEL …`. */
  levelsOf: (name: string, stdout: string): readonly string[] =>
    stdout.split("\n").flatMap((line) => {
      const [service = "", levels = ""] = line.split("|");
      return service.trim() === name ? levels.split(" ").filter((level) => level !== "") : [];
    }),
  /** Undefined for what OpenRC does not know. `levels`: those it is in; to be taken out of another is an error there. */
  tool(step: UnitStep, name: string, levels: readonly string[]): Tool | undefined {
    switch (step) {
      case "enable":
        return { program: "rc-update", arguments: ["add", name, "default"] };
      case "disable":
        return { program: "rc-update", arguments: ["del", name, ...levels] };
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

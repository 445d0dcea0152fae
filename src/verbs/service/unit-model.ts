import { z } from "zod";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import { templated } from "../model.ts";
import type { ReadVerb } from "../verb.ts";
import { readService, serviceName, serviceOptions, serviceParameters } from "./model.ts";

/** SERVICE with units of the node's own service manager, systemd or OpenRC. Pure. */

/** It never begins with a dash: it would be an option of the manager. */
const unitName = templated(
  z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.:@\\-]*$/, "is not the name of a unit"),
);

export const UNIT_STATES = ["started", "stopped", "restarted", "reloaded"] as const;
export type UnitState = (typeof UNIT_STATES)[number];

export const serviceVerbParameters = z.object({
  ...serviceParameters.shape,
  name: serviceName
    .optional()
    .describe("Name of a service of the agent's own; without a command and unknown to it: of a unit of the node"),
  state: z
    .enum(["started", "stopped", "restarted", "reloaded", "absent"])
    .optional()
    .describe("What it shall be; left out: started. reloaded is for units, absent for the agent's own"),
  units: z.array(unitName).max(200).optional().describe("Units of the node's service manager: systemd, or OpenRC"),
  enabled: z.boolean().optional().describe("Whether the units come up with the node"),
  masked: z.boolean().optional().describe("Whether the units cannot be started at all (systemd)"),
  daemon_reload: z.boolean().optional().describe("The manager reads its unit files anew first (systemd)"),
});
export type ServiceVerbParameters = z.output<typeof serviceVerbParameters>;

export const SERVICE_OPTIONS = {
  ...serviceOptions,
  started: "flag",
  stopped: "flag",
  restarted: "flag",
  reloaded: "flag",
  enable: "flag",
  disable: "flag",
  mask: "flag",
  unmask: "flag",
  "daemon-reload": "flag",
} as const;

const UNIT_FLAGS = [...UNIT_STATES, "enable", "disable", "mask", "unmask", "daemon-reload"] as const;

/**
 * `[--started|--stopped|--restarted|--reloaded] [--enable|--disable] [--mask|--unmask] [--daemon-reload] UNIT…` for the node's own manager;
 * without any of these a service of the agent's own: `[OPTIONS] NAME [COMMAND…]`. Throws `verb_text_wrong`.
 */
export function readAnyService(options: ParsedOptions, verb: string): ReadVerb {
  const { flags, values } = options;
  if (!UNIT_FLAGS.some((flag) => flags.has(flag))) return readService(options);
  const own = Object.keys(serviceOptions).find(
    (name) => name !== "state" && (values.has(name) || options.lists.has(name)),
  );
  if (own !== undefined) throw wrong(verb, `--${own} is for services of the agent's own, not for units of the node`);
  const states = [
    ...UNIT_STATES.filter((state) => flags.has(state)),
    ...(values.has("state") ? [values.get("state")] : []),
  ];
  if (states.length > 1) throw wrong(verb, `one state is enough, and here are ${states.join(" and ")}`);
  for (const [yes, no] of [
    ["enable", "disable"],
    ["mask", "unmask"],
  ] as const)
    if (flags.has(yes) && flags.has(no)) throw wrong(verb, `--${yes} and --${no} contradict each other`);
  const units = splitWords(verb, options.rest);
  return {
    parameters: {
      units,
      // As Directord: what is enabled is started along with it, unless something else is said.
      state: states[0] ?? (flags.has("enable") ? "started" : undefined),
      enabled: flags.has("enable") ? true : flags.has("disable") ? false : undefined,
      masked: flags.has("mask") ? true : flags.has("unmask") ? false : undefined,
      daemon_reload: flags.has("daemon-reload") ? true : undefined,
    },
  };
}

export function serviceProblem(parameters: ServiceVerbParameters): string | undefined {
  const { name, units, command, state, enabled, masked, daemon_reload: reload, watch } = parameters;
  if (name !== undefined && units !== undefined)
    return "name is for a service of the agent's own, units for the node's: give one";
  if (name === undefined && (units ?? []).length === 0 && reload !== true) return "needs a name";
  if (units !== undefined) {
    if (command !== undefined || watch !== undefined) return "command and watch are for services of the agent's own";
    if (state === "absent") return "absent is for services of the agent's own: units stay until their package goes";
    if (masked === true && (enabled === true || (state !== undefined && state !== "stopped")))
      return "a masked unit can be neither enabled nor started";
    return undefined;
  }
  if (name !== undefined && command !== undefined && (enabled ?? masked ?? reload) !== undefined)
    return "enabled, masked and daemon_reload are for units of the node";
  if (command !== undefined && state === "reloaded") return "reloaded is for units of the node";
  return undefined;
}

import { z } from "zod";
import { canonicalJson } from "../../kernel/json.ts";
import { type CommonParameters, nodePath } from "../model.ts";
import { type ParsedOptions, secondsOption, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** SERVICE: a program that goes on running, as a plain unit of the agent's own. Pure: what it is, and what is to be done about it. */

const SERVICE_STATES = ["started", "stopped", "restarted", "absent"] as const;
export type WantedState = (typeof SERVICE_STATES)[number];

export const serviceName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, "is not a name of letters, digits, dots and dashes");

export const serviceParameters = z.object({
  name: serviceName.describe("Name of the service on this node"),
  command: z
    .array(z.string().max(4096))
    .min(1)
    .max(256)
    .optional()
    .describe("Program and arguments; needed the first time"),
  watch: z.array(nodePath).max(256).optional().describe("Files: when the content of one has changed, it is restarted"),
  state: z.enum(SERVICE_STATES).default("started").describe("What it shall be"),
  restart: z.enum(["no", "on-failure"]).optional().describe("Whether the agent starts it again when it fails"),
  stop_seconds: z
    .number()
    .min(0)
    .max(3600)
    .optional()
    .describe("Seconds between the request to end and the end by force, 10 when left out"),
});
export type ServiceParameters = z.output<typeof serviceParameters> &
  Pick<CommonParameters, "cwd" | "environment" | "user">;

/** What a service is: a change of it means a restart. */
const serviceDefinition = z.object({
  command: z.array(z.string()).min(1),
  folder: z.string(),
  environment: z.record(z.string(), z.string()),
  /** Left out: the agent's own. */
  user: z.string().optional(),
  watch: z.array(z.string()),
  restart: z.enum(["no", "on-failure"]),
  stopSeconds: z.number(),
});
export type ServiceDefinition = z.output<typeof serviceDefinition>;

const processSchema = z.object({ pid: z.int(), start: z.string(), boot: z.string() });

/** What the agent writes down about a service. */
export const serviceRecord = z.object({
  definition: serviceDefinition,
  /** Hash of the watched files when it was started. */
  watched: z.string(),
  wanted: z.enum(["started", "stopped"]),
  process: processSchema.nullable(),
  /** Epoch milliseconds. */
  startedAt: z.number().nullable(),
  /** How its last process ended, where the agent saw it. */
  exit: z.object({ code: z.int().nullable(), signal: z.string().nullable() }).nullable(),
  /** Times the agent started it again by itself since somebody last asked for it. */
  restarts: z.int(),
});
export type ServiceRecord = z.output<typeof serviceRecord>;

const DEFAULT_STOP_SECONDS = 10;

/** The definition after a call; undefined when there is neither an old one nor a command. What is left out stays as it was. */
export function definitionAfter(
  parameters: ServiceParameters,
  old: ServiceDefinition | undefined,
): ServiceDefinition | undefined {
  const command = parameters.command ?? old?.command;
  if (command === undefined) return undefined;
  // A call with a command says what the service is; without one it only asks for a state.
  const base = parameters.command === undefined ? old : undefined;
  const user = parameters.user ?? base?.user;
  return {
    command: [...command],
    folder: parameters.cwd ?? base?.folder ?? ".",
    environment: { ...(parameters.environment ?? base?.environment) },
    ...(user === undefined ? {} : { user }),
    watch: [...(parameters.watch ?? base?.watch ?? [])],
    restart: parameters.restart ?? base?.restart ?? "no",
    stopSeconds: parameters.stop_seconds ?? base?.stopSeconds ?? DEFAULT_STOP_SECONDS,
  };
}

export type ServiceStep = "stop" | "start" | "remove" | "keep";

export interface ServiceView {
  readonly definition: ServiceDefinition;
  readonly watched: string;
  readonly running: boolean;
}

/** What brings a service to the state asked for, in order, and why. */
export function decideService(
  wanted: WantedState,
  now: ServiceView | undefined,
  next: { readonly definition: ServiceDefinition; readonly watched: string } | undefined,
): { readonly steps: readonly ServiceStep[]; readonly reason: string } {
  const running = now?.running === true;
  if (wanted === "absent")
    return now === undefined
      ? { steps: [], reason: "is not there" }
      : { steps: ["stop", "remove"], reason: "is not wanted any more" };
  if (wanted === "stopped")
    return running ? { steps: ["stop", "keep"], reason: "shall not run" } : { steps: ["keep"], reason: "does not run" };
  if (!running) return { steps: ["start"], reason: now === undefined ? "is new" : "does not run" };
  if (wanted === "restarted") return { steps: ["stop", "start"], reason: "shall start anew" };
  if (next !== undefined && now !== undefined && !sameProgram(now.definition, next.definition)) {
    return { steps: ["stop", "start"], reason: "is defined differently" };
  }
  if (next !== undefined && now !== undefined && now.watched !== next.watched)
    return { steps: ["stop", "start"], reason: "watches a file that changed" };
  return { steps: ["keep"], reason: "runs as it should" };
}

/** How it is supervised may change while it runs. */
function sameProgram(a: ServiceDefinition, b: ServiceDefinition): boolean {
  function program({ command, folder, environment, user = "", watch }: ServiceDefinition): string {
    return canonicalJson({ command, folder, environment, user, watch: [...watch].sort() });
  }
  return program(a) === program(b);
}

export type ServiceState = "running" | "stopped" | "failed";

export function stateOf(record: ServiceRecord, running: boolean): ServiceState {
  if (running) return "running";
  if (record.wanted === "stopped") return "stopped";
  return record.exit?.code === 0 ? "stopped" : "failed";
}

/** Milliseconds before start number `restarts` (from 0) of a service that fails. */
export function restartDelay(restarts: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.min(restarts, 10));
}

/** Milliseconds it has to run for its earlier failures to be forgotten. */
export const LONG_ENOUGH = 60_000;

export const serviceOptions = { state: "value", watch: "values", restart: "value", "stop-seconds": "value" } as const;

/** `SERVICE [OPTIONS] NAME [COMMAND…]`. Throws `verb_text_wrong`. */
export function readService(options: ParsedOptions): ReadVerb {
  const [name, ...command] = splitWords("SERVICE", options.rest);
  if (name === undefined) throw wrong("SERVICE", "needs a name");
  const watch = options.lists.get("watch");
  return {
    parameters: {
      name,
      command: command.length === 0 ? undefined : command,
      watch: watch === undefined ? undefined : [...watch],
      state: options.values.get("state"),
      restart: options.values.get("restart"),
      stop_seconds: secondsOption("SERVICE", options, "stop-seconds"),
    },
  };
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import {
  endProcesses,
  groupMembers,
  isRunning,
  processesMarked,
  processName,
  type ProcessName,
} from "../../executor/index.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { COMMAND_NOT_STARTED } from "../errors.ts";
import { switching } from "../program.ts";
import type { NodeUser } from "../users.ts";
import type { ServiceDefinition } from "./model.ts";

/** The process of a service: in a session of its own, so that it outlives the agent, and marked, so that it is found again. */

export const SERVICE_MARKER = "GANTRY_SERVICE";

export interface Started {
  readonly child: ChildProcess;
  /** Undefined when it ended before anybody could look. */
  readonly process: ProcessName | undefined;
}

/** Throws `command_not_started`, `user_refused`. */
export async function startProcess(
  definition: ServiceDefinition,
  options: {
    readonly folder: string;
    readonly environment: NodeJS.ProcessEnv;
    /** Undefined: the agent's own. */
    readonly user: NodeUser | undefined;
    readonly log: string;
    readonly marker: string;
  },
): Promise<Started> {
  const words = [...(await switching(options.user, options.environment["PATH"])), ...definition.command];
  const [program = "", ...rest] = words;
  const log = await open(options.log, "a", 0o600);
  try {
    const child = spawn(program, rest, {
      cwd: options.folder,
      env: { ...options.environment, [SERVICE_MARKER]: options.marker },
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
    });
    await once(child, "spawn");
    child.unref();
    return { child, process: processName(child.pid as number) };
  } catch (error) {
    throw new GantryError(
      COMMAND_NOT_STARTED,
      `${definition.command[0]} cannot be started in ${options.folder}: ${messageOf(error)}`,
      { cause: error },
    );
  } finally {
    await log.close();
  }
}

/** The process of a service nobody wrote down: the agent died in between. It leads the group it is in. */
export function findMarked(marker: string): ProcessName | undefined {
  for (const pid of processesMarked(SERVICE_MARKER, marker)) {
    if (groupMembers(pid).includes(pid)) return processName(pid);
  }
  return undefined;
}

/** Ends the process with all it started, those that left its group included. */
export function endService(process: ProcessName | null, marker: string, patience: number): Promise<void> {
  return endProcesses(
    () => {
      const pids = new Set(processesMarked(SERVICE_MARKER, marker));
      // The group is ours for as long as its leader is the very process we started; later the number may be somebody else's.
      if (process !== null && isRunning(process)) for (const pid of groupMembers(process.pid)) pids.add(pid);
      return [...pids];
    },
    { patience },
  );
}

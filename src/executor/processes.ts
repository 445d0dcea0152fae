import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { isSameProcess, type ProcessRecord, processStart } from "../platform/files/index.ts";

/**
 * The machine's processes, as Linux shows them. A pid alone names nothing: it is used again. A pid with its start time does.
 * What we start also carries a marker in its environment, which its children inherit and which is there from its first moment:
 * so even a process whose pid nobody had time to write down is found.
 */

/** A process, named for good, also over restarts of the machine. */
export interface ProcessName extends ProcessRecord {
  /** The boot its start time counts from. */
  readonly boot: string;
}

/** Milliseconds between two looks at processes that should end. */
const LOOK = 20;

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

/** Undefined when there is no such process. A zombie has ended: only its parent has not looked yet. */
export function processName(pid: number): ProcessName | undefined {
  const start = processStart(pid);
  return start === undefined ? undefined : { pid, start, boot: bootId() };
}

/** Is this very process still running? */
export function isRunning(name: ProcessName): boolean {
  return isSameProcess(name) && bootId() === name.boot;
}

/** Running processes of a process group. */
export function groupMembers(group: number): number[] {
  return allPids().filter((pid) => groupOf(pid) === group && processStart(pid) !== undefined);
}

/** Running processes whose environment holds `NAME=value`, children of ours and those that left their group included. */
export function processesMarked(name: string, value: string): number[] {
  const wanted = `${name}=${value}`;
  return allPids().filter((pid) => {
    if (pid === process.pid) return false;
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
      return environment.split("\0").includes(wanted) && processStart(pid) !== undefined;
    } catch {
      // Ended meanwhile, or somebody else's.
      return false;
    }
  });
}

export interface EndOptions {
  /** Milliseconds between the request to end and the end by force; 0 is force at once. */
  readonly patience: number;
}

/** Ends processes found by `find` until it finds none: first by SIGTERM, then by SIGKILL. Looks again because they may start others. */
export async function endProcesses(find: () => readonly number[], options: EndOptions): Promise<void> {
  const until = performance.now() + options.patience;
  let asked = new Set<number>();
  for (;;) {
    const found = find();
    if (found.length === 0) return;
    const force = performance.now() >= until;
    for (const pid of found) if (force || !asked.has(pid)) signal(pid, force ? "SIGKILL" : "SIGTERM");
    asked = new Set(found);
    await wait(LOOK);
  }
}

/** Ends a process group, and returns when none of it runs any more. */
export function endGroup(group: number, options: EndOptions): Promise<void> {
  return endProcesses(() => groupMembers(group), options);
}

/** Sends a signal; a process that is gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** proc(5): the program's name in brackets may hold anything; process group is the third field behind it. */
function groupOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[2]);
  } catch {
    return undefined;
  }
}

import { readFileSync } from "node:fs";

/** A process, named for good: pids are used again, but not with the same start. */
export interface ProcessRecord {
  readonly pid: number;
  /** Start time in clock ticks since the machine booted (`/proc/PID/stat`, field 22), as text. */
  readonly start: string;
}

/** When a process started, or undefined when there is none (or only its unreaped remains). */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, and may hold anything, parentheses too.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export function isSameProcess(record: ProcessRecord): boolean {
  return processStart(record.pid) === record.start;
}

export function ownProcess(): ProcessRecord {
  return { pid: process.pid, start: processStart(process.pid) ?? "" };
}

/** Sends a signal to a whole process group. False when there is none any more. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

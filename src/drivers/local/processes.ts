import { readdirSync, readFileSync } from "node:fs";
import { isSameProcess, type ProcessRecord } from "../../platform/files/index.ts";
import { familyOf, MARKER, type Process } from "./model.ts";

/** What runs on this machine. Reading /proc is no disk access: these calls are short and need not be asynchronous. */

/** The process under a pid, or undefined when there is none. One that has ended and waits for its parent counts as none. */
export function processAt(pid: number): Process | undefined {
  const text = read(`/proc/${pid}/stat`);
  // proc(5): the second field is the program's name in brackets, and may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, , session] = fields;
  const start = fields[19];
  if (start === undefined || state === "Z" || state === "X") return undefined;
  return { pid, parent: Number(parent), session: Number(session), start };
}

/** What runs for a foundation: whatever carries its marker, what was `seen` before, and all that descends from these. Never we. */
export function processesOf(id: string, seen: readonly ProcessRecord[] = []): readonly Process[] {
  const all = runningProcesses();
  const seeds = new Set(seen.filter((one) => isSameProcess(one)).map(({ pid }) => pid));
  for (const { pid } of all) if (isMarked(pid, id)) seeds.add(pid);
  seeds.delete(process.pid);
  return familyOf(all, seeds).filter(({ pid }) => pid !== process.pid);
}

/** The very process that was seen before, if it still runs and carries the marker of this foundation. */
export function markedProcess(id: string, seen: ProcessRecord): Process | undefined {
  return isSameProcess(seen) && isMarked(seen.pid, id) ? processAt(seen.pid) : undefined;
}

/** The process of a foundation that was started with these arguments at the end of its command line. */
export function processWithArguments(id: string, wanted: readonly string[]): Process | undefined {
  const end = `\0${wanted.join("\0")}\0`;
  return runningProcesses().find(({ pid }) => isMarked(pid, id) && read(`/proc/${pid}/cmdline`).endsWith(end));
}

/** Sends a signal to this very process; one that has ended meanwhile is no error. */
export function signalProcess(target: Process, signal: NodeJS.Signals): void {
  if (!isSameProcess(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Which start of the machine this is: clock ticks count from it. */
export function bootId(): string {
  return read("/proc/sys/kernel/random/boot_id").trim();
}

function isMarked(pid: number, id: string): boolean {
  return read(`/proc/${pid}/environ`).split("\0").includes(`${MARKER}=${id}`);
}

function runningProcesses(): readonly Process[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    return processAt(Number(entry)) ?? [];
  });
}

/** Empty for a process that ended meanwhile, or that is not ours to look into. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

import { hostname } from "node:os";
import { isSameProcess, ownProcess } from "../../platform/files/index.ts";

/** Who made something in an engine that workers of many machines may use. */

/** Names this process to others, also on other machines. */
export function ownerName(): string {
  const { pid, start } = ownProcess();
  return `${hostname()} ${pid} ${start}`;
}

/** Whether what calls itself so is certain to have ended: a process of another machine never is. */
export function hasEnded(owner: string): boolean {
  const [host, pid, start = ""] = owner.split(" ");
  return host === hostname() && !isSameProcess({ pid: Number(pid), start });
}

import { readFile } from "node:fs/promises";

/**
 * A name for the time since this node came up. The kernel's own is that of the host in a container: there it is the start of the first
 * process that changes.
 */
export async function bootName(): Promise<string> {
  const [kernel, first] = await Promise.all([
    readFile("/proc/sys/kernel/random/boot_id", "utf8"),
    readFile("/proc/1/stat", "latin1"),
  ]);
  // proc(5): the program's name in brackets may hold anything; the start is the 20th field behind it.
  const start = first.slice(first.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  return `${kernel.trim()}/${start}`;
}

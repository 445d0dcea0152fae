import { existsSync, readFileSync } from "node:fs";
import { GantryError } from "../../kernel/errors.ts";
import type { LxcAttributes } from "./attributes.ts";
import { LXC_LIMIT_UNAVAILABLE } from "./errors.ts";

/** What of the attributes the kernel is to hold a container to. LXC itself passes over a limit that the machine does not know. */

const ROOT = "/sys/fs/cgroup";
/** Microseconds over which a share of processors is measured. */
const PERIOD = 100_000;

interface Limit {
  readonly controller: string;
  readonly attribute: "memory" | "cpus" | "pids";
  /** Of cgroup v2, and of the same controller where the machine still has v1. */
  readonly unified: readonly string[];
  readonly legacy: readonly string[];
}

/** Lines of the configuration for the limits that are asked for. Throws `lxc_limit_unavailable`. */
export function limitLines(
  attributes: Pick<LxcAttributes, "memory" | "cpus" | "pids">,
  root = ROOT,
): readonly string[] {
  return limitsOf(attributes).flatMap(({ controller, attribute, unified, legacy }) => {
    if (readText(`${root}/cgroup.controllers`).split(/\s+/).includes(controller)) return unified;
    if (existsSync(`${root}/${controller}/cgroup.procs`)) return legacy;
    throw new GantryError(
      LXC_LIMIT_UNAVAILABLE,
      `${attribute}: this machine has no cgroup controller ${controller}, so it cannot limit a container's ${attribute}`,
    );
  });
}

function limitsOf({ memory, cpus, pids }: Pick<LxcAttributes, "memory" | "cpus" | "pids">): readonly Limit[] {
  const quota = cpus === undefined ? 0 : Math.max(1000, Math.round(cpus * PERIOD));
  const limits: Limit[] = [];
  if (memory !== undefined) {
    limits.push({
      controller: "memory",
      attribute: "memory",
      unified: [`lxc.cgroup2.memory.max = ${memory}`],
      legacy: [`lxc.cgroup.memory.limit_in_bytes = ${memory}`],
    });
  }
  if (cpus !== undefined) {
    limits.push({
      controller: "cpu",
      attribute: "cpus",
      unified: [`lxc.cgroup2.cpu.max = ${quota} ${PERIOD}`],
      legacy: [`lxc.cgroup.cpu.cfs_period_us = ${PERIOD}`, `lxc.cgroup.cpu.cfs_quota_us = ${quota}`],
    });
  }
  if (pids !== undefined) {
    limits.push({
      controller: "pids",
      attribute: "pids",
      unified: [`lxc.cgroup2.pids.max = ${pids}`],
      legacy: [`lxc.cgroup.pids.max = ${pids}`],
    });
  }
  return limits;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

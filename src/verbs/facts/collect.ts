import {
  arch,
  availableParallelism,
  freemem,
  hostname,
  loadavg,
  networkInterfaces,
  release,
  totalmem,
  uptime,
} from "node:os";
import { readFile } from "node:fs/promises";
import type { JsonObject } from "../../kernel/json.ts";

/** What a node says about itself. */
export async function collectFacts(): Promise<JsonObject> {
  return {
    hostname: hostname(),
    system: await systemName(),
    kernel: release(),
    architecture: arch(),
    processors: availableParallelism(),
    memory: totalmem(),
    memory_free: freemem(),
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
    uptime: Math.round(uptime()),
    addresses: Object.values(networkInterfaces())
      .flatMap((some) => some ?? [])
      .filter(({ internal }) => !internal)
      .map(({ address }) => address),
    node: process.version,
  };
}

/** os-release(5). */
async function systemName(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? process.platform;
}

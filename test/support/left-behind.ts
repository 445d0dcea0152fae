import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { afterAll, vi } from "vitest";

// Also for the threads that tests start: each would bring the TypeScript compiler with it.
enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/unit-tests"));

/**
 * Files of unit tests run in one process, one after the other. So each leaves what they share as it found it: the environment, the working
 * folder, the clock, and who listens to the process.
 */
const before = shared();

afterAll(() => {
  const now = shared();
  const changed = Object.keys({ ...before, ...now }).filter((name) => before[name] !== now[name]);
  if (changed.length === 0) return;
  const list = changed.map((name) => `${name}: ${before[name] ?? "nothing"} before, ${now[name] ?? "nothing"} now`);
  throw new Error(`this file of tests leaves behind what others see:\n${list.join("\n")}`);
});

function shared(): Record<string, string> {
  const environment = Object.entries(process.env).map(([name, value]) => [`environment ${name}`, String(value)]);
  const listeners = ["SIGINT", "SIGTERM", "SIGHUP"].map((event) => [
    `listeners to ${event}`,
    String(process.listenerCount(event)),
  ]);
  return {
    ...(Object.fromEntries([...environment, ...listeners]) as Record<string, string>),
    "working folder": process.cwd(),
    clock: vi.isFakeTimers() ? "held" : "real",
    "exit code": String(process.exitCode),
  };
}

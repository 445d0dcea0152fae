import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type CancelTimer, systemClock } from "../../kernel/clock.ts";
import {
  fifosOf,
  type Launcher,
  PERL,
  removeFifos,
  type RunningCommand,
  startLauncher,
  type TakeOutput,
} from "./launcher.ts";
import type { LaunchRequest } from "./request.ts";

/**
 * The launchers of an agent. There are none while it rests: they are started when commands come one after another, for the next ones, so
 * that no command ever waits for a launcher; and ended when none came for a while.
 */
export interface Launchers {
  /** Starts a command by a launcher that is free. Undefined: nothing was started, so start it another way. */
  start(request: LaunchRequest, take: TakeOutput): RunningCommand | undefined;
  /** Launchers that wait for a command. */
  free(): number;
  /** Ends them all; a command that runs goes on. */
  close(): void;
}

/** Launchers at the same time: as many commands at once are started cheaply. */
const MOST = 8;
/** Milliseconds between two commands that come one after another. */
const CLOSE_BY = 1000;
/** Milliseconds without a command after which launchers end. */
const REST = 10_000;

/** Launchers that never became free, one after another: there is no room for their pipes, or no Perl that works. Then no more are tried. */
const MOST_FAILURES = 3;

/** `folder`: absolute, theirs alone, for their pipes; made when needed. What an earlier agent left in it goes. */
export function createLaunchers(folder: string): Launchers {
  const launchers = new Set<Launcher>();
  const possible = existsSync(PERL);
  let failures = 0;
  let number = 0;
  let last = Number.NEGATIVE_INFINITY;
  let closed = false;
  let preparing = false;
  let rest: CancelTimer | undefined;
  rmSync(folder, { recursive: true, force: true });

  /** Its pipes are made by a program: Node cannot. */
  function prepare(): void {
    if (launchers.size >= MOST || preparing) return;
    number += 1;
    // Until it has shown that it works.
    failures += 1;
    const path = join(folder, String(number));
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const making = spawn("mkfifo", ["-m", "600", ...fifosOf(path)], {
        env: { PATH: "/usr/bin:/bin:/usr/local/bin" },
        stdio: "ignore",
      });
      preparing = true;
      making.once("error", () => prepared(path, false));
      making.once("exit", (code) => prepared(path, code === 0));
    } catch {
      // Commands are started without.
    }
  }

  function prepared(path: string, isThere: boolean): void {
    preparing = false;
    try {
      if (!isThere || closed) return removeFifos(path);
      launch(path);
    } catch {
      removeFifos(path);
    }
  }

  function launch(path: string): void {
    const launcher = startLauncher(path, () => {
      if (launcher.state === "ended") launchers.delete(launcher);
      else failures = 0;
    });
    launchers.add(launcher);
    rest ??= systemClock.after(REST, lookAtRest);
  }

  function lookAtRest(): void {
    rest = undefined;
    const idle = performance.now() - last >= REST;
    for (const launcher of launchers) if (idle && launcher.state === "free") launcher.retire();
    if (launchers.size > 0) rest = systemClock.after(REST, lookAtRest);
  }

  return {
    start(request, take) {
      const now = performance.now();
      const often = now - last < CLOSE_BY;
      last = now;
      if (!possible || closed) return undefined;
      let isStarting = false;
      for (const launcher of launchers) {
        if (launcher.state === "free") return launcher.run(request, take);
        isStarting ||= launcher.state === "starting";
      }
      if (often && failures < MOST_FAILURES && !isStarting) prepare();
      return undefined;
    },
    free: () => [...launchers].filter(({ state }) => state === "free").length,
    close() {
      closed = true;
      rest?.();
      for (const launcher of launchers) launcher.retire();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

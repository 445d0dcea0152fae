import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { systemClock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { COMMAND_LOST } from "../errors.ts";
import { endGroup } from "../processes.ts";
import { openPipe } from "./pipe.ts";
import { LAUNCHER_PROGRAM } from "./program.ts";
import { encodeRequest, environmentFields, type LaunchRequest } from "./request.ts";

/** How a command ended. */
export interface CommandEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Takes a piece of output; the next one is read when it resolves. */
export type TakeOutput = (stream: "stdout" | "stderr", chunk: Uint8Array) => Promise<void>;

/** A command that was started. */
export interface RunningCommand {
  /** The process group it leads. */
  readonly group: number;
  /** `unknown`: it could not be executed, for a reason only the one who starts it anew hears. Rejects with `command_lost`. */
  readonly ended: Promise<CommandEnd | "unknown">;
  /** Resolves when all its output was taken: nobody can write any more. Rejects as the taker does. */
  readonly drained: Promise<void>;
  /** To be called once, at last: output not taken by now is given up. */
  release(): void;
}

/** One launcher: a process that has one command at a time. */
export interface Launcher {
  readonly state: "starting" | "free" | "busy" | "ended";
  /** Only when free. Undefined: nothing was started. Rejects with `command_lost` when the launcher ends under it. */
  run(request: LaunchRequest, take: TakeOutput): Promise<RunningCommand | undefined>;
  /** Takes no more commands; ends when the one it has does. */
  retire(): void;
}

interface Current {
  readonly take: TakeOutput;
  readonly started: PromiseWithResolvers<RunningCommand | undefined>;
  readonly ended: PromiseWithResolvers<CommandEnd | "unknown">;
  readonly drained: PromiseWithResolvers<void>;
  group: number;
  unknown: boolean;
  over: boolean;
}

export const PERL = "/usr/bin/perl";
/** Milliseconds after which output is taken as it comes: by then most commands are over, and need no sockets. */
const LIVE_AFTER = 50;
/** Milliseconds between SIGTERM and SIGKILL for a command whose launcher is gone. */
const PATIENCE = 2000;

/** Starts one with its pipes at `PATH.out` and `PATH.err`. `changed` is called when it becomes free and when it has ended. */
export function startLauncher(path: string, changed: () => void): Launcher {
  const paths = { stdout: `${path}.out`, stderr: `${path}.err` };
  const pipes = { stdout: openPipe(paths.stdout), stderr: openPipe(paths.stderr) };
  // It has nothing of the agent's environment: each command brings its own.
  const child = spawn(PERL, ["-e", LAUNCHER_PROGRAM, paths.stdout, paths.stderr], {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin:/usr/local/bin" },
    // A session of its own: Ctrl-C in the agent's terminal is for the agent.
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const answers = child.stdout as unknown as Socket;
  // Only while a command runs does it keep its agent from ending.
  child.unref();
  (child.stdin as unknown as Socket).unref();
  answers.unref();
  let state: Launcher["state"] = "starting";
  let retired = false;
  let current: Current | undefined;
  let said = "";
  /** Of the command before. */
  let environment = "";

  child.once("error", gone);
  // Not at its exit: what it said last may not have been heard by then.
  child.once("close", gone);
  // A launcher that was killed is heard of by its end.
  child.stdin.on("error", () => undefined);
  answers.setEncoding("latin1");
  answers.on("data", (text: string) => {
    const lines = (said + text).split("\n");
    said = lines.pop() ?? "";
    for (const line of lines) heard(line);
  });

  function heard(line: string): void {
    const [word, number] = line.split(" ");
    if (word === "ready") becomeFree();
    else if (word === "started") started(Number(number));
    else if (word === "ended") ended(Number(number));
    else if (word === "unknown" && current !== undefined) current.unknown = true;
    else if (word === "refused") {
      const before = current;
      current = undefined;
      becomeFree();
      before?.started.resolve(undefined);
    }
  }

  function becomeFree(): void {
    if (retired) return;
    answers.unref();
    try {
      pipes.stdout.open();
      pipes.stderr.open();
    } catch {
      return retire();
    }
    state = "free";
    changed();
  }

  function started(group: number): void {
    if (current === undefined) return;
    const one = current;
    one.group = group;
    // Never cancelled: it costs less to let it find that the command is over.
    systemClock.after(LIVE_AFTER, () => {
      if (current === one && !one.over) drain(one, "live");
    });
    one.started.resolve({
      group,
      ended: one.ended.promise,
      drained: one.drained.promise,
      release: () => release(one),
    });
  }

  function ended(status: number): void {
    if (current === undefined) return;
    const one = current;
    one.over = true;
    drain(one, "rest");
    one.ended.resolve(one.unknown ? "unknown" : endOf(status));
  }

  let draining: Current | undefined;
  function drain(one: Current, how: "live" | "rest"): void {
    if (draining === one) return;
    draining = one;
    Promise.all([
      pipes.stdout[how]((chunk) => one.take("stdout", chunk)),
      pipes.stderr[how]((chunk) => one.take("stderr", chunk)),
    ]).then(() => one.drained.resolve(), one.drained.reject);
  }

  function release(one: Current): void {
    if (current !== one) return;
    current = undefined;
    // What still writes to these pipes must not be heard as the next command.
    if (one.over && pipes.stdout.clean() && pipes.stderr.clean()) becomeFree();
    else retire();
  }

  function retire(): void {
    if (retired) return;
    retired = true;
    answers.unref();
    state = "ended";
    child.stdin.end();
    pipes.stdout.close();
    pipes.stderr.close();
    changed();
  }

  function gone(): void {
    retire();
    for (const each of Object.values(paths)) rmSync(each, { recursive: true, force: true });
    const one = current;
    if (one === undefined || one.over) return;
    void lose(one);
  }

  /** Nobody will hear how the command ends. */
  async function lose(one: Current): Promise<void> {
    const begun = one.group !== 0;
    // What it may not end, it cannot wait for either.
    if (begun) await endGroup(one.group, { patience: PATIENCE }).catch(() => undefined);
    const error = new GantryError(
      COMMAND_LOST,
      `the process that starts commands was ended by somebody else; ${begun ? "the command was ended with it" : "whether the command began is not known"}`,
    );
    one.ended.reject(error);
    one.started.reject(error);
  }

  return {
    get state() {
      return state;
    },
    async run(request, take) {
      const fields = environmentFields(request.environment);
      if (fields === undefined) return undefined;
      const text = fields.join("\0");
      // A launcher cannot be told of an environment with nothing in it.
      const bytes = text === "" ? undefined : encodeRequest(request, text === environment ? [] : fields);
      if (bytes === undefined) return undefined;
      environment = text;
      state = "busy";
      const one: Current = {
        take,
        started: Promise.withResolvers(),
        ended: Promise.withResolvers(),
        drained: Promise.withResolvers(),
        group: 0,
        unknown: false,
        over: false,
      };
      // Whoever waits for one of them may not come to wait for the others.
      one.ended.promise.catch(() => undefined);
      one.drained.promise.catch(() => undefined);
      current = one;
      answers.ref();
      child.stdin.write(bytes);
      return one.started.promise;
    },
    retire,
  };
}

/** The status as wait(2) gives it. */
function endOf(status: number): CommandEnd {
  const number = status & 0x7f;
  if (number === 0) return { code: status >> 8, signal: null };
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return { code: null, signal: (name ?? `SIG${number}`) as NodeJS.Signals };
}

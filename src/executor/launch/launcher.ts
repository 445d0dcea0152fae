import { spawn } from "node:child_process";
import { closeSync, openSync, constants as files, readSync, rmSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { systemClock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { COMMAND_LOST } from "../errors.ts";
import { endGroup } from "../processes.ts";
import { outputPipe, READING } from "./pipe.ts";
import { LAUNCHER_PROGRAM } from "./program.ts";
import { environmentText, type LaunchRequest, requestText } from "./request.ts";

/** How a command ended. */
export interface CommandEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Takes a piece of output; the next one is read when it resolves, or at once. */
export type TakeOutput = (stream: "stdout" | "stderr", chunk: Uint8Array) => Promise<void> | undefined;

/** A command that was started. */
export interface RunningCommand {
  /** `unknown`: it could not be executed, for a reason only the one who starts it anew hears. Rejects with `command_lost`. */
  readonly ended: Promise<CommandEnd | "unknown">;
  /** Ends it with its whole process group; resolves when none of that runs any more. `patience`: milliseconds between SIGTERM and SIGKILL. */
  end(patience: number): Promise<void>;
  /** When it has ended: resolves when all its output was taken, nobody can write any more. Rejects as the taker does. Undefined: it was. */
  drained(): Promise<void> | undefined;
  /** To be called once, at last: output not taken by now is given up. */
  release(): void;
}

/** One launcher: a process that has one command at a time. */
export interface Launcher {
  readonly state: "starting" | "free" | "busy" | "ended";
  /** Only when free. Undefined: nothing was started. */
  run(request: LaunchRequest, take: TakeOutput): RunningCommand | undefined;
  /** Takes no more commands; ends when the one it has does. */
  retire(): void;
}

interface Current {
  readonly take: TakeOutput;
  readonly ended: PromiseWithResolvers<CommandEnd | "unknown">;
  drained: Promise<void> | undefined;
  /** 0: not known. */
  group: number;
  /** Its output is the agent's to read. */
  taken: boolean;
  unknown: boolean;
  over: boolean;
}

export const PERL = "/usr/bin/perl";
/** Milliseconds between two looks whether a command takes longer, so that its output is taken as it comes. Most commands are over by then. */
const LOOK = 30;
/** Milliseconds between two looks for the number of a command that is just being started. */
const LOOK_FOR_NUMBER = 5;
/** Milliseconds between SIGTERM and SIGKILL for a command whose launcher is gone. */
const PATIENCE = 2000;

/** What all launchers read into: nothing of it is kept. */
const reading = Buffer.allocUnsafeSlow(64 * 1024);
const NOTHING = Buffer.alloc(0);

/**
 * Starts one at FIFOs that are there: `PATH.in`, `.answers`, `.token`, `.out` and `.err`; they go with it. `changed` is called when it becomes
 * free and when it has ended. Throws where it cannot be started.
 */
export function startLauncher(path: string, changed: () => void): Launcher {
  const pipes = { stdout: outputPipe(`${path}.out`), stderr: outputPipe(`${path}.err`) };
  let state: Launcher["state"] = "starting";
  let retired = false;
  let current: Current | undefined;
  let said: Buffer = NOTHING;
  /** Of the command before: the very object, and as text. */
  let environment: NodeJS.ProcessEnv | undefined;
  let fields = "";

  const { requests, token, hearing, child } = openLauncher(path);
  const answers = new Socket({
    fd: hearing,
    readable: true,
    writable: false,
    onread: { buffer: reading, callback: (size) => hear(reading.subarray(0, size)) },
  } as ConstructorParameters<typeof Socket>[0]);
  // Only while a command runs does it keep its agent from ending.
  child.unref();
  answers.unref();
  child.once("error", gone);
  answers.on("error", gone);
  // Not at its exit: what it said last may not have been heard by then.
  answers.once("close", gone);

  function hear(bytes: Buffer): boolean {
    said = said.length === 0 ? bytes : Buffer.concat([said, bytes]);
    for (;;) {
      const end = said.indexOf(10);
      if (end < 0) break;
      const words = said.toString("latin1", 0, end).split(" ");
      const sizes = [Number(words[3] ?? 0), Number(words[5] ?? 0)] as const;
      const whole = end + 1 + sizes[0] + sizes[1];
      if (said.length < whole) break;
      const middle = end + 1 + sizes[0];
      heard(words, { stdout: said.subarray(end + 1, middle), stderr: said.subarray(middle, whole) });
      said = said.subarray(whole);
    }
    // The memory is used again for what comes next.
    said = said.length === 0 ? NOTHING : Buffer.from(said);
    return true;
  }

  function heard(words: readonly string[], bytes: Readonly<Record<"stdout" | "stderr", Buffer>>): void {
    const one = current;
    if (words[0] === "ready") becomeFree();
    else if (one === undefined) return;
    else if (words[0] === "unknown") one.unknown = true;
    else if (words[0] === "refused") {
      one.over = true;
      one.ended.resolve("unknown");
    } else {
      one.group = Number(words[1]);
      one.over = true;
      if (one.taken) drain(one);
      else finish(one, bytes, { stdout: words[4] === "1", stderr: words[6] === "1" });
      one.ended.resolve(one.unknown ? "unknown" : endOf(Number(words[2])));
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

  let looking = false;
  let seen: Current | undefined;
  /** One timer for many commands: most are over when it comes. */
  function lookSoon(): void {
    if (looking) return;
    looking = true;
    systemClock.after(LOOK, () => {
      looking = false;
      const one = current;
      if (over || one === undefined || one.over || one.taken) return;
      if (one === seen && takeOver(one)) drain(one);
      else lookSoon();
      seen = one;
    });
  }

  /** Takes a command from its launcher, which has begun it and has not heard its end. Returns whether that is so. */
  function takeOver(one: Current): boolean {
    try {
      const size = readSync(token, reading);
      one.group = Number(reading.toString("latin1", 0, size));
      one.taken = size > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    return one.taken;
  }

  function drain(one: Current): void {
    if (one.drained === undefined) waitFor(one, [live(one, "stdout"), live(one, "stderr")]);
  }

  function waitFor(one: Current, taking: readonly Promise<void>[]): void {
    one.drained = taking.length === 1 ? taking[0]! : Promise.all(taking).then(() => undefined);
    // Whoever waits for its end may not come to wait for this.
    one.drained.catch(() => undefined);
  }

  function live(one: Current, stream: "stdout" | "stderr"): Promise<void> {
    return pipes[stream].live((chunk) => one.take(stream, chunk));
  }

  /** All that a short command wrote. */
  function finish(
    one: Current,
    bytes: Readonly<Record<"stdout" | "stderr", Buffer>>,
    more: Readonly<Record<"stdout" | "stderr", boolean>>,
  ): void {
    const taking: Promise<void>[] = [];
    for (const stream of ["stdout", "stderr"] as const) {
      // A copy: the memory is used again.
      const taken = bytes[stream].length === 0 ? undefined : one.take(stream, Buffer.from(bytes[stream]));
      if (more[stream]) taking.push((taken ?? Promise.resolve()).then(() => live(one, stream)));
      else if (taken !== undefined) taking.push(taken);
    }
    if (taking.length > 0) waitFor(one, taking);
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
    closeSync(requests);
    pipes.stdout.close();
    pipes.stderr.close();
    changed();
  }

  let over = false;
  function gone(): void {
    if (over) return;
    const one = current;
    if (one !== undefined && !one.over && !one.taken) takeOver(one);
    over = true;
    retire();
    closeSync(token);
    answers.destroy();
    removeFifos(path);
    if (one !== undefined && !one.over) void lose(one);
  }

  /** Nobody will hear how the command ends. */
  async function lose(one: Current): Promise<void> {
    const begun = one.group !== 0;
    // What it may not end, it cannot wait for either.
    if (begun) await endGroup(one.group, { patience: PATIENCE }).catch(() => undefined);
    one.ended.reject(
      new GantryError(
        COMMAND_LOST,
        `the process that starts commands was ended by somebody else; ${begun ? "the command was ended with it" : "whether the command began is not known"}`,
      ),
    );
  }

  async function end(one: Current, patience: number): Promise<void> {
    while (one.group === 0 && !one.over && !over && !takeOver(one))
      await new Promise<void>((resolve) => systemClock.after(LOOK_FOR_NUMBER, resolve));
    if (one.group !== 0) await endGroup(one.group, { patience });
  }

  return {
    get state() {
      return state;
    },
    run(request, take) {
      let told = "";
      if (request.environment !== environment) {
        const all = environmentText(request.environment);
        // A launcher cannot be told of an environment with nothing in it.
        if (all === undefined || all === "") return undefined;
        told = all === fields ? "" : all;
      }
      const text = requestText(request, told);
      if (text === undefined) return undefined;
      environment = request.environment;
      if (told !== "") fields = told;
      state = "busy";
      const one: Current = {
        take,
        ended: Promise.withResolvers(),
        drained: undefined,
        group: 0,
        taken: false,
        unknown: false,
        over: false,
      };
      // Whoever waits for its end may have stopped to.
      one.ended.promise.catch(() => undefined);
      current = one;
      answers.ref();
      if (!sent(text)) {
        current = undefined;
        retire();
        return undefined;
      }
      lookSoon();
      return {
        ended: one.ended.promise,
        end: (patience) => end(one, patience),
        drained: () => one.drained,
        release: () => release(one),
      };
    },
    retire,
  };

  /** False: not all of it, so that nothing is started of it. */
  function sent(text: string): boolean {
    try {
      return writeSync(requests, text) === Buffer.byteLength(text);
    } catch {
      return false;
    }
  }
}

/** The process, and this end of its FIFOs. */
function openLauncher(path: string) {
  const opened: number[] = [];
  function opening(name: (typeof FIFOS)[number], flags: number): number {
    const file = openSync(`${path}.${name}`, flags);
    opened.push(file);
    return file;
  }
  try {
    // Its input ends when this process does: nobody else has the other end.
    const input = opening("in", READING);
    const requests = opening("in", files.O_WRONLY | files.O_NONBLOCK);
    const token = opening("token", READING);
    const hearing = opening("answers", READING);
    const output = opening("answers", files.O_WRONLY);
    // It has nothing of the agent's environment: each command brings its own.
    const child = spawn(PERL, ["-e", LAUNCHER_PROGRAM, `${path}.out`, `${path}.err`, `${path}.token`], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin:/usr/local/bin" },
      // A session of its own: Ctrl-C in the agent's terminal is for the agent.
      detached: true,
      stdio: [input, output, "ignore"],
    });
    for (const file of [input, output]) closeSync(file);
    return { requests, token, hearing, child };
  } catch (error) {
    for (const file of opened) closeSync(file);
    throw error;
  }
}

/** What a launcher needs beside itself, by the ends of their names. */
const FIFOS = ["in", "answers", "token", "out", "err"] as const;

export function fifosOf(path: string): readonly string[] {
  return FIFOS.map((name) => `${path}.${name}`);
}

export function removeFifos(path: string): void {
  for (const each of fifosOf(path)) rmSync(each, { recursive: true, force: true });
}

/** The status as wait(2) gives it. */
function endOf(status: number): CommandEnd {
  const number = status & 0x7f;
  if (number === 0) return { code: status >> 8, signal: null };
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return { code: null, signal: (name ?? `SIG${number}`) as NodeJS.Signals };
}

import { createHash } from "node:crypto";
import type { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import { canonicalJson, type Json, type JsonObject } from "../kernel/json.ts";

/**
 * The module port: what a worker or an agent can do. A driver is a module, and so are the agent's verbs. The executor runs a
 * module's functions; the server learns of them from what the executor advertises.
 */

export type OutputStream = "stdout" | "stderr";

/** A file for the server. */
export interface BroughtFile {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Its bytes behind the first `from`; asked again after a broken connection. */
  read(from: number): AsyncIterable<Uint8Array>;
}

/** What a running function may use of the world around it. */
export interface FunctionContext {
  /** Idempotency key: the same for every attempt of a task, and different for each item of a batch. */
  readonly key: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** Of a batch: the number of this item. */
  readonly item?: number;
  /** What was given to all calls of the task: the very same object for each of them. */
  readonly shared?: JsonObject;
  /** Aborted on cancel, on time-out, and when the executor stops. A function ends soon after, with an error. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Live output. Chunks of any size; the order within a stream is kept. */
  output(stream: OutputStream, chunk: Uint8Array): void;
  /**
   * Resolves when earlier output has moved on, undefined when it has: await it between the chunks of a long output, so that a slow link slows the function
   * down instead of filling memory. Does not wait while there is no connection; what is too much then is left out, and says so.
   */
  room?(): Promise<void> | undefined;
  /** A line for the job's log. */
  message(text: string): void;
  /**
   * Set when the parameters hold secrets: takes them out of a stream. What is written and answered loses them in any case; this is for
   * what is cut to size before, or kept.
   */
  hiding?(): { push(bytes: Uint8Array): Uint8Array; end(): Uint8Array };
  /**
   * The bytes the server stores under this hash; each piece is good until the next is asked for. Ends with an error when they are missing or
   * do not match. With `from` those behind so many, which are not checked: who has the others can.
   * `size`: bytes of all of it, where it is known: what is large is fetched with less effort.
   */
  content(sha256: string, from?: number, size?: number): AsyncIterable<Uint8Array>;
  /** Brings a file to the server, which keeps it as content. Left out where nobody takes it. */
  bring?(file: BroughtFile): Promise<void>;
}

/**
 * One function of a module. `run` resolves with the result, or throws: a `GantryError` keeps its code and details in the task's
 * result, anything else becomes `function_failed` with its message.
 */
export interface ModuleFunction {
  /** One line, for the catalogue. */
  readonly summary: string;
  /** The named parameters, with their defaults. Checked before the function runs; unknown names are refused. */
  readonly parameters: z.ZodObject;
  /** May run again after a crash left it unknown whether it had run. */
  readonly safeToRepeat: boolean;
  /**
   * It may cut off its own executor and go on when that is back (a reboot). Only where `safeToRepeat`: it is not reported as interrupted when
   * the executor stops, and begins again under the same key at the next start.
   */
  readonly survivesRestart?: boolean;
  /** Only reads: may be asked directly over the link, without a task. */
  readonly observes?: boolean;
  run(parameters: unknown, context: FunctionContext): Promise<Json>;
  /**
   * Takes back what an earlier `run` with these parameters did, as far as anything of it is there. `value`: what that run resolved with;
   * undefined when it failed or nobody knows how it ended. Safe to repeat. Left out: the function changes nothing that could be taken back.
   */
  undo?(parameters: unknown, value: Json | undefined, context: FunctionContext): Promise<Json>;
}

export interface Module {
  /** The name scripts call it by: `docker.create(...)`. */
  readonly name: string;
  /** Tasks of this module one executor runs at the same time. */
  readonly limit: number;
  readonly functions: Readonly<Record<string, ModuleFunction>>;
  close?(): Promise<void>;
}

/** A function as its author writes it: `run` sees the parameters with their types. */
export interface FunctionDefinition<Schema extends z.ZodObject> {
  readonly summary: string;
  readonly parameters: Schema;
  readonly safeToRepeat: boolean;
  readonly survivesRestart?: boolean;
  readonly observes?: boolean;
  run(parameters: z.output<Schema>, context: FunctionContext): Promise<Json>;
  undo?(parameters: z.output<Schema>, value: Json | undefined, context: FunctionContext): Promise<Json>;
}

/** Hides the parameter types of a function, after the executor's check of them. */
export function moduleFunction<Schema extends z.ZodObject>(definition: FunctionDefinition<Schema>): ModuleFunction {
  return {
    summary: definition.summary,
    parameters: definition.parameters,
    safeToRepeat: definition.safeToRepeat,
    ...(definition.survivesRestart === undefined ? {} : { survivesRestart: definition.survivesRestart }),
    ...(definition.observes === undefined ? {} : { observes: definition.observes }),
    // The executor parses with this very schema before it calls.
    run: (parameters, context) => definition.run(parameters as z.output<Schema>, context),
    ...(definition.undo === undefined
      ? {}
      : { undo: (parameters, value, context) => definition.undo!(parameters as z.output<Schema>, value, context) }),
  };
}

/** What an executor tells the server about one function: enough to lint a script against. */
export interface FunctionAdvert {
  readonly summary: string;
  /** JSON Schema of the parameters. */
  readonly parameters: JsonObject;
  readonly safeToRepeat: boolean;
  readonly observes: boolean;
  /** It can take back what it did. */
  readonly undoable?: boolean | undefined;
}

export interface ModuleAdvert {
  readonly limit: number;
  readonly functions: Readonly<Record<string, FunctionAdvert>>;
  /** It knows lists whose items name functions of their own, and what they share. */
  readonly lists?: boolean | undefined;
}

/**
 * What the same adverts are known by: SHA-256 of them, in hexadecimal digits. Thousands of agents of one version say the same, and need not
 * say it anew each time.
 */
export function advertHash(modules: Readonly<Record<string, ModuleAdvert>>): string {
  const text = canonicalJson(JSON.parse(JSON.stringify(modules)) as Json);
  return createHash("sha256").update(text).digest("hex");
}

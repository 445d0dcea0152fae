import { z } from "zod";
import type { Json, JsonObject } from "../kernel/json.ts";

/**
 * The messages between the server and its executors (workers and agents): one schema for both directions.
 *
 * A connection goes: executor `identify`, server `challenge`, executor `proof`, server `welcome`, executor `held`, and from then
 * on anything. Messages with a `sequence` are kept by the executor until the server acknowledged that number, and are sent again
 * on the next connection; the server must therefore accept them twice.
 */

/** Goes up when a message changes so that an older end would misread it. New optional members do not count. */
export const LINK_VERSION = 1;

/** Tasks named in one message: so many fit a frame. */
const REFS_AT_ONCE = 4000;

/** Lists of tasks as they fit messages. */
export function inPieces<Ref>(tasks: readonly Ref[]): Ref[][] {
  const pieces: Ref[][] = [];
  for (let at = 0; at < tasks.length; at += REFS_AT_ONCE) pieces.push(tasks.slice(at, at + REFS_AT_ONCE));
  return pieces;
}

const id = z.string().min(1).max(64);
const sequence = z.int().min(0);
const attempt = z.int().min(1);
const name = z.string().min(1).max(128);
/** What JSON.parse made is JSON already; frames.ts bounds its depth and size. */
const json = z.custom<Json>((value) => value !== undefined);
const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);
const milliseconds = z.number().min(0);
/** Characters of facts as JSON: they are kept, and shown for a thousand nodes at once. */
const FACTS_LIMIT = 256 * 1024;
const facts = jsonObject.refine((value) => JSON.stringify(value).length <= FACTS_LIMIT, "facts are too long");

const taskRef = z.object({ task: id, attempt });
export type TaskRef = z.output<typeof taskRef>;

/** Why something did not work, as data. */
const failure = z.object({
  code: z.string().max(64),
  message: z.string(),
  /** Facts for programs: `{ exit_code: 3 }`. */
  details: jsonObject.optional(),
});
export type Failure = z.output<typeof failure>;

/** `interrupted`: nobody can say whether it ran to its end. `cancelled`: stopped because the server asked for it. */
const outcome = z.enum(["done", "failed", "interrupted", "cancelled"]);
type Outcome = z.output<typeof outcome>;

/** How a call ended: `value` with `done`, `error` with the others. */
const ending = { outcome, value: json.optional(), error: failure.optional() };
const itemResult = z.object({
  item: z.int().min(0),
  ...ending,
  /** Epoch milliseconds of the executor's clock, and how long it took. */
  startedAt: milliseconds.optional(),
  milliseconds: milliseconds.optional(),
});
export type Ending = { outcome: Outcome; value?: Json | undefined; error?: Failure | undefined };
/** How a task ended. `resumable`: see the message `result`. */
export type TaskEnding = Ending & { resumable?: true | undefined };
export type ItemEnding = z.output<typeof itemResult>;

/** One call of many. */
export interface BatchItem {
  readonly item: number;
  readonly parameters: Json;
  /** Of the module. Left out: that of the task. Only sent to who advertised `lists`; the task's own is then `*`. */
  readonly function?: string | undefined;
  /** Left out: as the task is. */
  readonly safeToRepeat?: boolean | undefined;
}

/** By hand: a schema takes ten times as long for each of a thousand items. */
export function isBatch(value: unknown): boolean {
  return Array.isArray(value) && value.length <= 100_000 && value.every(isBatchItem);
}

function isBatchItem(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { item, parameters, function: called, safeToRepeat } = value as Readonly<Record<string, unknown>>;
  return (
    Number.isSafeInteger(item) &&
    (item as number) >= 0 &&
    parameters !== undefined &&
    (called === undefined || (typeof called === "string" && called.length > 0 && called.length <= 128)) &&
    (safeToRepeat === undefined || typeof safeToRepeat === "boolean")
  );
}

const functionAdvert = z.object({
  summary: z.string(),
  parameters: jsonObject,
  safeToRepeat: z.boolean(),
  observes: z.boolean(),
  /** Left out by executors that cannot take anything back. */
  undoable: z.boolean().optional(),
});
const moduleAdvert = z.object({
  limit: z.int().min(0),
  functions: z.record(name, functionAdvert),
  /** It knows lists whose items name functions of their own, and `shared`. Left out by executors that would misread them. */
  lists: z.boolean().optional(),
});

/** Executor to server. */
export const executorMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("identify"),
    version: z.int(),
    executor: id,
    /** `advertHash` of its modules. Left out: they come with the proof. */
    advert: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  z.object({
    type: z.literal("proof"),
    /** See `signChallenge`. Covers the pin of the certificate authority the executor trusts. */
    signature: z.string().max(256),
    /** New for each start of the executor: sequence numbers count within it. */
    epoch: id,
    gantry: z.string().max(64),
    /** Left out when the server knows them already (`known`). */
    modules: z.record(name, moduleAdvert).optional(),
    facts,
  }),
  z.object({
    type: z.literal("held"),
    /** `module` is that whose slot it takes; empty for what has finished. */
    tasks: z
      .array(taskRef.extend({ phase: z.enum(["queued", "started", "finished"]), module: z.string().max(128) }))
      .max(REFS_AT_ONCE),
    /** Another `held` follows, because they do not fit one message. */
    more: z.boolean().optional(),
  }),
  z.object({
    type: z.literal("heartbeat"),
    facts: facts.optional(),
    /** Of the authority it trusts, when that is another than at the proof. */
    pin: z.string().max(64).optional(),
  }),
  /** It acts on these, or will: what is not safe to repeat waits for `granted`. */
  z.object({ type: z.literal("started"), sequence, tasks: z.array(taskRef).max(REFS_AT_ONCE) }),
  z.object({
    type: z.literal("output"),
    sequence,
    task: id,
    attempt,
    stream: z.enum(["stdout", "stderr"]),
    /** Counts the chunks of one attempt from 0, over both streams; higher, with a gap, after each start of the executor. */
    index: z.int().min(0),
    /** Base64. */
    data: z.string(),
    /** Of a batch: the item that wrote it. */
    item: z.int().min(0).optional(),
  }),
  /** A line for the job's log. */
  z.object({ type: z.literal("message"), sequence, task: id, attempt, text: z.string() }),
  /** Results of items of a batch, in their order: while it runs, and before the `result` of their task. Each may be sent twice. */
  z.object({ type: z.literal("items"), sequence, task: id, attempt, items: z.array(itemResult).max(100_000) }),
  z.object({
    type: z.literal("result"),
    sequence,
    task: id,
    attempt,
    ...ending,
    /** Of a list that was interrupted: what nothing was said of was not begun, or may be begun again. */
    resumable: z.literal(true).optional(),
  }),
  z.object({ type: z.literal("reply"), query: id, value: json.optional(), error: failure.optional() }),
  z.object({ type: z.literal("goodbye"), code: z.string().max(64), reason: z.string().max(1000) }),
]);
export type ExecutorMessage = z.output<typeof executorMessage>;

/** PEM: the authority to trust from the next connection on, in the place of the one it proved itself by. */
const authority = z.string().max(16 * 1024);

/** Server to executor. */
export const serverMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("challenge"),
    version: z.int(),
    nonce: z.string().min(16).max(128),
    /** What `identify` said of its modules is known here: the proof needs not repeat it. */
    known: z.boolean().optional(),
  }),
  z.object({
    type: z.literal("welcome"),
    session: id,
    /** Milliseconds between heartbeats, both ways. Three missed ones end the connection. */
    heartbeat: milliseconds,
    authority: authority.optional(),
  }),
  /** The answer to `started`: these may act. Those it no longer owns come in `forget`. */
  z.object({ type: z.literal("granted"), tasks: z.array(taskRef).max(REFS_AT_ONCE) }),
  /** Drop these, running or not; no result is wanted. */
  z.object({ type: z.literal("forget"), tasks: z.array(taskRef).max(REFS_AT_ONCE) }),
  z.object({
    type: z.literal("task"),
    task: id,
    attempt,
    /** Idempotency key: the same for every attempt. */
    key: z.string().min(1).max(128),
    module: name,
    function: name,
    parameters: json,
    /** Many calls, done in order, each with its own result; `parameters` is then unused. */
    batch: z.custom<readonly BatchItem[]>(isBatch).nullable(),
    /** What is the same for all calls of the task. Only sent to who advertised `lists`. */
    shared: jsonObject.optional(),
    /** Values of secrets among the parameters, in base64: they are taken out of all that the task writes and answers, and kept nowhere. */
    hide: z
      .array(z.object({ name: z.string().max(256), value: z.base64() }))
      .max(1000)
      .optional(),
    /** Items behind a failed one run too. */
    keepGoing: z.boolean(),
    timeout: milliseconds.nullable(),
    safeToRepeat: z.boolean(),
    /**
     * The function is to take back what it did with these parameters; `value`: what it answered then, left out when nobody knows. Only sent
     * to who advertised the function as `undoable`: anybody else would do it once more.
     */
    undo: z.object({ value: json.optional() }).optional(),
  }),
  z.object({ type: z.literal("cancel"), task: id, attempt }),
  /** Everything up to this sequence is committed. */
  z.object({ type: z.literal("ack"), sequence }),
  z.object({
    type: z.literal("query"),
    query: id,
    module: name,
    function: name,
    parameters: json,
    timeout: milliseconds,
  }),
  z.object({ type: z.literal("heartbeat"), authority: authority.optional() }),
  z.object({ type: z.literal("goodbye"), code: z.string().max(64), reason: z.string().max(1000) }),
]);
export type ServerMessage = z.output<typeof serverMessage>;

type Of<Union extends { type: string }, Type extends Union["type"]> = Extract<Union, { type: Type }>;

export type TaskMessage = Of<ServerMessage, "task">;
export type QueryMessage = Of<ServerMessage, "query">;
export type HeldTask = Of<ExecutorMessage, "held">["tasks"][number];
export type ProofMessage = Of<ExecutorMessage, "proof">;
/** A message that is kept until it is acknowledged. */
export type ReliableMessage = Extract<ExecutorMessage, { sequence: number }>;
/** The same before it has its number. */
export type ReliableDraft = ReliableMessage extends infer Message
  ? Message extends ReliableMessage
    ? Omit<Message, "sequence">
    : never
  : never;

import type { z } from "zod";
import { systemClock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { depthOver } from "../kernel/json.ts";
import { LINK_MESSAGE_MALFORMED, LINK_MESSAGE_TOO_LARGE } from "./errors.ts";

/**
 * Messages travel in frames: a JSON array each. What is written within one turn of the event loop leaves in as few frames as
 * possible, which is worth more than any choice of library (bench/link.ts measures it).
 */

/** Bytes of one frame, and so of one message. */
export const FRAME_LIMIT = 1024 * 1024;
/** Levels of nesting in a frame: far more than any honest value has. */
export const DEPTH_LIMIT = 100;
/** Raw bytes of output in one message. Base64 makes them a third larger. */
export const OUTPUT_CHUNK = 64 * 1024;

/** Milliseconds between two frames of patient messages. */
const PATIENCE = 200;
/** Milliseconds that a patient message waits in any case: what a short task says of itself leaves together with its result. */
const SHORT_PATIENCE = 50;

/** Room for a message beside the brackets of its frame. */
const MESSAGE_LIMIT = FRAME_LIMIT - 2;

export interface FrameWriter<Message> {
  /** Queues a message. Throws `link_message_too_large` when it fits no frame. */
  write(message: Message): void;
  /**
   * Queues what `encodeMessage` made. `patient`: it may wait a moment for others, and longer while frames follow each other closely: of a
   * thousand short commands, each with a line of output, most of the work would be frames.
   */
  writeText(text: string, patient?: boolean): void;
  /** Sends what is queued now. */
  flush(): void;
}

/** `coalesce: false` sends each message at once in a frame of its own; only the benchmark wants that. */
export function frameWriter<Message>(send: (frame: string) => void, coalesce = true): FrameWriter<Message> {
  /** Messages with commas between them. */
  let queued = "";
  let bytes = 0;
  let scheduled = false;
  let waiting = false;
  let last = Number.NEGATIVE_INFINITY;

  function flush(): void {
    if (queued === "") return;
    last = performance.now();
    const frame = `[${queued}]`;
    queued = "";
    bytes = 0;
    send(frame);
  }

  function writeText(text: string, patient = false): void {
    const size = Buffer.byteLength(text) + 1;
    if (bytes + size > MESSAGE_LIMIT) flush();
    queued = queued === "" ? text : `${queued},${text}`;
    bytes += size;
    if (!coalesce) return flush();
    if (patient) later(Math.max(SHORT_PATIENCE, last + PATIENCE - performance.now()));
    else soon();
  }

  function soon(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      flush();
    });
  }

  function later(milliseconds: number): void {
    if (waiting) return;
    waiting = true;
    systemClock.after(milliseconds, () => {
      waiting = false;
      flush();
    });
  }

  return { flush, writeText, write: (message) => writeText(encodeMessage(message)) };
}

/** A message as text. Throws `link_message_too_large` when it fits no frame. */
export function encodeMessage(message: unknown): string {
  const text = JSON.stringify(message);
  const size = Buffer.byteLength(text);
  if (size > MESSAGE_LIMIT) {
    throw new GantryError(
      LINK_MESSAGE_TOO_LARGE,
      `a message of ${size} bytes does not fit a frame of ${FRAME_LIMIT} bytes`,
    );
  }
  return text;
}

/**
 * The messages of one frame. Throws `link_message_too_large` or `link_message_malformed`; what the frame holds besides is then
 * not used either.
 *
 * @param isPlain true of what the schema would give back as it is
 */
export function parseFrame<Schema extends z.ZodType>(
  frame: string,
  schema: Schema,
  isPlain: (message: unknown) => boolean = () => false,
): z.output<Schema>[] {
  // A character is at least one byte, so this bounds the work before anything is counted exactly.
  if (frame.length > FRAME_LIMIT) {
    throw new GantryError(LINK_MESSAGE_TOO_LARGE, `a frame of more than ${FRAME_LIMIT} bytes`);
  }
  if (depthOver(frame, DEPTH_LIMIT)) {
    throw new GantryError(LINK_MESSAGE_MALFORMED, `a frame nests deeper than ${DEPTH_LIMIT} levels`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame);
  } catch (error) {
    throw new GantryError(LINK_MESSAGE_MALFORMED, "a frame is not JSON", { cause: error });
  }
  if (!Array.isArray(parsed)) throw new GantryError(LINK_MESSAGE_MALFORMED, "a frame is not a list of messages");
  return parsed.map((message: unknown) => {
    if (isPlain(message)) return message as z.output<Schema>;
    const result = schema.safeParse(message);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
    throw new GantryError(
      LINK_MESSAGE_MALFORMED,
      `a message is not as it should be${where}: ${issue?.message ?? messageOf(result.error)}`,
    );
  });
}

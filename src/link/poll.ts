import { FRAME_LIMIT } from "./frames.ts";

/**
 * What both ends of the long-poll transport agree on. Frames travel as lines of text.
 *
 * - `POST` without a connection opens one; its name, a secret, comes in the answer's header.
 * - `POST` with a connection and a number carries frames to the server; a number it has is ignored.
 * - `GET` waits for frames from the server behind the numbered answer the executor has. Until that number is confirmed by the
 *   next GET the server keeps them, so that a lost answer is only asked for again.
 * - `DELETE` ends it. The server ends it by answering 410 with the reason.
 */
export const CONNECTION_HEADER = "gantry-connection";
export const SEQUENCE_HEADER = "gantry-sequence";
export const AFTER_HEADER = "gantry-after";

export const ACCEPTED = 202;
export const ENDED = 410;

/** Milliseconds the server holds a GET without news: below what proxies usually allow. */
export const POLL_HOLD = 20_000;
/** Bytes of one body, either way. */
export const POLL_BODY_LIMIT = 4 * FRAME_LIMIT;

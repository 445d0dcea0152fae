import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { NET_CHECK_FAILED } from "./errors.ts";
import { answerProblem } from "./model.ts";

/** Bytes of an answer that are looked through; the rest is left unread. */
const MOST_BYTES = 1024 * 1024;

export interface HttpCheck {
  readonly url: string;
  readonly status?: number | readonly number[] | undefined;
  readonly contains?: string | undefined;
  /** Seconds. */
  readonly timeout: number;
  readonly verify: boolean;
}

/**
 * Asks once, without following where it is sent to, and without a proxy: what is looked at is near.
 *
 * Errors: `net_check_failed`, with `status` among its details when there was an answer.
 */
export async function httpCheck(
  check: HttpCheck,
  { clock, signal }: FunctionContext,
): Promise<{ status: number; milliseconds: number }> {
  const start = clock.now();
  const late = new AbortController();
  const cancel = clock.after(check.timeout * 1000, () => late.abort(new Error(`no answer within ${check.timeout} s`)));
  let answer: { status: number; text: string };
  try {
    answer = await ask(check, AbortSignal.any([signal, late.signal]));
  } catch (error) {
    signal.throwIfAborted();
    const why = late.signal.aborted ? messageOf(late.signal.reason) : messageOf(error);
    throw new GantryError(NET_CHECK_FAILED, `${check.url}: ${why}`, { cause: error });
  } finally {
    cancel();
  }
  const wrong = answerProblem(answer, check);
  if (wrong !== undefined)
    throw new GantryError(NET_CHECK_FAILED, `${check.url} ${wrong}`, { details: { status: answer.status } });
  return { status: answer.status, milliseconds: clock.now() - start };
}

function ask(
  { url, contains, verify }: HttpCheck,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const options = { signal, agent: false as const, headers: { connection: "close" } };
    const outgoing = url.startsWith("https:")
      ? secureRequest(url, { ...options, rejectUnauthorized: verify })
      : plainRequest(url, options);
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const status = incoming.statusCode ?? 0;
      let text = "";
      let size = 0;
      function done(): void {
        resolve({ status, text });
        outgoing.destroy();
      }
      if (contains === undefined) return done();
      incoming.setEncoding("utf8");
      incoming.on("error", reject);
      incoming.on("data", (piece: string) => {
        text += piece;
        size += Buffer.byteLength(piece);
        if (size >= MOST_BYTES || text.includes(contains)) done();
      });
      incoming.on("end", done);
      return undefined;
    });
    outgoing.end();
  });
}

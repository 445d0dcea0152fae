import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { ExecutorMessage, FunctionContext, Module, QueryMessage } from "../link/index.ts";
import { createStopper, failureOf, findFunction, runCall } from "./call.ts";
import { NOT_OBSERVING } from "./errors.ts";

/** Answers a question asked over the link without a task: only functions that observe may be asked. Never throws. */
export async function answerQuery(
  modules: ReadonlyMap<string, Module>,
  message: QueryMessage,
  options: { clock: Clock; content(sha256: string, from?: number, size?: number): AsyncIterable<Uint8Array> },
): Promise<Extract<ExecutorMessage, { type: "reply" }>> {
  const stopper = createStopper();
  const cancelLimit = stopper.limit(message.timeout, options.clock);
  try {
    const wanted = findFunction(modules, message.module, message.function);
    if (wanted.observes !== true) {
      throw new GantryError(
        NOT_OBSERVING,
        `${message.module}.${message.function} is no question: it may change things`,
      );
    }
    const context: FunctionContext = {
      key: message.query,
      attempt: 1,
      signal: stopper.signal,
      clock: options.clock,
      content: options.content,
      output: () => undefined,
      message: () => undefined,
    };
    const ending = await runCall(wanted, message.parameters, context, stopper);
    return {
      type: "reply",
      query: message.query,
      ...(ending.error === undefined ? { value: ending.value ?? null } : { error: ending.error }),
    };
  } catch (error) {
    return { type: "reply", query: message.query, error: failureOf(error) };
  } finally {
    cancelLimit();
  }
}

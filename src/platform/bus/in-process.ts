import type { Json } from "../../kernel/json.ts";
import type { Logger } from "../logging/index.ts";
import type { Bus, BusHandler } from "./bus.ts";
import { covers, patternWords, subjectWords } from "./subjects.ts";

interface Subscription {
  readonly pattern: readonly string[];
  readonly handler: BusHandler;
}

interface Message {
  readonly subject: string;
  /** JSON: each handler gets a copy of its own, as over a network, so that nobody shares state through a message. */
  readonly payload: string;
}

/** The bus of a server that stands alone: subscribers are in the same process. */
export function createInProcessBus(log: Logger): Bus {
  /** Patterns without wildcards by their text: many of them, one for each connected executor. */
  const exact = new Map<string, Set<Subscription>>();
  const wild = new Set<Subscription>();
  let messages: Message[] = [];
  let closed = false;

  function deliver(): void {
    const batch = messages;
    messages = [];
    for (const message of batch) {
      const words = subjectWords(message.subject);
      const reached = [...(exact.get(message.subject) ?? []), ...[...wild].filter((one) => covers(one.pattern, words))];
      for (const subscription of reached) call(subscription, message);
    }
  }

  function call(subscription: Subscription, { subject, payload }: Message): void {
    // An earlier handler may have ended this subscription, or closed the bus.
    if (closed || !(exact.get(subject)?.has(subscription) === true || wild.has(subscription))) return;
    try {
      subscription.handler(JSON.parse(payload) as Json, subject);
    } catch (error) {
      log.error({ error, subject }, "a subscriber of the bus failed");
    }
  }

  return {
    publish(subject, payload) {
      subjectWords(subject);
      if (closed) return;
      messages.push({ subject, payload: JSON.stringify(payload) });
      if (messages.length === 1) setImmediate(deliver);
    },
    subscribe(pattern, handler) {
      const subscription = { pattern: patternWords(pattern), handler };
      if (subscription.pattern.some((word) => word === "*" || word === ">")) {
        wild.add(subscription);
        return () => void wild.delete(subscription);
      }
      const others = exact.get(pattern) ?? new Set();
      exact.set(pattern, others.add(subscription));
      return () => {
        others.delete(subscription);
        if (others.size === 0 && exact.get(pattern) === others) exact.delete(pattern);
      };
    },
    close() {
      closed = true;
      messages = [];
      exact.clear();
      wild.clear();
      return Promise.resolve();
    },
  };
}

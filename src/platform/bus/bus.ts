import type { Json } from "../../kernel/json.ts";

/** Ends a subscription. Calling it again does nothing. */
export type Unsubscribe = () => void;

/** What a subscriber is called with. */
export type BusHandler = (payload: Json, subject: string) => void;

/**
 * Wakes and routes, and nothing more: a message may get lost or come twice, so whoever is woken looks into the database, and looks
 * there now and then without being woken.
 *
 * A subject is words joined by dots: `task.ready.agent-1`. In a pattern `*` stands for one word, and `>` at the end for one or more.
 */
export interface Bus {
  /** Subscribers are called later, never within this call, in the order of publishing. */
  publish(subject: string, payload: Json): void;
  /** A handler that throws is logged, and hurts nobody else. */
  subscribe(pattern: string, handler: BusHandler): Unsubscribe;
  /** Nobody is called any more once it has resolved. */
  close(): Promise<void>;
}

import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { onAbort } from "./abort.ts";

describe("onAbort", () => {
  it("calls all who wait when the signal aborts, and no one who does not any more", () => {
    const stop = new AbortController();
    const called: string[] = [];
    const forget = onAbort(stop.signal, () => called.push("gone"));
    onAbort(stop.signal, () => called.push("one"));
    onAbort(stop.signal, () => called.push("two"));
    forget();
    expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
    stop.abort();
    expect(called).toEqual(["one", "two"]);
    onAbort(stop.signal, () => called.push("late"));
    expect(called).toEqual(["one", "two", "late"]);
  });

  it("leaves no listener when nobody waits", () => {
    const { signal } = new AbortController();
    const forget = [onAbort(signal, () => undefined), onAbort(signal, () => undefined)];
    for (const one of forget) one();
    for (const one of forget) one();
    expect(getEventListeners(signal, "abort")).toEqual([]);
    onAbort(signal, () => undefined)();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

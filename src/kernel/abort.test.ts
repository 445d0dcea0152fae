import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { onAbort, orAbort } from "./abort.ts";

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

describe("orAbort", () => {
  it("is what the work comes to, and listens no more", async () => {
    const { signal } = new AbortController();
    expect(await orAbort<number, number>(Promise.resolve(1), signal, ({ resolve }) => resolve(2))).toBe(1);
    const failing = orAbort<number, number>(Promise.reject(new Error("no")), signal, ({ resolve }) => resolve(2));
    await expect(failing).rejects.toThrow("no");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("is what it is settled with instead when the signal aborts first", async () => {
    const stop = new AbortController();
    const never = new Promise<number>(() => undefined);
    const stopped = orAbort<number, string>(never, stop.signal, ({ resolve }) => resolve("stopped"));
    const refused = orAbort(never, stop.signal, ({ reject }) => reject(new Error("stopped")));
    stop.abort();
    expect(await stopped).toBe("stopped");
    await expect(refused).rejects.toThrow("stopped");
  });
});

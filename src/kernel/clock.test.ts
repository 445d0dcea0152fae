import { afterEach, describe, expect, it, vi } from "vitest";
import { manualClock, systemClock } from "./clock.ts";

describe("a manual clock", () => {
  it("runs what falls due, in order, each at its own time", () => {
    const clock = manualClock(1000);
    const ran: [string, number][] = [];
    clock.after(30, () => ran.push(["late", clock.now()]));
    clock.after(10, () => {
      ran.push(["early", clock.now()]);
      clock.after(5, () => ran.push(["follows", clock.now()]));
    });
    clock.after(31, () => ran.push(["never", clock.now()]));
    clock.advance(30);
    expect(ran).toEqual([
      ["early", 1010],
      ["follows", 1015],
      ["late", 1030],
    ]);
    expect(clock.now()).toBe(1030);
  });

  it("runs nothing that was called off, and keeps the order of equals", () => {
    const clock = manualClock();
    const ran: number[] = [];
    clock.after(1, () => ran.push(1));
    const cancel = clock.after(1, () => ran.push(2));
    clock.after(-5, () => ran.push(0));
    clock.after(1, () => ran.push(3));
    cancel();
    cancel();
    clock.advance(1);
    expect(ran).toEqual([0, 1, 3]);
  });
});

describe("the system's clock", () => {
  afterEach(() => void vi.useRealTimers());

  it("waits longer than one timer can", () => {
    vi.useFakeTimers();
    const days = 60 * 24 * 60 * 60 * 1000;
    let ran = 0;
    systemClock.after(days, () => (ran += 1));
    const cancel = systemClock.after(days, () => (ran += 100));
    vi.advanceTimersByTime(days - 1);
    expect(ran).toBe(0);
    cancel();
    vi.advanceTimersByTime(1);
    expect(ran).toBe(1);
  });
});

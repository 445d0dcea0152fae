import { describe, expect, it } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createAlarm } from "./alarm.ts";

function started(ends: () => Promise<number | null> = async () => null) {
  const clock = manualClock(1_000);
  const runs: number[] = [];
  const alarm = createAlarm({
    clock,
    log: silentLogger(),
    name: "test",
    run: () => {
      runs.push(clock.now());
      return ends();
    },
  });
  return { clock, runs, alarm };
}

/** What an ended run leads to has happened. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("an alarm", () => {
  it("runs at the earliest time it was asked for, once", async () => {
    const { clock, runs, alarm } = started();
    for (const at of [1_500, 1_200, 1_800]) alarm.by(at);
    clock.advance(1_000);
    await settled();
    expect(runs).toEqual([1_200]);
  });

  it("runs at once for a time that is past, and again when asked for while it runs", async () => {
    const end = Promise.withResolvers<null>();
    const { clock, runs, alarm } = started(() => end.promise);
    alarm.by(0);
    expect(runs).toEqual([1_000]);
    alarm.by(1_100);
    clock.advance(500);
    expect(runs).toEqual([1_000]);
    end.resolve(null);
    await settled();
    expect(runs).toEqual([1_000, 1_500]);
  });

  it("runs when it said it would, and after a failure", async () => {
    const answers = [async () => 3_000, () => Promise.reject(new Error("away")), async () => null];
    const { clock, runs, alarm } = started(() => answers.shift()!());
    alarm.by(1_000);
    await settled();
    clock.advance(2_000);
    await settled();
    clock.advance(1_000);
    await settled();
    expect(runs).toEqual([1_000, 3_000, 4_000]);
  });

  it("is silent between a stop and a start", async () => {
    const { clock, runs, alarm } = started();
    alarm.by(1_100);
    await alarm.stop();
    clock.advance(500);
    expect(runs).toEqual([]);
    alarm.start();
    expect(runs).toEqual([1_500]);
  });
});

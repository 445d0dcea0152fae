import { expect, test } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import { watchSilence } from "./silence.ts";

const INTERVAL = 100;

test("three whole intervals without a word are silence, before the end of the fourth", () => {
  const clock = manualClock();
  const silent: string[] = [];
  const first = watchSilence(clock, INTERVAL, () => silent.push("first"));
  clock.advance(50);
  watchSilence(clock, INTERVAL, () => silent.push("second"));
  clock.advance(200);
  first.heard();
  clock.advance(100);
  expect(silent).toEqual([]);
  clock.advance(100);
  expect(silent).toEqual(["second"]);
  clock.advance(1000);
  expect(silent).toEqual(["second", "first"]);
});

test("a thousand connections have one timer, which ends with the last of them", () => {
  const clock = manualClock();
  let timers = 0;
  const counted = {
    after(milliseconds: number, action: () => void) {
      timers += 1;
      return clock.after(milliseconds, action);
    },
  };
  const all = Array.from({ length: 1000 }, () => watchSilence(counted, INTERVAL, () => undefined));
  for (let interval = 0; interval < 10; interval += 1) {
    for (const one of all) one.heard();
    clock.advance(INTERVAL);
  }
  expect(timers).toBe(11);
  for (const one of all) one.stop();
  clock.advance(10 * INTERVAL);
  expect(timers).toBe(11);
});

test("another interval begins anew", () => {
  const clock = manualClock();
  let silent = false;
  const silence = watchSilence(clock, INTERVAL, () => (silent = true));
  clock.advance(350);
  silence.every(2 * INTERVAL);
  clock.advance(700);
  expect(silent).toBe(false);
  clock.advance(100);
  expect(silent).toBe(true);
});

import { expect, it } from "vitest";
import { timeOf } from "./time.ts";

it("reads RFC 3339 and epoch milliseconds; a whole second has a first and a last millisecond", () => {
  const second = Date.UTC(2026, 2, 1, 8, 0, 5);
  expect(timeOf("2026-03-01T08:00:05Z", "first")).toBe(second);
  expect(timeOf("2026-03-01T08:00:05Z", "last")).toBe(second + 999);
  expect(timeOf("2026-03-01 09:00:05.250+01:00", "last")).toBe(second + 250);
  expect(timeOf(String(second), "last")).toBe(second);
  expect(timeOf(undefined, "last")).toBeUndefined();
});

it.each(["yesterday", "2026-03-01", "2026-03-01T08:00:05", "2026-13-01T08:00:05Z", "-5", "1e3", ""])(
  "refuses %j",
  (text) => {
    expect(() => timeOf(text, "first")).toThrow(expect.objectContaining({ code: "time_invalid" }) as Error);
  },
);

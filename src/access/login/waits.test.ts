import { describe, expect, it } from "vitest";
import { manualClock } from "../../kernel/clock.ts";
import { askerOf, createWaits, waitAfter } from "./waits.ts";

const SECOND = 1000;

function failed(waits: ReturnType<typeof createWaits>, times: number, name = "alice", address = "10.0.0.1"): void {
  for (let at = 0; at < times; at += 1) waits.enter(name, address);
}

describe("who guesses", () => {
  it("may be wrong ten times, then waits longer and longer, fifteen minutes at the most", () => {
    expect([0, 9, 10, 11, 15, 19, 20, 1000].map(waitAfter)).toEqual(
      [0, 0, 1, 2, 32, 512, 900, 900].map((s) => s * SECOND),
    );
    const clock = manualClock(1);
    const waits = createWaits(clock);
    failed(waits, 10);
    expect(() => waits.enter("alice", "10.0.0.1")).toThrow(
      expect.objectContaining({ code: "login_wait", details: { retryAfter: 1 } }),
    );
    clock.advance(SECOND);
    waits.enter("ALICE", "10.0.0.1");
    clock.advance(SECOND);
    expect(() => waits.enter("alice", "10.0.0.1")).toThrow("try again in 1 s");
  });

  it("does not make the wait longer by asking while it lasts, and has it behind him a quarter of an hour later", () => {
    const clock = manualClock(1);
    const waits = createWaits(clock);
    failed(waits, 10);
    for (let at = 0; at < 100; at += 1) expect(() => waits.enter("alice", "10.0.0.1")).toThrow("try again in 1 s");
    clock.advance(15 * 60 * SECOND);
    failed(waits, 10);
  });

  it("has no more tries by writing the same name otherwise, as a directory would not notice", () => {
    const waits = createWaits(manualClock(1));
    failed(waits, 10, "bob smith");
    for (const name of ["bob smith ", " bob  smith", "BOB\u00a0SMITH", "bob\u200b smith", "\uff42ob smith", "bobsmith"])
      expect(() => waits.enter(name, "10.0.0.1")).toThrow("too many logins failed");
    waits.enter("bob.smith", "10.0.0.1");
  });

  it("keeps nobody out who comes from elsewhere, and no other name", () => {
    const waits = createWaits(manualClock(1));
    failed(waits, 10);
    waits.enter("alice", "10.0.0.2");
    waits.enter("bob", "10.0.0.1");
    expect(() => waits.enter("alice", "10.0.0.1")).toThrow("too many logins");
  });

  it("finds no way around by guessing many at once: an attempt counts before it is answered", () => {
    const waits = createWaits(manualClock(1));
    const attempts = Array.from({ length: 10 }, () => waits.enter("alice", "10.0.0.1"));
    expect(() => waits.enter("alice", "10.0.0.1")).toThrow("too many logins");
    attempts[0]!.undone();
    waits.enter("alice", "10.0.0.1");
    attempts[1]!.succeeded();
    failed(waits, 10);
  });

  it("takes no more memory than for 10,000 of them", () => {
    const waits = createWaits(manualClock(1));
    failed(waits, 10, "kept");
    for (let at = 0; at < 9_999; at += 1) waits.enter(`name-${at}`, "10.0.0.1");
    expect(() => waits.enter("kept", "10.0.0.1")).toThrow("too many logins");
    for (let at = 0; at < 10_000; at += 1) waits.enter(`other-${at}`, "10.0.0.1");
    waits.enter("kept", "10.0.0.1");
  });
});

it.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:10.1.2.3", "10.1.2.3"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8::7", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  [undefined, "socket"],
])("%s counts as %s", (address, asker) => {
  expect(askerOf(address)).toBe(asker);
});

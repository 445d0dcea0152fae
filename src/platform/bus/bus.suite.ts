import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Json } from "../../kernel/json.ts";
import type { Bus } from "./index.ts";

/** A bus to be tested, and what its handlers threw. */
export interface OpenBus {
  readonly bus: Bus;
  readonly failures: readonly unknown[];
}

/** What every bus does. */
export function busSuite(open: () => Promise<OpenBus>): void {
  let bus: Bus;
  let failures: readonly unknown[];
  beforeEach(async () => {
    ({ bus, failures } = await open());
  });
  afterEach(() => bus.close());

  /** Resolves with the first `count` messages of a pattern. */
  function received(pattern: string, count: number): Promise<readonly (readonly [string, Json])[]> {
    return new Promise((resolve) => {
      const messages: [string, Json][] = [];
      const stop = bus.subscribe(pattern, (payload, subject) => {
        messages.push([subject, payload]);
        if (messages.length < count) return;
        stop();
        resolve(messages);
      });
    });
  }

  describe("a message", () => {
    it("reaches every subscriber whose pattern covers it, in the order of publishing", async () => {
      const exact = received("task.ready.a", 2);
      const same = received("task.ready.a", 2);
      const one = received("task.*.a", 3);
      const any = received("task.>", 4);
      const all = received(">", 5);
      bus.publish("task.ready.a", 1);
      bus.publish("job.changed", 2);
      bus.publish("task.ready.b", 3);
      bus.publish("task.ready.a", 4);
      bus.publish("task.done.a", { text: "5" });
      expect(await exact).toEqual([
        ["task.ready.a", 1],
        ["task.ready.a", 4],
      ]);
      expect(await same).toEqual(await exact);
      expect((await one).map(([, payload]) => payload)).toEqual([1, 4, { text: "5" }]);
      expect((await any).map(([, payload]) => payload)).toEqual([1, 3, 4, { text: "5" }]);
      expect((await all).map(([, payload]) => payload)).toEqual([1, 2, 3, 4, { text: "5" }]);
    });

    it("is not delivered within the call that publishes it", async () => {
      const order: string[] = [];
      const arrived = received("x", 1).then(() => order.push("received"));
      bus.publish("x", null);
      order.push("published");
      await arrived;
      expect(order).toEqual(["published", "received"]);
    });

    it("is a copy: what publisher and handlers do with it, others do not see", async () => {
      const seen: Json[] = [];
      bus.subscribe("x", (payload) => void (payload as Json[]).push("from a handler"));
      bus.subscribe("x", (payload) => void seen.push(payload));
      const last = received("x", 1);
      const payload = [1];
      bus.publish("x", payload);
      payload.push(2);
      await last;
      expect(seen).toEqual([[1]]);
    });

    it("may be published by a handler", async () => {
      const last = received("second", 1);
      bus.subscribe("first", (payload) => bus.publish("second", payload));
      bus.publish("first", "on");
      expect(await last).toEqual([["second", "on"]]);
    });
  });

  describe("a subscriber", () => {
    it("that throws is logged and hurts nobody", async () => {
      bus.subscribe("x", () => {
        throw new Error("handler");
      });
      const others = received("x", 2);
      bus.publish("x", 1);
      bus.publish("x", 2);
      expect(await others).toEqual([
        ["x", 1],
        ["x", 2],
      ]);
      expect(failures).toHaveLength(2);
    });

    it("that stopped is not called again, not even for what was published before", async () => {
      const seen: Json[] = [];
      const stopped = [bus.subscribe("x", () => seen.push("exact")), bus.subscribe("*", () => seen.push("wild"))];
      bus.publish("x", 1);
      for (const stop of [...stopped, ...stopped]) stop();
      const others = received("x", 1);
      bus.publish("x", 2);
      await others;
      expect(seen).toEqual([]);
    });
  });

  it("refuses subjects and patterns that are none", () => {
    for (const subject of ["", "a..b", "a.*", ">", "a b", "a.", ".a"]) {
      expect(() => bus.publish(subject, null)).toThrow(/not a subject/);
    }
    for (const pattern of ["", "a..b", "a.>.b", "a*"]) {
      expect(() => bus.subscribe(pattern, () => {})).toThrow(/not a pattern/);
    }
  });

  it("is silent once closed", async () => {
    const seen: Json[] = [];
    bus.subscribe("x", (payload) => seen.push(payload));
    bus.publish("x", 1);
    await bus.close();
    bus.publish("x", 2);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(seen).toEqual([]);
  });
}

import { array, assert, constantFrom, integer, jsonValue, oneof, property, record, string } from "fast-check";
import { expect, it } from "vitest";
import { isPlainOrder, isPlainReport } from "./hot-messages.ts";
import { executorMessage, serverMessage } from "./messages.ts";

const about = { sequence: 1, task: "a", attempt: 1 };

it("knows what comes by the thousand", () => {
  const items = [{ item: 0, outcome: "done", value: { changed: true }, startedAt: 1.5, milliseconds: 0 }];
  expect(
    [
      { type: "output", ...about, stream: "stdout", index: 0, data: "aGVsbG8=", item: 3 },
      { type: "items", ...about, items },
      { type: "result", ...about, outcome: "done" },
      { type: "started", sequence: 2, tasks: [{ task: "a", attempt: 1 }] },
    ].map(isPlainReport),
  ).toEqual([true, true, true, true]);
  const call = { key: "k", module: "agent", function: "*", parameters: null, keepGoing: false, timeout: null };
  expect(
    [
      { type: "task", task: "a", attempt: 1, ...call, batch: [{ item: 0, parameters: {} }], safeToRepeat: true },
      { type: "task", task: "a", attempt: 1, ...call, batch: null, safeToRepeat: false, shared: {} },
      { type: "ack", sequence: 4 },
      { type: "heartbeat" },
    ].map(isPlainOrder),
  ).toEqual([true, true, true, true]);
});

it("takes nothing that the schema would refuse, or give back otherwise", () => {
  const value = oneof(
    jsonValue({ maxDepth: 1 }),
    integer({ min: -1, max: 2 }),
    constantFrom("done", "failed", "stdout", "a"),
  );
  const item = record(
    {
      item: integer({ min: -1, max: 1 }),
      outcome: constantFrom("done", "failed"),
      value,
      startedAt: value,
      milliseconds: value,
      other: value,
    },
    { requiredKeys: ["item", "outcome"] },
  );
  const message = record(
    {
      type: constantFrom("output", "items", "result", "started", "goodbye"),
      sequence: integer({ min: -1, max: 1 }),
      task: string({ maxLength: 66 }),
      attempt: integer({ min: 0, max: 2 }),
      stream: constantFrom("stdout", "stderr", "stdin"),
      index: value,
      data: value,
      item: value,
      items: oneof(array(item, { maxLength: 3 }), value),
      tasks: oneof(
        array(record({ task: string({ maxLength: 66 }), attempt: value, other: value }, { requiredKeys: ["task"] })),
        value,
      ),
      outcome: value,
      value,
      other: value,
    },
    { requiredKeys: ["type", "sequence"] },
  );
  assert(
    property(oneof({ weight: 9, arbitrary: message }, { weight: 1, arbitrary: value }), (one) => {
      if (!isPlainReport(one)) return;
      expect(executorMessage.parse(one)).toEqual(one);
    }),
    { numRuns: 3000 },
  );
});

it("takes no order that the schema would refuse, or give back otherwise", () => {
  const value = oneof(
    jsonValue({ maxDepth: 1 }),
    integer({ min: -1, max: 2 }),
    constantFrom(null, "", "a", "a".repeat(129), true, Number.NaN, Number.POSITIVE_INFINITY),
  );
  const item = record(
    { item: integer({ min: -1, max: 1 }), parameters: value, function: value, safeToRepeat: value, other: value },
    { requiredKeys: ["item"] },
  );
  const task = record(
    {
      type: constantFrom("task", "ack", "heartbeat", "cancel"),
      task: constantFrom("", "a", "a".repeat(65)),
      attempt: integer({ min: 0, max: 2 }),
      key: constantFrom("", "k", "k".repeat(129)),
      module: constantFrom("", "m", "m".repeat(129)),
      function: constantFrom("", "f", "f".repeat(129)),
      parameters: value,
      batch: oneof(constantFrom(null), array(item, { maxLength: 2 }), value),
      keepGoing: constantFrom(true, false, 1),
      timeout: oneof(constantFrom(null, 0, 1.5, -1), value),
      safeToRepeat: constantFrom(true, false, null),
      shared: value,
      hide: value,
      undo: value,
      other: value,
    },
    {
      requiredKeys: ["type", "task", "attempt", "key", "module", "function", "parameters", "batch", "safeToRepeat"],
    },
  );
  const short = record(
    { type: constantFrom("ack", "heartbeat"), sequence: value, authority: value },
    { requiredKeys: ["type"] },
  );
  assert(
    property(oneof(task, short, value), (one) => {
      if (isPlainOrder(one)) expect(serverMessage.parse(one)).toEqual(one);
    }),
    { numRuns: 3000 },
  );
});

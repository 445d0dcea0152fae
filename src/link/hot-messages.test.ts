import { array, assert, constantFrom, integer, jsonValue, oneof, property, record, string } from "fast-check";
import { expect, it } from "vitest";
import { isPlainReport } from "./hot-messages.ts";
import { executorMessage } from "./messages.ts";

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

import { expect, it } from "vitest";
import { analyse, type TaskTimes } from "./analysis.ts";
import type { ShownLine, VerbResult } from "./results.ts";

function result(node: string, job: number, milliseconds: number | null): VerbResult {
  const how = { exitCode: null, message: null, startedAt: 0, jobId: null, value: null };
  return { ...how, node, nodeNumber: 0, job, entry: 0, stage: 0, state: "ok", milliseconds };
}

function task(node: string, createdAt: number, startedAt: number | null, settledAt: number | null): TaskTimes {
  return { node, createdAt, startedAt, settledAt };
}

const lines = ["RUN", "ECHO"].map((verb, index): ShownLine => {
  return { job: index + 1, id: `${index}`, entry: 0, verb, text: "", name: null, where: null };
});

it("says of each verb and each node where the time went, the slowest first", () => {
  const results = [result("a", 1, 30), result("a", 2, 10), result("b", 1, 50), result("b", 2, null)];
  const analysis = analyse(lines, results, [task("a", 100, 105, 155), task("b", 100, 120, 180)]);
  expect(analysis.verbs).toEqual([
    { verb: lines[0], nodes: 2, total: 80, mean: 40, longest: 50, slowest: "b" },
    { verb: lines[1], nodes: 1, total: 10, mean: 10, longest: 10, slowest: "a" },
  ]);
  expect(analysis.nodes).toEqual([
    { node: "b", execution: 50, waiting: 20, roundTrip: 10, verbs: 1 },
    { node: "a", execution: 40, waiting: 5, roundTrip: 10, verbs: 2 },
  ]);
  expect(analysis.total).toEqual({ execution: 90, waiting: 25, roundTrip: 20, verbs: 3 });
});

it("counts a node that never took its list as waited for, and clocks that differ for nothing below nothing", () => {
  expect(analyse(lines, [], [task("gone", 100, null, 400)]).nodes).toEqual([
    { node: "gone", execution: 0, waiting: 300, roundTrip: 0, verbs: 0 },
  ]);
  // A node's clock says that its verb took longer than its list was out.
  expect(analyse(lines, [result("a", 1, 500)], [task("a", 100, 90, 200)]).total).toEqual({
    execution: 500,
    waiting: 0,
    roundTrip: 0,
    verbs: 1,
  });
});

it("tells the slowest twenty alone, and sums up all", () => {
  const results = Array.from({ length: 30 }, (_, index) => result(`n${index}`, 1, index));
  const { nodes, total } = analyse(lines, results, []);
  expect([nodes.length, nodes[0]!.node, total.verbs]).toEqual([20, "n29", 30]);
});

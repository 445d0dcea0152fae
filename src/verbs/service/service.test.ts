import { describe, expect, it } from "vitest";
import { decideService, restartDelay, stateOf, type ServiceDefinition, type ServiceRecord } from "./model.ts";

describe("deciding about a service", () => {
  const definition: ServiceDefinition = {
    command: ["a"],
    folder: ".",
    environment: {},
    watch: [],
    restart: "no",
    stopSeconds: 10,
  };
  const now = { definition, watched: "h", running: true };
  const next = { definition, watched: "h" };

  it.each([
    ["started", undefined, next, ["start"]],
    ["started", now, next, ["keep"]],
    ["started", { ...now, running: false }, next, ["start"]],
    ["started", now, { ...next, watched: "other" }, ["stop", "start"]],
    ["started", now, { ...next, definition: { ...definition, environment: { A: "1" } } }, ["stop", "start"]],
    ["started", now, { ...next, definition: { ...definition, restart: "on-failure" as const } }, ["keep"]],
    ["restarted", now, next, ["stop", "start"]],
    ["restarted", { ...now, running: false }, next, ["start"]],
    ["stopped", now, next, ["stop", "keep"]],
    ["stopped", { ...now, running: false }, next, ["keep"]],
    ["absent", now, next, ["stop", "remove"]],
    ["absent", undefined, undefined, []],
  ] as const)("%s", (wanted, view, after, steps) => {
    expect(decideService(wanted, view, after).steps).toEqual(steps);
  });

  it("waits longer after each failure", () => {
    expect([0, 1, 2, 6, 100].map(restartDelay)).toEqual([1000, 2000, 4000, 60_000, 60_000]);
  });

  it("calls a service that ended with exit code 0 stopped, any other failed", () => {
    const record: ServiceRecord = {
      definition,
      watched: "",
      wanted: "started",
      process: null,
      startedAt: 0,
      exit: { code: 0, signal: null },
      restarts: 0,
    };
    expect(stateOf(record, false)).toBe("stopped");
    expect(stateOf({ ...record, exit: { code: 1, signal: null } }, false)).toBe("failed");
    expect(stateOf({ ...record, exit: null }, false)).toBe("failed");
    expect(stateOf(record, true)).toBe("running");
  });
});

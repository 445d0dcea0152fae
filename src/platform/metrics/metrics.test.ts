import { describe, expect, it } from "vitest";
import { createMetrics } from "./index.ts";

describe("metrics", () => {
  it("are told as Prometheus reads them", async () => {
    const metrics = createMetrics();
    const total = metrics.counter("gantry_things_total", "Things made.", ["kind"]);
    total.inc({ kind: "a" });
    total.inc({ kind: "a" }, 2);
    metrics.histogram("gantry_thing_seconds", "Seconds a thing takes.", [0.1, 1]).observe(0.5);
    const lines = (await metrics.text()).split("\n");
    expect(lines).toContain("# HELP gantry_things_total Things made.");
    expect(lines).toContain("# TYPE gantry_things_total counter");
    expect(lines).toContain('gantry_things_total{kind="a"} 3');
    expect(lines).toContain('gantry_thing_seconds_bucket{le="0.1"} 0');
    expect(lines).toContain('gantry_thing_seconds_bucket{le="1"} 1');
    expect(lines).toContain("gantry_thing_seconds_sum 0.5");
  });

  it("ask a gauge at each reading", async () => {
    const metrics = createMetrics();
    let waiting = 0;
    metrics.gauge("gantry_waiting", "Things that wait.", async () => (waiting += 1));
    expect(await metrics.text()).toContain("gantry_waiting 1\n");
    expect(await metrics.text()).toContain("gantry_waiting 2\n");
  });

  it("tell of the process, and each server of its own", async () => {
    const one = createMetrics();
    const other = createMetrics();
    one.counter("gantry_only_here_total", "Here.").inc();
    expect(await one.text()).toContain("process_resident_memory_bytes");
    expect(await other.text()).not.toContain("gantry_only_here_total");
  });
});

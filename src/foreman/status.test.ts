import { describe, expect, it } from "vitest";
import { NO_NOTES, UNDESCRIBED, type Foundation, type Snapshot, type Structure } from "../inventory/index.ts";
import { dependency, emptySnapshot, site } from "../inventory/testing.ts";
import { SERVER_STARTER, type Job } from "../jobs/index.ts";
import { designStatus } from "./status.ts";

const managed = {
  managedBy: "design:lab",
  applied: {},
  wanted: "built",
  version: 1,
  createdAt: 0,
  updatedAt: 0,
} as const;
const idle = { stale: false, rebuild: false, jobId: null, build: null, failure: null } as const;

function foundation(name: string, more: Partial<Foundation> = {}): Foundation {
  return {
    id: `f-${name}`,
    name,
    site: "lab",
    type: "local",
    blueprint: "machine",
    attributes: {},
    variables: {},
    complex: null,
    systemUuid: null,
    ...NO_NOTES,
    state: "planned",
    ...UNDESCRIBED,
    ...managed,
    ...idle,
    ...more,
  };
}

function structure(name: string, more: Partial<Structure> = {}): Structure {
  return {
    id: `s-${name}`,
    name,
    hostname: name,
    site: "lab",
    blueprint: "web",
    foundation: name,
    description: "",
    variables: {},
    addresses: [{ block: "b", address: "127.1.0.1" }],
    dependsOn: [],
    parent: null,
    role: null,
    managementAddress: null,
    groups: [],
    zone: null,
    ...UNDESCRIBED,
    state: "planned",
    ...managed,
    ...idle,
    ...more,
  };
}

function job(id: string, target: string, more: Partial<Job> = {}): Job {
  return {
    id,
    tenantId: "t",
    host: "foreman",
    programHash: "",
    programKind: "script",
    programName: "create",
    target: { kind: target.startsWith("f") ? "foundation" : "structure", id: target, name: target },
    runId: null,
    starter: SERVER_STARTER,
    context: {},
    status: "running",
    wish: null,
    line: 3,
    percent: 40,
    progress: [{ percent: 40, name: "Scope", description: "Web server" }],
    message: "",
    failure: null,
    wakeAt: null,
    endsAt: null,
    createdAt: 100,
    startedAt: 110,
    finishedAt: null,
    ...more,
  };
}

function snapshot(foundations: Foundation[], structures: Structure[]): Snapshot {
  return {
    ...emptySnapshot(),
    foundations: new Map(foundations.map((one) => [one.name, one])),
    structures: new Map(structures.map((one) => [one.name, one])),
  };
}

function status(foundations: Foundation[], structures: Structure[], jobs: Job[] = []) {
  return designStatus({
    snapshot: snapshot(foundations, structures),
    managedBy: "design:lab",
    appliedAt: 50,
    jobs,
    now: 1000,
  });
}

describe("the status of a design", () => {
  it("shows a structure that is being built, over both of its jobs", () => {
    const built = foundation("web1", { state: "built", build: null });
    const building = structure("web1", { state: "building", jobId: "j2" });
    const done = job("j1", "f-web1", { status: "done", finishedAt: 200, percent: 100 });
    const result = status([built], [building], [done, job("j2", "s-web1")]);
    expect(result.settled).toBe(false);
    expect(result.items).toEqual([
      expect.objectContaining({
        name: "web1",
        state: "building",
        step: "create, line 3: Web server",
        percent: 70,
        milliseconds: 900,
        addresses: ["127.1.0.1"],
      }),
    ]);
  });

  it("is not settled while the foreman has something to start, and is when all is built", () => {
    expect(status([foundation("web1")], [structure("web1")]).settled).toBe(false);
    const done = status([foundation("web1", { state: "built" })], [structure("web1", { state: "built" })]);
    expect(done).toMatchObject({
      settled: true,
      items: [{ state: "built", percent: 100, step: "", milliseconds: null }],
    });
  });

  it("names what a structure waits for", () => {
    const rows = [
      structure("balancer", { dependsOn: ["web1"] }),
      structure("web1", { failure: { message: "no", jobId: "j", at: 1, role: "create" }, state: "failed" }),
    ];
    const result = status([foundation("balancer", { state: "built" }), foundation("web1", { state: "built" })], rows, [
      job("j", "s-web1", {
        status: "failed",
        failure: { message: "exit code 3", line: 7, output: "no such file" },
        finishedAt: 400,
      }),
    ]);
    expect(result.settled).toBe(true);
    expect(result.items[0]).toMatchObject({ name: "balancer", state: "planned", step: "waits for web1" });
    expect(result.items[1]).toMatchObject({
      state: "failed",
      failure: { jobId: "j", message: "exit code 3", place: "create:7", output: "no such file" },
    });
  });

  it("shows the failure of a foundation at the structure that should stand on it", () => {
    const failed = foundation("web1", {
      state: "failed",
      failure: { message: "no engine", jobId: "j", at: 1, role: "create" },
    });
    const result = status(
      [failed],
      [structure("web1")],
      [job("j", "f-web1", { status: "failed", failure: { message: "no engine", line: 1 } })],
    );
    expect(result).toMatchObject({
      settled: true,
      items: [{ name: "web1", state: "failed", failure: { jobId: "j", message: "no engine" } }],
    });
  });

  it("is settled while a job waits for a person", () => {
    const result = status(
      [foundation("web1", { state: "built" })],
      [structure("web1", { state: "building", jobId: "j" })],
      [job("j", "s-web1", { status: "paused" })],
    );
    expect(result).toMatchObject({ settled: true, items: [{ state: "paused" }] });
  });

  it("lists a foundation alone only when nothing stands on it, and nothing of others", () => {
    const result = status([foundation("spare"), foundation("foreign", { managedBy: "person" })], []);
    expect(result.items.map((one) => [one.kind, one.name])).toEqual([["foundation", "spare"]]);
  });

  it("says what waits for a limit, a machine to be found, or a dependency, and that a limit will let it go on", () => {
    const rack = site("lab", { maxJobs: 1 });
    const rows = snapshot(
      [
        foundation("web1", { state: "building", jobId: "j" }),
        foundation("web2"),
        foundation("rack1", { type: "ipmi" }),
        foundation("late"),
      ],
      [structure("web1"), structure("web2"), structure("rack1"), structure("late"), structure("switch")],
    );
    const one = dependency("port", { foundation: "late", structure: "switch", managedBy: "design:lab" });
    const input = {
      snapshot: { ...rows, sites: new Map([["lab", rack]]), dependencies: new Map([["port", one]]) },
      managedBy: "design:lab",
      appliedAt: 50,
      jobs: [job("j", "f-web1", { status: "paused" })],
      now: 1000,
    };
    const steps = Object.fromEntries(designStatus(input).items.map(({ name, step }) => [name, step]));
    expect(steps).toMatchObject({
      web2: "waits for the limit of site lab: 1 job at one time",
      rack1: "waits until it is located",
      late: "waits for dependency port",
    });
    expect(designStatus(input).settled).toBe(false);
    const unlimited = { ...input.snapshot, sites: new Map([["lab", site("lab")]]) };
    expect(designStatus({ ...input, snapshot: unlimited, driverLimits: { local: 1 } }).items).toContainEqual(
      expect.objectContaining({ name: "web2", step: "waits for the limit of driver local: 1 job at one time" }),
    );
  });
});

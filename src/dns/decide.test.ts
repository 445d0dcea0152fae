import { describe, expect, it } from "vitest";
import { isServedBy, publicationSteps, retryDelay, type CurrentZone } from "./decide.ts";
import type { DnsTarget, Publication } from "./model.ts";

const target = (change: Partial<DnsTarget> = {}): DnsTarget => ({
  id: "a",
  tenantId: "t",
  name: "a",
  kind: "bind",
  settings: {},
  zones: [],
  view: null,
  version: 1,
  createdAt: 0,
  updatedAt: 0,
  ...change,
});

const current = (name: string, contentHash = "x", view: string | null = null): CurrentZone => ({
  zone: { name, view, reverse: false, parent: null, authority: {} as never, sets: [] },
  serial: 1,
  contentHash,
});

const row = (zone: string, change: Partial<Publication> = {}): Publication => ({
  targetId: "a",
  zone,
  view: "",
  state: "published",
  serial: 1,
  contentHash: "x",
  attempt: 0,
  nextTryAt: 0,
  lastError: null,
  publishedAt: 0,
  ...change,
});

function texts(...given: Parameters<typeof publicationSteps>): readonly string[] {
  return publicationSteps(...given).map(
    (step) => `${step.do} ${step.do === "remove" ? step.row.zone : step.current.zone.name}`,
  );
}

describe("what is to be published", () => {
  it("is what is new, what changed, what failed, and what is gone", () => {
    const zones = [current("new"), current("same"), current("changed", "y"), current("failed")];
    const rows = [row("same"), row("changed"), row("failed", { state: "waiting" }), row("gone")];
    expect(texts([target()], zones, rows)).toEqual(["begin new", "publish changed", "publish failed", "remove gone"]);
    expect(texts([target()], [current("same")], [row("same")])).toEqual([]);
    expect(texts([], zones, rows)).toEqual([]);
  });

  it.each([
    [target(), "a.org", null, true],
    [target({ zones: ["a.org"] }), "a.org", null, true],
    [target({ zones: ["a.org"] }), "b.org", null, false],
    [target(), "a.org", "inside", false],
    [target({ view: "inside" }), "a.org", "inside", true],
    [target({ view: "inside" }), "a.org", "outside", false],
    [target({ view: "inside" }), "a.org", null, true],
  ])("case %#: a target serves zones of its list and its view", (one, name, view, expected) => {
    expect(isServedBy(one, { name, view })).toBe(expected);
  });

  it("is tried again later and later, at most a minute later", () => {
    expect([1, 2, 3, 6, 7, 100].map(retryDelay)).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
  });
});

import { describe, expect, it } from "vitest";
import { checkSize, makeRun, MOST_PLACES, type Making } from "./making.ts";

describe("a run", () => {
  it("is refused before it is written down when it is too large for that", () => {
    checkSize(MOST_PLACES);
    const nodes = Array.from({ length: 5000 }, (_, number) => ({ agentId: `id${number}`, name: `node${number}` }));
    const making: Making = {
      id: "run",
      tenantId: "tenant",
      text: "",
      createdAt: 0,
      plan: false,
      starter: { accountId: null, tokenId: null, name: "somebody" },
      resumes: null,
      entries: [{ async: false, onFailure: "stop" }],
      // Every verb waits: each is a stage of its own.
      compiled: {
        lines: [],
        stages: Array.from({ length: 101 }, (_, at) => ({ entry: 0, from: at, to: at + 1, query: true, waits: [] })),
      },
      nodes: [nodes],
      ignoreCache: false,
      cache: "none",
    };
    expect(() => makeRun(making)).toThrow("more than 500000 stages on nodes");
  });

  it("is refused when one list of verbs is longer than a job may have, instead of being tried for ever", () => {
    const call = { function: "echo", parameters: { text: "x".repeat(200_000) }, safeToRepeat: true };
    const line = { id: "a", entry: 0, verb: "ECHO", text: "", calls: [call], runOnce: false, sensitive: false };
    const making: Making = {
      id: "run",
      tenantId: "tenant",
      text: "",
      createdAt: 0,
      plan: false,
      starter: { accountId: null, tokenId: null, name: "somebody" },
      resumes: null,
      entries: [{ async: false, onFailure: "stop" }],
      compiled: {
        lines: Array.from({ length: 42 }, () => line),
        stages: [{ entry: 0, from: 0, to: 42, query: false, waits: [] }],
      },
      nodes: [[{ agentId: "a", name: "node" }]],
      ignoreCache: false,
      cache: "none",
    };
    expect(() => makeRun(making)).toThrow("make several entries of it");
  });
});

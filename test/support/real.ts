import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import type { PartState } from "./real-part.ts";

/** A skip that continuous integration accepts. */
interface AllowedSkip {
  readonly part: string;
  /** Why the machine of continuous integration cannot have it. */
  readonly reason: string;
}

const allowed = JSON.parse(
  readFileSync(join(import.meta.dirname, "allowed-skips.json"), "utf8"),
) as readonly AllowedSkip[];

/**
 * Tests that need real parts (`debian.ts`). Where one is missing they are skipped, with a printed line of what is missing and why; under
 * `GANTRY_REQUIRE_REAL=1` that fails unless `allowed-skips.json` names the part.
 */
export function describeReal(parts: string | readonly string[], name: string, tests: () => void): void {
  describePart(inject("realParts"), [parts].flat(), name, tests, process.env["GANTRY_REQUIRE_REAL"] === "1");
}

/** How to reach a part that is there. */
export function addressOf(part: string): string {
  const state = inject("realParts")[part];
  if (state === undefined || "missing" in state)
    throw new Error(`the part ${part} is not there: wrap the tests in describeReal`);
  return state.address;
}

/** What to do about tests that need parts. */
export function decideOn(
  states: Readonly<Record<string, PartState>>,
  parts: readonly string[],
  required: boolean,
  skips: readonly AllowedSkip[] = allowed,
): { readonly act: "run" } | { readonly act: "skip" | "fail"; readonly why: string } {
  const missing = parts.flatMap((part) => {
    const state = states[part];
    if (state === undefined) throw new Error(`there is no part ${part} in test/support/debian.ts`);
    return "missing" in state ? [{ part, why: `needs ${part}: ${state.missing}` }] : [];
  });
  const why = missing.map((one) => one.why).join("; ");
  if (missing.length === 0) return { act: "run" };
  const accepted = missing.every(({ part }) => skips.some((skip) => skip.part === part));
  return { act: required && !accepted ? "fail" : "skip", why };
}

function describePart(
  states: Readonly<Record<string, PartState>>,
  parts: readonly string[],
  name: string,
  tests: () => void,
  required: boolean,
): void {
  const decision = decideOn(states, parts, required);
  if (decision.act === "skip") console.log(`skipped: ${name}: ${decision.why}`);
  const body = decision.act === "fail" ? () => refuse(decision.why) : tests;
  // oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- made from what the caller gives
  describe.skipIf(decision.act === "skip")(name, body);
}

function refuse(why: string): void {
  it("has the real parts it needs", () => {
    expect.fail(`${why}. Allowed skips are in test/support/allowed-skips.json.`);
  });
}

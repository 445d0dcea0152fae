import type { Module } from "../../link/index.ts";
import { defineDriver, foundationType } from "../driver.ts";
import { testAttributes } from "./model.ts";
import { createTestOperations, type TestOptions } from "./operations.ts";

export const testFoundations = foundationType("test", testAttributes);

/** Foundations at a time: they cost nothing. */
const LIMIT = 64;

/** The driver of foundations that are only pretended. */
export function createTestModule(options: TestOptions): Module {
  return defineDriver({
    name: "test",
    limit: LIMIT,
    attributes: testAttributes,
    operations: createTestOperations(options),
  });
}

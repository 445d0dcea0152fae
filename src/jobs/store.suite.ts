import { vi } from "vitest";
import type { OpenEmptyDatabase } from "../platform/database/index.ts";
import { engineSuite } from "./engine.suite.ts";
import { listsSuite } from "./lists.suite.ts";
import { makingSuite } from "./making.suite.ts";
import { outsideSuite } from "./outside.suite.ts";
import { pruneSuite } from "./prune.suite.ts";
import { restartSuite } from "./restart.suite.ts";
import { sealedSuite } from "./sealed.suite.ts";
import { startersSuite } from "./starters.suite.ts";
import { tasksSuite } from "./tasks.suite.ts";
import { timesSuite } from "./times.suite.ts";
import { undoSuite } from "./undo.suite.ts";
import { unservedSuite } from "./unserved.suite.ts";
import { wishesSuite } from "./wishes.suite.ts";

/** What jobs and tasks do on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  vi.setConfig({ testTimeout: 120_000 });
  engineSuite(open);
  makingSuite(open);
  wishesSuite(open);
  tasksSuite(open);
  listsSuite(open);
  restartSuite(open);
  sealedSuite(open);
  pruneSuite(open);
  startersSuite(open);
  outsideSuite(open);
  undoSuite(open);
  unservedSuite(open);
  timesSuite(open);
}

import { afterAll, beforeAll } from "vitest";
import { createTestEngine, makeImages, type TestEngine } from "./docker.ts";
import { addressOf } from "./real.ts";

export { EMPTY_IMAGE, IMAGE, IMAGE_WITHOUT_LIBRARY, type TestEngine } from "./docker.ts";

/** The engine for the tests of one file, inside `describeReal("docker", …)`. */
export function useEngine(): TestEngine {
  const folder = addressOf("docker");
  const engine = createTestEngine(folder);
  // Another test run on this machine may have to end first.
  beforeAll(async () => {
    await engine.start();
    await makeImages(engine, folder);
  }, 15 * 60_000);
  afterAll(() => engine.stop());
  return engine;
}

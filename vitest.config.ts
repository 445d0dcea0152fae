import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "lint/**/*.test.ts"],
          // Most of the time would go into importing the same modules for each file. What files share is held in order by the set-up file.
          isolate: false,
          // No test asserts a time: this one only ends what hangs, also on a busy machine.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: availableParallelism(),
          setupFiles: ["test/support/left-behind.ts"],
        },
      },
      {
        test: {
          name: "real",
          include: ["test/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

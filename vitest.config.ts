import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/**
 * Files of real tests that have the machine to themselves: they use a thing of which there is one (bridges, the container engine), or all its
 * processors.
 */
const ALONE = [
  "booting",
  "container-verbs",
  "containers",
  "crash",
  "docker",
  "docker-scripts",
  "forty",
  "imported-ipmi",
  "large-import",
  "lxc",
  "lxc-site",
  "qemu",
  "rack",
  "redfish",
].map((name) => `test/${name}.test.ts`);

/** Of `expect.poll`: no test asserts a time, this only ends what never comes, also on a busy machine. */
const expects = { poll: { timeout: 30_000 } };

const real = {
  expect: expects,
  globalSetup: ["test/support/global-setup.ts"],
  // No test asserts a time: these only end what hangs, also where two files share a busy machine.
  testTimeout: 240_000,
  hookTimeout: 240_000,
};

export default defineConfig({
  test: {
    // Tests import the source as users run it: Node strips the types.
    experimental: { viteModuleRunner: false },
    projects: [
      {
        test: {
          name: "unit",
          expect: expects,
          include: ["src/**/*.test.ts", "lint/**/*.test.ts"],
          // Most of the time would go into importing the same modules for each file. What files share is held in order by the set-up file.
          isolate: false,
          // What tests leave to the collector is large and dies young.
          execArgv: ["--max-semi-space-size=64"],
          // No test asserts a time: this one only ends what hangs, also on a busy machine.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: availableParallelism(),
          setupFiles: ["test/support/left-behind.ts"],
        },
      },
      {
        test: {
          ...real,
          name: "real",
          include: ["test/**/*.test.ts"],
          exclude: ALONE,
          // They wait for processes more than they compute.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...real,
          name: "alone",
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});

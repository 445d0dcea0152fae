import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const execute = promisify(execFile);

/** In a process of its own, as what V8 is told holds for all of it. Prints the size of its heap at some moments, in MB. */
const PROGRAM = `
  import { getHeapStatistics } from "node:v8";
  import { manualClock } from "${import.meta.resolve("../../kernel/clock.ts")}";
  import { keepMemorySmall } from "${import.meta.resolve("./frugal.ts")}";

  const LOOK_EVERY = 5000;
  const clock = manualClock();
  const memory = keepMemorySmall(clock);
  const heap = () => getHeapStatistics().total_heap_size / 1e6;

  // Much is kept for a while, so that V8 takes it for old, and then one thing in a hundred is.
  let kept = Array.from({ length: 500_000 }, (_, number) => ({ number, text: "text " + number }));
  kept = kept.filter(({ number }) => number % 100 === 0);
  const began = process.cpuUsage();
  while (process.cpuUsage(began).user < 1_500_000) structuredClone({});

  const sizes = [];
  for (let look = 0; look < 4; look += 1) {
    clock.advance(LOOK_EVERY);
    sizes.push(heap());
  }
  memory.stop();
  console.log(JSON.stringify({ sizes, things: kept.length }));
`;

test("what work left is given back once a process has been quiet for three looks, and not before", async () => {
  const { stdout } = await execute(process.execPath, ["--input-type=module", "--eval", PROGRAM]);
  const { sizes } = JSON.parse(stdout) as { sizes: readonly number[] };
  const [working = 0, first = 0, second = 0, third = 0] = sizes;
  expect(Math.min(first, second)).toBeGreaterThan(0.8 * working);
  expect(third).toBeLessThan(0.5 * working);
});

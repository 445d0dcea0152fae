import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { manualClock } from "../../kernel/clock.ts";
import { callFunction, conformanceCases, type DriverUnderTest, type Parameters } from "../conformance.ts";
import { createTestModule } from "./index.ts";

let dataFolder: string;
let count = 0;

beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "gantry-pretended-"));
});
afterEach(() => rm(dataFolder, { recursive: true }));

function foundation(attributes: Parameters["foundation"]["attributes"] = {}): Parameters {
  count += 1;
  return { foundation: { id: `id-${count}`, name: `web${count}`, addresses: ["192.0.2.7"], attributes } };
}

async function files(): Promise<readonly string[]> {
  return readdir(join(dataFolder, "pretended")).catch(() => []);
}

function underTest(): DriverUnderTest {
  const pretended = join(dataFolder, "pretended");
  return {
    module: createTestModule({ dataFolder }),
    origin: "made",
    foundation: () => foundation(),
    broken: () => ({ parameters: foundation({ failure_rate: 1 }), code: "test_failed" }),
    async traces() {
      const states = await Promise.all((await files()).map((name) => readFile(join(pretended, name), "utf8")));
      return states.filter((text) => JSON.parse(text).exists === true).map((text) => JSON.parse(text).name as string);
    },
    vanish: ({ foundation: { id } }) => rm(join(pretended, `${id}.json`)),
  };
}

describe("the test driver", () => {
  test.each(conformanceCases)("$title", async ({ run }) => {
    await expect(run(underTest())).resolves.toBeUndefined();
  });

  test("remembers over restarts, and leaves nothing of what was destroyed", async () => {
    const parameters = foundation();
    await callFunction(createTestModule({ dataFolder }), "create", parameters);
    await callFunction(createTestModule({ dataFolder }), "power_on", parameters);
    const later = createTestModule({ dataFolder });
    expect(await callFunction(later, "observe", parameters)).toEqual({ exists: true, power: "on" });
    await callFunction(later, "destroy", parameters);
    expect(await files()).toEqual([]);
  });

  test("stands there without being created, where its attributes say so", async () => {
    const parameters = foundation({ stands: true });
    const module = createTestModule({ dataFolder });
    expect(await callFunction(module, "power_on", parameters)).toMatchObject({ power: "on" });
    expect(await callFunction(module, "create", parameters)).toEqual({ adopted: true });
    await callFunction(module, "destroy", parameters);
    expect(await callFunction(module, "observe", parameters)).toEqual({ exists: true, power: "off" });
  });

  test("has other luck when it is tried again, also by another worker", async () => {
    const parameters = foundation({ seed: 7, failure_rate: 0.5 });
    const outcomes: boolean[] = [];
    for (let attempt = 0; attempt < 32; attempt += 1) {
      const made = callFunction(createTestModule({ dataFolder }), "create", parameters);
      outcomes.push(
        await made.then(
          () => true,
          () => false,
        ),
      );
    }
    expect(new Set(outcomes)).toEqual(new Set([true, false]));
  });

  test("takes its time, and ends when it is cancelled", async () => {
    const clock = manualClock();
    const module = createTestModule({ dataFolder });
    const parameters = foundation({ delay: { min: 5000, max: 5000 } });
    const stop = new AbortController();
    const making = callFunction(module, "create", parameters, { clock, signal: stop.signal });
    await expect.poll(files).not.toEqual([]);
    stop.abort(new Error("cancelled"));
    await expect(making).rejects.toThrow("cancelled");
    expect(await callFunction(module, "observe", parameters)).toMatchObject({ exists: false });
  });

  test.each(["create", "power_on", "power_off", "destroy"])(
    "is content to do again what a killed worker began: %s",
    async (name) => {
      const parameters = foundation();
      const slow = {
        foundation: {
          ...parameters.foundation,
          attributes: { functions: { [name]: { delay: { min: 5000, max: 5000 } } } },
        },
      };
      const before = {
        create: [],
        power_on: ["create"],
        power_off: ["create", "power_on"],
        destroy: ["create", "power_on"],
      };
      const module = createTestModule({ dataFolder });
      for (const earlier of before[name as keyof typeof before]) await callFunction(module, earlier, parameters);
      const stop = new AbortController();
      // Nothing moves this clock: it is begun, and never ends.
      const began = callFunction(module, name, slow, { clock: manualClock(), signal: stop.signal }).catch(
        () => undefined,
      );
      const path = join(dataFolder, "pretended", `${parameters.foundation.id}.json`);
      await expect.poll(() => readFile(path, "utf8").catch(() => "")).toContain(`"${name}":1`);
      const another = createTestModule({ dataFolder });
      await callFunction(another, name, parameters);
      expect(await callFunction(another, "observe", parameters)).toEqual({
        exists: name !== "destroy",
        power: name === "power_on" ? "on" : "off",
      });
      stop.abort(new Error("the end of the test"));
      await began;
    },
  );

  test("what was made with attributes that are no longer right is taken down", async () => {
    const parameters = foundation();
    const module = createTestModule({ dataFolder });
    await callFunction(module, "create", parameters);
    const changed = { foundation: { ...parameters.foundation, attributes: { no_such: 1 } } };
    expect(await callFunction(module, "destroy", changed)).toEqual({ removed: true });
  });
});

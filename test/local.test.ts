import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callFunction, conformanceCases, type DriverUnderTest, type Parameters } from "../src/drivers/conformance.ts";
import { createLocalModule } from "../src/drivers/local/index.ts";
import { processesOf, ROOT } from "./support/gantry.ts";

/** The local driver with the agent itself, which nobody lets in: it goes on trying, and that is all the driver needs of it. */

const TOKEN = `gantry-join-${"A".repeat(24)}.${"A".repeat(43)}`;

describe("the local driver with the agent", () => {
  let folder: string;
  let count = 0;
  const made: Parameters[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gantry-local-"));
  });
  afterAll(async () => {
    for (const parameters of made) await callFunction(driver(), "destroy", parameters);
    expect(processesOf(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  function driver() {
    return createLocalModule({
      dataFolder: folder,
      agentCommand: [process.execPath, join(ROOT, "src/agent/main.ts"), "agent"],
      joinTimeout: 10,
    });
  }

  function foundation(addresses = ["127.85.0.1"]): Parameters {
    count += 1;
    const join = { urls: ["https://127.0.0.1:9"], token: TOKEN };
    const parameters = { foundation: { id: `${process.pid}-${count}`, name: `web${count}`, addresses }, join };
    made.push(parameters);
    return parameters;
  }

  const underTest = (): DriverUnderTest => ({
    module: driver(),
    origin: "made",
    foundation,
    broken: () => ({ parameters: foundation(["10.0.0.1"]), code: "local_address_invalid" }),
    traces: async () => [
      ...(await readdir(join(folder, "foundations")).catch(() => [])),
      ...processesOf(folder).map(({ pid }) => String(pid)),
    ],
    async vanish(parameters) {
      await callFunction(driver(), "power_off", parameters);
      await rm(join(folder, "foundations", parameters.foundation.name), { recursive: true });
    },
  });

  test.each(conformanceCases)("$title", async ({ run }) => {
    await expect(run(underTest())).resolves.toBeUndefined();
  });

  test("takes an agent that holds its folder for one that is at work", async () => {
    const parameters = foundation();
    await callFunction(driver(), "create", parameters);
    const { join: _, ...joined } = parameters;
    await callFunction(driver(), "power_on", parameters);
    await callFunction(driver(), "power_off", parameters);
    // Without anything to join by, and with the join file still there: what counts is the lock of its folder.
    const patient = createLocalModule({
      dataFolder: folder,
      agentCommand: [process.execPath, join(ROOT, "src/agent/main.ts"), "agent"],
    });
    expect(await callFunction(patient, "power_on", joined)).toMatchObject({ power: "on", ready: true });
  });
});

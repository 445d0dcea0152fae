import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { systemRandom } from "../kernel/ids.ts";
import { environmentKeys, takeEnvironmentKeys } from "./environment-key.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");

it("keys are taken out of the environment: no program that is started gets them", () => {
  process.env["GANTRY_MASTER_KEY"] = KEY;
  process.env["GANTRY_MASTER_KEY_PREVIOUS"] = KEY;
  expect(takeEnvironmentKeys(process.env)).toEqual({ now: KEY, before: KEY });
  expect(spawnSync("env").stdout.toString()).not.toContain(KEY);
  expect(takeEnvironmentKeys(process.env)).toEqual({ now: undefined, before: undefined });
});

it("what is no key is refused without being shown", async () => {
  for (const [text, code] of [
    ["", "master_key_unreachable"],
    ["canary", "master_key_invalid"],
    [`${KEY}x`, "master_key_invalid"],
    [KEY.slice(4), "master_key_invalid"],
  ]) {
    const { now, before } = takeEnvironmentKeys({ GANTRY_MASTER_KEY: text });
    const failed: unknown = await environmentKeys({ now, before }, systemRandom)
      .keys()
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({ code });
    expect((failed as Error).message).not.toContain("canary");
  }
});

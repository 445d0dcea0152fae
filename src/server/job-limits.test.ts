import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { settingsOf } from "./configure.ts";

const folder = mkdtempSync(join(tmpdir(), "gantry-limits-"));
afterAll(() => rmSync(folder, { recursive: true }));

function limitsOf(environment: NodeJS.ProcessEnv): Promise<unknown> {
  return settingsOf({ dataFolder: folder, flags: {}, environment }).then((settings) => settings.job_limits);
}

it("limits of jobs by driver come from the environment or from the file", async () => {
  expect(await limitsOf({})).toEqual({});
  expect(await limitsOf({ GANTRY_JOB_LIMITS: "docker=20, ipmi=4" })).toEqual({ docker: 20, ipmi: 4 });
  writeFileSync(join(folder, "config.yaml"), "job_limits: { docker: 2 }\n");
  expect(await limitsOf({})).toEqual({ docker: 2 });
});

it.each(["docker", "docker=", "docker=0", "docker=many", "=3"])("refuses %s", async (text) => {
  await expect(limitsOf({ GANTRY_JOB_LIMITS: text })).rejects.toMatchObject({
    code: "configuration_invalid",
    message: expect.stringContaining("is not a type with a number of jobs") as string,
  });
});

import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CHECKS } from "../scripts/checks.ts";

// Types, lint, format, unused code and generated files hold like any other statement: the build fails when one does not.

const root = join(import.meta.dirname, "..");

function npmRun(script: string): Promise<{ code: number | string; output: string }> {
  return new Promise((resolve) => {
    execFile(
      "npm",
      ["run", "--silent", script],
      { cwd: root, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ code: error?.code ?? 0, output: stdout + stderr });
      },
    );
  });
}

describe("npm run check", () => {
  it.each(CHECKS)("%s", async (check) => {
    const { code, output } = await npmRun(check);
    expect(code, output).toBe(0);
  });
});

import { expect, test } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { lastWords, type ProgramUse, runProgram } from "./programs.ts";

function use(script: string, changes: Partial<ProgramUse> = {}): ProgramUse {
  const { signal } = new AbortController();
  return { arguments: ["-e", script], clock: systemClock, signal, limit: 60_000, package: "nodejs", ...changes };
}

test("what it says and how it ends, with little of our environment", async () => {
  process.env["GANTRY_TEST_SECRET"] = "x";
  const script =
    "process.stdin.pipe(process.stdout); console.error(Object.keys(process.env).sort().join()); process.exitCode = 3";
  const ended = await runProgram(process.execPath, use(script, { input: "hello", environment: { MORE: "1" } }));
  delete process.env["GANTRY_TEST_SECRET"];
  expect(ended).toEqual({ code: 3, stdout: "hello", stderr: "HOME,LC_ALL,MORE,PATH\n" });
  expect(lastWords(ended)).toBe("HOME,LC_ALL,MORE,PATH");
  expect(lastWords({ stdout: "abc", stderr: "" }, 2)).toBe("…bc");
});

test("a program that is not there, that is late, and that is cancelled", async () => {
  await expect(runProgram("/no/such/program", use(""))).rejects.toMatchObject({
    code: "program_missing",
    hint: "Install Debian's package nodejs there.",
  });
  const forever = "setInterval(() => undefined, 1000)";
  await expect(runProgram(process.execPath, use(forever, { limit: 1 }))).rejects.toMatchObject({
    code: "program_late",
    message: `${process.execPath} did not end within 0.001 s`,
  });
  const cancel = new AbortController();
  const running = runProgram(process.execPath, use(forever, { signal: cancel.signal }));
  cancel.abort(new Error("cancelled"));
  await expect(running).rejects.toThrow("cancelled");
});

test("output without end is cut", async () => {
  const script = "const line = 'x'.repeat(65536); for (let n = 0; n < 100; n += 1) process.stdout.write(line)";
  const { stdout } = await runProgram(process.execPath, use(script));
  expect(stdout.length).toBeLessThan(400_000);
});

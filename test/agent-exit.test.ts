import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const execute = promisify(execFile);

/**
 * A program with an agent's memory that ends by `process.exit` while functions have just become warm enough to be compiled. Compiled in another
 * thread, half of these would wait for that thread, and that thread for them.
 */
const PROGRAM = `
  import ${JSON.stringify(import.meta.resolve("../src/agent/memory.ts"))};
  const kept = [];
  const functions = Array.from({ length: 3000 }, (_, i) => new Function("a", "b", [
    "let s = " + i + "; const o = [];",
    "s += a * b % 7; if (s > 1e9) s = 0; ".repeat(20),
    "for (let k = 0; k < b; k++) { s += a * k; if (k % 5 === 0) o.push({ s, k }); } return o;",
  ].join("\\n")));
  const until = performance.now() + Number(process.env.BUSY);
  for (let at = 0; performance.now() < until; at += 1) kept.push(functions[at % functions.length](3, 60));
  process.exit(7);
`;

it("an agent ends whatever is compiled at that moment", async () => {
  const ends: unknown[] = [];
  for (let busy = 40; busy < 140; busy += 4) {
    const options = { env: { BUSY: String(busy) }, timeout: 20_000, killSignal: "SIGKILL" } as const;
    const words = ["--max-semi-space-size=1", "--invocation-count-for-feedback-allocation=1"];
    const ended = execute(process.execPath, [...words, "--input-type=module", "--eval", PROGRAM], options);
    ends.push(await ended.catch(({ code, signal }: { code: unknown; signal: unknown }) => code ?? signal));
  }
  expect(ends).toEqual(ends.map(() => 7));
});

import type { Terminal } from "./terminal.ts";

/** A terminal that keeps what is written, for tests. */
export function testTerminal(options: { interactive?: boolean; columns?: number } = {}) {
  let out = "";
  let error = "";
  const terminal: Terminal = {
    out: (text) => void (out += text),
    error: (text) => void (error += text),
    interactive: options.interactive ?? false,
    columns: options.columns ?? 80,
    colour: false,
  };
  return { terminal, out: () => out, error: () => error };
}

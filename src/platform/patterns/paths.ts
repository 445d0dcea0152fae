import type { Clock } from "../../kernel/clock.ts";
import { inThread } from "./thread.ts";

/** Milliseconds: a slow disk with very many files may need them. */
const LONGEST = 60_000;

/**
 * Paths that a pattern stands for, relative to `folder` unless the pattern is absolute. Errors: `pattern_too_slow`, the reason of the signal.
 *
 * @param most of them
 */
export function findPaths(
  pattern: string,
  { folder, most, clock, signal }: { folder: string; most: number; clock: Clock; signal: AbortSignal },
): Promise<readonly string[]> {
  const text = `({ pattern, folder, most }) => process.getBuiltinModule("node:fs").globSync(pattern, { cwd: folder }).slice(0, most)`;
  return inThread(text, { pattern, folder, most }, { clock, signal, about: pattern, milliseconds: LONGEST });
}

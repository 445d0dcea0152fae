import { createHash } from "node:crypto";
import { z } from "zod";

const milliseconds = z.number().min(0).max(3_600_000);
const delay = z
  .strictObject({ min: milliseconds.default(0), max: milliseconds })
  .refine(({ min, max }) => min <= max, { error: "has a min above its max", path: ["min"] });
const rate = z.number().min(0).max(1);

/** What may be told apart. */
const CHANGING = ["create", "destroy", "power_on", "power_off"] as const;
export type Changing = (typeof CHANGING)[number];

const luckOfOne = z.strictObject({ delay: delay.optional(), failure_rate: rate.optional() });

export const testAttributes = z.strictObject({
  /** The same seed makes the same luck for foundations of the same name. */
  seed: z.union([z.int(), z.string()]).default(0),
  /** Milliseconds a call takes: anything from `min` to `max`. */
  delay: delay.optional(),
  /** How many calls fail, of one: 0 none, 1 all. */
  failure_rate: rate.default(0),
  /** Like a machine in a rack: it is there before it is created, and after it was destroyed. */
  stands: z.boolean().default(false),
  /** The same for some functions alone. */
  functions: z.partialRecord(z.enum(CHANGING), luckOfOne).default({}),
});
export type TestAttributes = z.output<typeof testAttributes>;

export interface Luck {
  /** Milliseconds. */
  readonly delay: number;
  /** Before anything was done, or when it was done and could not be told. */
  readonly fails: "before" | "after" | "not";
}

/** The luck of a call. `count`: of calls of that function of that foundation before it. */
export function luckOf(
  { seed, delay: everyDelay, failure_rate: everyRate, functions }: TestAttributes,
  call: { readonly foundation: string; readonly function: Changing; readonly count: number },
): Luck {
  const own = functions[call.function];
  const { min, max } = own?.delay ?? everyDelay ?? { min: 0, max: 0 };
  const [length, failing, when] = draws([seed, call.foundation, call.function, call.count]);
  return {
    delay: Math.round(min + length * (max - min)),
    fails: failing >= (own?.failure_rate ?? everyRate) ? "not" : when < 0.5 ? "before" : "after",
  };
}

/** Three numbers from 0 to below 1 that follow from the words alone. */
function draws(words: readonly (string | number)[]): [number, number, number] {
  const digest = createHash("sha256").update(JSON.stringify(words)).digest();
  const at = (index: number): number => digest.readUInt32BE(index * 4) / 2 ** 32;
  return [at(0), at(1), at(2)];
}

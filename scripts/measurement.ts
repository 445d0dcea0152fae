/** One number of a benchmark, beside a baseline that was measured in the same run. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  /** Unit of the value, the baseline and the limit: `s`, `ms`, `MB`, `commits/s` … */
  readonly unit: string;
  readonly baseline: number;
  /** What the baseline is: `bare node -e 0`. */
  readonly baselineName: string;
  /** value ÷ baseline. */
  readonly ratio: number;
  /** What the value must keep to: a rate (`…/s`) reaches it, all else stays at or below it. `npm run bench` fails otherwise. */
  readonly limit?: number;
}

/** A number with its ratio. */
export function measured(
  name: string,
  unit: string,
  value: number,
  baseline: number,
  baselineName: string,
  limit?: number,
): Measurement {
  const known = { name, unit, value, baseline, baselineName, ratio: value / baseline };
  return limit === undefined ? known : { ...known, limit };
}

/** The value that so many of a hundred stay at or below; NaN of none. */
export function percentile(values: readonly number[], of: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * of) / 100))] ?? Number.NaN;
}

/** Whether the value is a rate, of which more is better. */
export function isRate({ unit }: Measurement): boolean {
  return unit.endsWith("/s");
}

export function isBroken(one: Measurement): boolean {
  if (one.limit === undefined) return false;
  return isRate(one) ? one.value < one.limit : one.value > one.limit;
}

import type { Json } from "../kernel/json.ts";

/** The sorts of values a hardware requirement compares. Pure. */

export type Comparable = number | string;

export interface ValueSort {
  /** What is meant, for errors: `must be a size: 64 GiB`. */
  readonly expected: string;
  /** An amount alone means at least that much; a text alone means just that. */
  readonly alone: "minimum" | "exact";
  /** Whether `minimum` and `maximum` mean something. */
  readonly ordered: boolean;
  /** A value as an author writes it; undefined when it is none of this sort. */
  read(value: Json): Comparable | undefined;
  /** Negative, 0, positive, as for sorting. `had` is a machine's, `wanted` an author's. */
  compare(had: Comparable, wanted: Comparable): number;
  show(value: Comparable): string;
}

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  PB: 1e15,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  PiB: 2 ** 50,
};

/** Bytes of `64 GiB`, `400GB` or a number of bytes; undefined for anything else. */
export function readSize(value: Json): number | undefined {
  return readAmount(value, /^(\d+(?:\.\d+)?) ?([KMGTP]i?B|B)$/i, (unit) => {
    const name = Object.keys(BYTES).find((one) => one.toLowerCase() === unit.toLowerCase());
    return BYTES[name ?? ""];
  });
}

const MEGABITS: Readonly<Record<string, number>> = { m: 1, g: 1000, t: 1_000_000 };

/** Megabits in a second of `10 Gbit/s`, `100 Mbit/s` or a number of megabits. */
function readSpeed(value: Json): number | undefined {
  return readAmount(value, /^(\d+(?:\.\d+)?) ?([MGT])(?:bit\/s|bps|b\/s)$/i, (unit) => MEGABITS[unit.toLowerCase()]);
}

function readAmount(value: Json, form: RegExp, factor: (unit: string) => number | undefined): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const [, digits, unit = ""] = form.exec(value.trim()) ?? [];
  const times = digits === undefined ? undefined : factor(unit);
  if (times === undefined) return undefined;
  const amount = Math.round(Number(digits) * times);
  return Number.isSafeInteger(amount) ? amount : undefined;
}

/** `64 GiB`, `480 GB`, `1000 B`: in the unit that says it shortest, exactly when it can be. */
export function showSize(bytes: number): string {
  const whole = Object.entries(BYTES)
    .filter(([, size]) => bytes >= size && bytes % size === 0 && bytes / size < 10_000)
    .sort(([, a], [, b]) => b - a)
    .at(0);
  if (whole !== undefined && whole[0] !== "B") return `${bytes / whole[1]} ${whole[0]}`;
  const [unit, size] = Object.entries(BYTES)
    .filter(([name, one]) => (name.endsWith("iB") || name === "B") && bytes >= one)
    .sort(([, a], [, b]) => b - a)
    .at(0) ?? ["B", 1];
  return `${Math.round((bytes / size) * 10) / 10} ${unit}`;
}

function showSpeed(megabits: number): string {
  return megabits >= 1000 ? `${megabits / 1000} Gbit/s` : `${megabits} Mbit/s`;
}

function compareNumbers(had: Comparable, wanted: Comparable): number {
  return Number(had) - Number(wanted);
}

function readText(value: Json): string | undefined {
  // Unquoted, a version or an id reads as a number.
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function folded(value: Comparable): string {
  return String(value).trim().toLowerCase();
}

/** Numbers by size, words by the alphabet, part by part: 2.10 is above 2.9. */
function compareVersions(had: Comparable, wanted: Comparable): number {
  const [left, right] = [versionParts(had), versionParts(wanted)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [a, b] = [left[index] ?? "0", right[index] ?? "0"];
    const numbers = /^\d+$/.test(a) && /^\d+$/.test(b);
    const order = numbers ? compareDigits(a, b) : a === b ? 0 : a < b ? -1 : 1;
    if (order !== 0) return order;
  }
  return 0;
}

function versionParts(version: Comparable): readonly string[] {
  return folded(version).match(/\d+|[a-z]+/g) ?? [];
}

/** Of any length, so without numbers. */
function compareDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  if (left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
}

export const COUNT: ValueSort = {
  expected: "must be a whole number",
  alone: "minimum",
  ordered: true,
  read: (value) => (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined),
  compare: compareNumbers,
  show: String,
};

export const SIZE: ValueSort = {
  expected: "must be a size, like 64 GiB or 480 GB",
  alone: "minimum",
  ordered: true,
  read: readSize,
  compare: compareNumbers,
  show: (value) => showSize(Number(value)),
};

export const SPEED: ValueSort = {
  expected: "must be a speed, like 10 Gbit/s",
  alone: "minimum",
  ordered: true,
  read: readSpeed,
  compare: compareNumbers,
  show: (value) => showSpeed(Number(value)),
};

export const TEXT: ValueSort = {
  expected: "must be a text",
  alone: "exact",
  ordered: false,
  read: readText,
  compare: (had, wanted) => (folded(had) === folded(wanted) ? 0 : 1),
  show: String,
};

export const VERSION: ValueSort = {
  expected: "must be a version, like 2.10",
  alone: "exact",
  ordered: true,
  read: readText,
  compare: compareVersions,
  show: String,
};

export const DISK_KIND: ValueSort = {
  ...TEXT,
  expected: "must be ssd, hdd or nvme",
  read: (value) => (typeof value === "string" && ["ssd", "hdd", "nvme"].includes(value) ? value : undefined),
};

export const PCI_ID: ValueSort = {
  ...TEXT,
  expected: 'must be four hex digits in quotes, like "8086"',
  read: (value) => hexOf(value, [4]),
};

/** `02` any network controller, `0200` Ethernet. */
export const PCI_CLASS: ValueSort = {
  ...TEXT,
  expected: 'must be two, four or six hex digits in quotes, like "0200"',
  read: (value) => hexOf(value, [2, 4, 6]),
  compare: (had, wanted) => (folded(had).startsWith(folded(wanted)) ? 0 : 1),
};

function hexOf(value: Json, lengths: readonly number[]): string | undefined {
  const text = readText(value)?.toLowerCase().replace(/^0x/, "");
  return text !== undefined && /^[0-9a-f]+$/.test(text) && lengths.includes(text.length) ? text : undefined;
}

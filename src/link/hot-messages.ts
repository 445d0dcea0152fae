import { isBatch } from "./messages.ts";

/**
 * Whether a message is one of those that come by the thousand, and just as its schema in `messages.ts` would give it back. The schema takes
 * most of a second for 100,000 of them; of everything that is not quite so plain it says what is wrong with it.
 */

type Check = (value: unknown) => boolean;

interface Member {
  readonly check: Check;
  readonly required: boolean;
}

interface Shape {
  readonly required: number;
  readonly members: ReadonlyMap<string, Member>;
}

function shape(required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>>): Shape {
  return {
    required: Object.keys(required).length,
    members: new Map<string, Member>([
      ...Object.entries(required).map(([name, check]) => [name, { check, required: true }] as const),
      ...Object.entries(optional).map(([name, check]) => [name, { check, required: false }] as const),
    ]),
  };
}

/** Every member is known and right, and none is missing. */
function fits({ required, members }: Shape, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  let left = required;
  for (const [name, member] of Object.entries(value)) {
    const known = members.get(name);
    if (known === undefined || !known.check(member)) return false;
    if (known.required) left -= 1;
  }
  return left === 0;
}

const text: Check = (value) => typeof value === "string";
const id: Check = (value) => typeof value === "string" && value.length >= 1 && value.length <= 64;
const name: Check = (value) => typeof value === "string" && value.length >= 1 && value.length <= 128;
const flag: Check = (value) => typeof value === "boolean";
const isPlainObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const attempt: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 1;
const milliseconds: Check = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
const json: Check = (value) => value !== undefined;
/** Of the others the schema looks at the error. */
const done: Check = (value) => value === "done";

const about = { type: text, sequence: count, task: id, attempt };

const item = shape({ item: count, outcome: done }, { value: json, startedAt: milliseconds, milliseconds });
const items: Check = (value) => Array.isArray(value) && value.length <= 1000 && value.every((one) => fits(item, one));

const ref = shape({ task: id, attempt }, {});
const refs: Check = (value) => Array.isArray(value) && value.length <= 1000 && value.every((one) => fits(ref, one));

const HOT_REPORTS: ReadonlyMap<unknown, Shape> = new Map([
  [
    "output",
    shape(
      { ...about, stream: (value) => value === "stdout" || value === "stderr", index: count, data: text },
      { item: count },
    ),
  ],
  ["items", shape({ ...about, items }, {})],
  ["started", shape({ type: text, sequence: count, tasks: refs }, {})],
  ["result", shape({ ...about, outcome: done }, { value: json })],
]);

const HOT_ORDERS: ReadonlyMap<unknown, Shape> = new Map([
  [
    "task",
    shape(
      {
        type: text,
        task: id,
        attempt,
        key: name,
        module: name,
        function: name,
        parameters: json,
        batch: (value) => value === null || isBatch(value),
        keepGoing: flag,
        timeout: (value) => value === null || milliseconds(value),
        safeToRepeat: flag,
      },
      { shared: isPlainObject },
    ),
  ],
  ["ack", shape({ type: text, sequence: count }, {})],
  ["heartbeat", shape({ type: text }, {})],
]);

/** True of what an executor tells: the message is right, and nothing needs to be left out of it. */
export function isPlainReport(message: unknown): boolean {
  return isHot(HOT_REPORTS, message);
}

/** The same of what the server tells. */
export function isPlainOrder(message: unknown): boolean {
  return isHot(HOT_ORDERS, message);
}

function isHot(hot: ReadonlyMap<unknown, Shape>, message: unknown): boolean {
  const known = hot.get((message as { readonly type?: unknown } | null)?.type);
  return known !== undefined && fits(known, message);
}

import { hash } from "node:crypto";
import type { RecordSet, RenderedZone } from "./model.ts";
import { authorityText } from "./text.ts";

/**
 * Hashes of what zones say. That of all sets is the sum of the hashes of each, so that it follows from the one before when little changes.
 * It tells changes, and is no defence: who could make two zones of one sum would keep only their own names from being published.
 */

/** Eight numbers of 32 bits, each added for itself. */
type Sum = Uint32Array;

const LANES = 8;

const known = new WeakMap<RenderedZone, Sum>();

/** Hash of everything a zone says but its serial: equal for equal zones. 128 bits as hex. */
export function contentHash(zone: RenderedZone): string {
  const sum = sumOf(zone);
  const text = `${authorityText(zone, 0)} ${zone.authority.ttl}\n${sum.join(" ")}`;
  return hash("sha256", text).slice(0, 32);
}

/** Tells how a zone came of another one: its hash is then that of the other with the difference. */
export function carryContent(
  before: RenderedZone,
  after: RenderedZone,
  changes: Iterable<{ readonly before: readonly RecordSet[]; readonly after: readonly RecordSet[] }>,
): void {
  const earlier = known.get(before);
  if (earlier === undefined) return;
  const sum = earlier.slice();
  for (const change of changes) {
    for (const set of change.before) count(sum, set, -1);
    for (const set of change.after) count(sum, set, 1);
  }
  known.set(after, sum);
}

function sumOf(zone: RenderedZone): Sum {
  const found = known.get(zone);
  if (found !== undefined) return found;
  const sum = new Uint32Array(LANES);
  for (const set of zone.sets) count(sum, set, 1);
  known.set(zone, sum);
  return sum;
}

function count(sum: Sum, { name, type, ttl, values }: RecordSet, step: 1 | -1): void {
  const digest = hash("sha256", `${name} ${ttl} ${type} ${values.join("\n")}`, "buffer");
  for (let lane = 0; lane < LANES; lane += 1) sum[lane]! += step * digest.readUInt32LE(lane * 4);
}

import { problem, type ErrorKind } from "../kernel/errors.ts";
import type { Complaint } from "./hosts.ts";
import type { ZoneProblem } from "./model.ts";

/** Gathers what is wrong with names. */
export interface Complaints {
  add(kind: ErrorKind, zone: string | null, message: string): void;
  all(): readonly Complaint[];
}

export function createComplaints(): Complaints {
  const found: Complaint[] = [];
  return { add: (kind, zone, message) => void found.push({ kind, zone, message }), all: () => found };
}

/** As they are told: each once, as several views find the same; by zone, then by what they say. */
export function problemsOf(complaints: Iterable<Complaint>): readonly ZoneProblem[] {
  const found = new Map<string, Complaint>();
  for (const one of complaints) found.set(`${one.zone ?? ""}\n${one.message}\n${one.kind.code}`, one);
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { kind, zone, message }]) => ({ ...problem(kind, message), zone }));
}

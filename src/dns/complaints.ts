import { problem, type ErrorKind } from "../kernel/errors.ts";
import type { ZoneProblem } from "./model.ts";

/** Gathers what is wrong with names, each once: several views find the same. */
export interface Complaints {
  add(kind: ErrorKind, zone: string | null, message: string, hint?: string): void;
  /** By zone, then as they were found. */
  all(): readonly ZoneProblem[];
}

export function createComplaints(): Complaints {
  const found = new Map<string, ZoneProblem>();
  return {
    add(kind, zone, message, hint) {
      const key = `${kind.code} ${message}`;
      if (!found.has(key)) found.set(key, { ...problem(kind, message, undefined, hint), zone });
    },
    all: () =>
      [...found.values()].sort((a, b) => {
        const [one, other] = [a.zone ?? "", b.zone ?? ""];
        return one === other ? 0 : one < other ? -1 : 1;
      }),
  };
}

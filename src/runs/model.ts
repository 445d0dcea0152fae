import { z } from "zod";
import type { Place } from "../access/index.ts";
import type { Job } from "../jobs/index.ts";
import type { Id } from "../kernel/ids.ts";

/** What `POST /v1/runs` takes. */
export const runRequest = z.strictObject({
  /** What a person typed, for lists: `RUN uptime`. */
  text: z.string().max(4096),
  /** Names of nodes; left out: all. */
  targets: z.array(z.string()).max(100_000).optional(),
  /** On the first target only. */
  runOnce: z.boolean().default(false),
  calls: z
    .array(z.strictObject({ function: z.string(), parameters: z.record(z.string(), z.json()) }))
    .min(1)
    .max(10_000),
});

export type RunRequest = z.output<typeof runRequest>;

/** Many jobs that belong together. */
export interface Run {
  readonly id: Id;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly jobs: readonly RunJob[];
}

export interface RunJob {
  readonly id: Id;
  readonly node: string;
  readonly status: Job["status"];
}

/** One line of a run's live output. */
export type RunLine = RunOutput | RunEnded;

export interface RunOutput {
  readonly kind: "output";
  readonly node: string;
  readonly stream: "stdout" | "stderr";
  /** A piece of text, in the order it was written; not always a whole line. */
  readonly text: string;
}

export interface RunEnded {
  readonly kind: "ended";
  readonly node: string;
  readonly state: "done" | "failed" | "cancelled";
  /** Of the command that failed, when there was one. */
  readonly exitCode: number | null;
  readonly message: string | null;
}

/** A node to run on. */
export interface Node {
  /** The id its tasks are routed to. */
  readonly agentId: Id;
  readonly name: string;
  readonly place: Place;
}

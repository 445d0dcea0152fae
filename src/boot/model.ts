import type { Id } from "../kernel/ids.ts";

/** A way to boot: what iPXE runs, and what the installer that it starts is told. */
export interface BootProfile extends BootProfileDraft {
  readonly id: Id;
  readonly tenantId: Id;
  readonly version: number;
  /** Epoch milliseconds, as all times. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface BootProfileDraft {
  readonly name: string;
  readonly description: string;
  /** iPXE; a template. `#!ipxe` is put before it when it does not begin so. */
  readonly script: string;
  /** For the installer: a preseed file, a kickstart. A template. */
  readonly template: string;
}

/** Which profile an interface boots next. */
export interface BootSetting {
  readonly tenantId: Id;
  readonly foundationId: Id;
  /** The device: `eth0`. */
  readonly interface: string;
  /** The name of the profile. */
  readonly profile: string;
  readonly jobId: Id | null;
  readonly setAt: number;
}

/** What a machine proves itself with while it boots. The key itself is kept nowhere. */
export interface BootKey {
  readonly id: Id;
  readonly tenantId: Id;
  readonly foundationId: Id;
  /** The structure whose configuration it opens; null: the foundation's own. */
  readonly structureId: Id | null;
  /** The job whose end it does not outlive; null: a person made it. */
  readonly jobId: Id | null;
  /** SHA-256, hexadecimal. */
  readonly hash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The machine said that it is done: the key opens nothing more, and may repeat just that. */
  readonly closed: boolean;
  /** Its job failed: it opens nothing until the job is retried. */
  readonly suspended: boolean;
}

/** What a machine said, or is to say. */
export interface BootSignal {
  readonly tenantId: Id;
  readonly foundationId: Id;
  /** What it was reset for. */
  readonly name: string;
  readonly resetAt: number;
  /** Null: it said nothing yet. */
  readonly outcome: "done" | "failed" | null;
  readonly message: string;
  readonly signalledAt: number | null;
}

/** Characters of a script or a template. */
const LONGEST_TEXT = 256 * 1024;

/** Why a profile cannot be kept; undefined: it can. */
export function profileProblem({ name, script, template }: BootProfileDraft): string | undefined {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/.test(name))
    return `the name '${name.slice(0, 80)}' must be 1 to 63 letters, digits, - and _, and begin with a letter or digit`;
  for (const [what, text] of [
    ["boot script", script],
    ["template", template],
  ] as const) {
    if (text.length > LONGEST_TEXT) return `the ${what} has more than ${LONGEST_TEXT} characters`;
    if (text.includes("\0")) return `the ${what} holds a NUL`;
  }
  return undefined;
}

import type { Id } from "../kernel/ids.ts";
import type { VerbKind, VerbManifest } from "../verbs/index.ts";

/** A verb somebody registered. */
export interface CustomVerb {
  readonly id: Id;
  readonly tenantId: Id;
  readonly name: string;
  readonly manifest: VerbManifest;
  /** Name of its file. */
  readonly file: string;
  readonly kind: VerbKind;
  /** Of its file, hex. */
  readonly sha256: string;
  /** Bytes of its file. */
  readonly size: number;
  readonly version: number;
  /** Who registered it last. */
  readonly author: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Bytes of a file. */
export const LONGEST_FILE = 8 * 1024 * 1024;
/** Verbs of one tenant: a run reads them all. */
export const MOST_VERBS = 500;

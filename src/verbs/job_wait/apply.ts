import type { VerbResult } from "../model.ts";
import type { JobWaitParameters } from "./model.ts";

/** The server gives this out when the jobs have ended: there is nothing left to wait for. */
export async function applyJobWait({ names }: JobWaitParameters): Promise<VerbResult> {
  return { changed: false, names };
}

// What commands use of this room while no server runs.

import type { Readable } from "node:stream";
import type { Clock } from "../kernel/clock.ts";
import { bundleOf, folderName } from "./bundle.ts";
import { offlineFiles } from "./offline.ts";

/** A bundle of what the data folder alone tells. */
export async function offlineBundle(version: string, dataFolder: string, clock: Clock): Promise<Readable> {
  const made = new Date(clock.now());
  return bundleOf(folderName(made), await offlineFiles(version, dataFolder), made);
}

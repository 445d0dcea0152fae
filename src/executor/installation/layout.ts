import { createHash } from "node:crypto";
import { join } from "node:path";

/**
 * The folder of an agent that stands on its own: its own Node, its program, what it keeps. Pure.
 *
 *     gantry-agent            what is started: `launcher.ts`
 *     current → versions/…    the release that runs
 *     previous → versions/…   the one before
 *     versions/RELEASE/       node, agent.mjs, release.json
 *     state/                  identity, journal, services
 *     trial                   there while a new release has not shown that it comes up: `RELEASE SECONDS`
 *     failed                  the release that did not, and why: `RELEASE why`
 */
export const LAYOUT = {
  launcher: "gantry-agent",
  current: "current",
  previous: "previous",
  versions: "versions",
  state: "state",
  trial: "trial",
  failed: "failed",
  node: "node",
  program: "agent.mjs",
  manifest: "release.json",
} as const;

/** What `release.json` says: SHA-256 of both files, hexadecimal. */
export interface Release {
  readonly program: string;
  readonly node: string;
}

/** The name of a release: of the same files the same, everywhere. */
export function releaseName({ program, node }: Release): string {
  return createHash("sha256").update(`gantry release 1 ${program} ${node}`).digest("hex").slice(0, 12);
}

export function releaseFolder(folder: string, release: string): string {
  return join(folder, LAYOUT.versions, release);
}

/** Set by the launcher: the folder it stands in. */
export const FOLDER_VARIABLE = "GANTRY_AGENT_FOLDER";

/** The agent ends with it to be started anew at once, as another release perhaps. */
export const RESTART_CODE = 75;

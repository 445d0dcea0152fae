import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import { printable } from "./terminal.ts";

/** The version of a node's program, and that another release of it did not come up. */
export function versionText({ version, facts }: JsonObject): string {
  const agent = isJsonObject(facts ?? null) ? (facts as JsonObject)["agent"] : undefined;
  const failed = isJsonObject(agent ?? null) ? (agent as JsonObject)["failed"] : undefined;
  const known = printable(String(version));
  if (!isJsonObject(failed ?? null)) return known;
  const { release, reason } = failed as JsonObject;
  return `${known} (went back: release ${printable(String(release))} ${printable(String(reason))})`;
}

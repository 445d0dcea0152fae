import type { Waiting } from "./model.ts";

/** Why something waits, as people read it: `waits for …`. Pure. */
export function waitingText(why: Waiting): string {
  switch (why.for) {
    case "limit":
      return `waits for the limit of ${why.limit}: ${why.most} ${why.most === 1 ? "job" : "jobs"} at one time`;
    case "location":
      return "waits until it is located";
    case "dependencies":
      return `waits for ${why.names.length === 1 ? "dependency" : "dependencies"} ${why.names.join(", ")}`;
    case "complex":
      return `waits for complex ${why.name}: ${why.built} of ${why.needed} members built`;
    case "room":
      return `waits for room in complex ${why.name}`;
    case "address":
      return "waits for an address that something else still has";
  }
}

import type { VerbPlan } from "../model.ts";
import type { RebootParameters } from "./model.ts";

export function planReboot({ delay }: RebootParameters): VerbPlan {
  return {
    changed: true,
    diff: "~reboot\n",
    message: delay === 0 ? "the node reboots" : `the node reboots in ${delay} s`,
  };
}

import { join } from "node:path";
import { toolsOf } from "../tools.ts";
import { defineVerb } from "../verb.ts";
import { applyReboot } from "./apply.ts";
import { bootName } from "./boot.ts";
import { rebootMarkers } from "./markers.ts";
import { REBOOT_OPTIONS, readReboot, rebootParameters } from "./model.ts";
import { planReboot } from "./plan.ts";

export const reboot = defineVerb({
  names: ["REBOOT"],
  function: "reboot",
  summary: "Reboots the node, and is done when it is back",
  parameters: rebootParameters,
  // By its marker: the call that is made again after the reboot sees that it has happened.
  safeToRepeat: true,
  survivesRestart: true,
  options: REBOOT_OPTIONS,
  texts: ["message"],
  read: readReboot,
  plan: async (parameters) => planReboot(parameters),
  apply: (parameters, context) =>
    applyReboot(parameters, {
      tools: toolsOf(context),
      clock: context.clock,
      signal: context.signal,
      key: context.key,
      markers: rebootMarkers(join(context.surroundings.state, "reboots")),
      bootName,
    }),
});

import { DHCP_DESCRIPTION, SIGNALING_DESCRIPTION } from "../boot/index.ts";
import { MANUAL_DESCRIPTION } from "../todo/index.ts";
import type { Catalogue } from "../tscript/index.ts";
import { EVENTS_DESCRIPTION } from "../webhooks/index.ts";

/** What scripts may call of the modules that the server answers itself: known without a server, for checks of documents. */
export function describedServerModules(): Catalogue {
  return {
    dhcp: DHCP_DESCRIPTION,
    signaling: SIGNALING_DESCRIPTION,
    manual: MANUAL_DESCRIPTION,
    events: EVENTS_DESCRIPTION,
  };
}

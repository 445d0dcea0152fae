import type { ServerModule, ServerModuleCall } from "../foreman/index.ts";
import { meant } from "../inventory/index.ts";
import type { Prepared } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { ModuleDescription } from "../tscript/index.ts";
import { BOOT_INTERFACE_UNKNOWN, BOOT_PROFILE_UNKNOWN } from "./errors.ts";
import type { BootKeys } from "./keys.ts";
import { requireProfile } from "./service.ts";
import { saveSetting } from "./store.ts";
import { interfacesOf } from "./values.ts";

export const DHCP_DESCRIPTION: ModuleDescription = {
  functions: { set_pxe: { parameters: { interface: { required: true }, pxe: { required: true } } } },
  values: {},
};

export interface DhcpParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly keys: BootKeys;
}

/**
 * The module `dhcp` of scripts. `set_pxe( interface=, pxe= )` records what an interface boots next, and gives the machine a new key for that
 * boot; the keys of earlier boots end.
 */
export function createDhcpModule({ database, events, clock, keys }: DhcpParts): ServerModule {
  async function setPxe(asked: ServerModuleCall): Promise<Prepared> {
    const { job, foundation, structure, snapshot, parameters } = asked;
    const { tenantId } = job;
    if (foundation === undefined)
      throw new GantryError(BOOT_INTERFACE_UNKNOWN, `${job.target.name} stands on no foundation`);
    const profile = textOf(parameters["pxe"]);
    if (profile === undefined) throw new GantryError(BOOT_PROFILE_UNKNOWN, "'pxe' must be the name of a boot profile");
    const devices = interfacesOf(snapshot, foundation, structure).map(({ device }) => device);
    const device = textOf(parameters["interface"]);
    if (device === undefined)
      throw new GantryError(
        BOOT_INTERFACE_UNKNOWN,
        `'interface' must be a device: no interface of ${foundation.name} has \`provisioning: true\``,
      );
    if (!devices.includes(device))
      throw new GantryError(
        BOOT_INTERFACE_UNKNOWN,
        `${foundation.name} has no interface '${device.slice(0, 80)}'${meant(device, devices)}`,
      );
    await requireProfile(database.kysely, tenantId, profile);
    const draft = await keys.draft(tenantId);
    const foundationId = foundation.id;
    const structureId = job.target.kind === "structure" ? (structure?.id ?? null) : null;
    return {
      kind: "value",
      value: null,
      async write(tx) {
        // It may have gone since.
        await requireProfile(tx, tenantId, profile);
        const setAt = clock.now();
        await saveSetting(tx, { tenantId, foundationId, interface: device, profile, jobId: job.id, setAt });
        await keys.mint(tx, draft, { tenantId, foundationId, structureId, jobId: job.id });
        const subject = { kind: "foundation", id: foundationId };
        const data = { name: foundation.name, interface: device, profile, job: job.id };
        await events.append(tx, [{ tenantId, type: "boot.profile_set", subject, data }]);
      },
    };
  }

  return { name: "dhcp", description: DHCP_DESCRIPTION, prepare: setPxe };
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

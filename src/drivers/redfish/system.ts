import { GantryError } from "../../kernel/errors.ts";
import type { RedfishAttributes } from "./attributes.ts";
import type { Read, Service } from "./client.ts";
import { REDFISH_REFUSED, REDFISH_SYSTEM_UNKNOWN, REDFISH_UNSUPPORTED } from "./errors.ts";
import { bootChange, type BootDevice, resetFor, type Switch } from "./model.ts";
import { actionInfoSchema, type System, systemSchema } from "./schema.ts";

/** The machine itself, as a service knows it. */

export type Found = Read<System> & { readonly link: string };

/** The system the attributes mean. Throws `redfish_system_unknown`, `redfish_unsupported`. */
export async function findSystem(service: Service, { address, system: wanted }: RedfishAttributes): Promise<Found> {
  const link = service.root.Systems?.["@odata.id"];
  if (link === undefined)
    throw new GantryError(REDFISH_UNSUPPORTED, `the Redfish service at ${address} knows of no systems`);
  const systems = await service.members(link, systemSchema);
  const found = wanted === undefined ? systems : systems.filter(({ value }) => value.Id === wanted);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const ids = systems.map(({ value }) => value.Id).join(", ");
  const why = wanted === undefined ? "and which one is meant is not said" : `and none of them is ${wanted}`;
  throw new GantryError(REDFISH_SYSTEM_UNKNOWN, `the systems of ${address} are: ${ids || "none"}; ${why}`);
}

/** Has the system switched, by a kind of reset that it allows. Throws `redfish_unsupported`. */
export async function switchSystem(service: Service, attributes: RedfishAttributes, what: Switch): Promise<void> {
  const { value: system } = await findSystem(service, attributes);
  const reset = system.Actions?.["#ComputerSystem.Reset"];
  if (reset === undefined)
    throw new GantryError(REDFISH_UNSUPPORTED, `system ${system.Id} of ${attributes.address} cannot be switched`);
  const info = reset["@Redfish.ActionInfo"];
  const allowed =
    reset["ResetType@Redfish.AllowableValues"] ??
    (info === undefined
      ? undefined
      : (await service.read(info, actionInfoSchema)).value.Parameters.find(({ Name }) => Name === "ResetType")
          ?.AllowableValues);
  const type = resetFor(what, allowed);
  if (type === undefined) {
    const offers = allowed?.join(", ") ?? "";
    throw new GantryError(
      REDFISH_UNSUPPORTED,
      `system ${system.Id} of ${attributes.address} cannot be told to go ${what}: it takes ${offers}`,
    );
  }
  await service.post(reset.target, { ResetType: type });
}

/** Has the system start from something else. Tried again when somebody else changed it meanwhile. Throws `redfish_unsupported`. */
export async function setBoot(
  service: Service,
  attributes: RedfishAttributes,
  device: BootDevice,
  once: boolean,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { value: system, link, etag } = await findSystem(service, attributes);
    const allowed = system.Boot?.["BootSourceOverrideTarget@Redfish.AllowableValues"];
    const change = system.Boot === undefined ? undefined : bootChange(device, once, allowed);
    if (change === undefined)
      throw new GantryError(
        REDFISH_UNSUPPORTED,
        `system ${system.Id} of ${attributes.address} cannot be told to start from ${device}: it takes ${allowed?.join(", ") ?? "nothing"}`,
      );
    try {
      return await service.change(link, { Boot: change }, etag);
    } catch (error) {
      const changed = error instanceof GantryError && error.kind === REDFISH_REFUSED && error.details["status"] === 412;
      if (!changed || attempt === 3) throw error;
    }
  }
}

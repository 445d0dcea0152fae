import { attributesOf, fqdnOf, type Foundation, type Snapshot, type Structure } from "../inventory/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { interfacesOf } from "./parameters.ts";
import { isLocated } from "./view.ts";

/** What a script of a blueprint can read, by module: `config.NAME`, `structure.NAME`, `foundation.NAME`. Pure. */
export interface ScriptValues {
  /** Resolved variables. Any name may be asked for. */
  readonly config: JsonObject;
  readonly structure: JsonObject | null;
  /** What is fixed, and beside it identifiers and attributes by their own names. */
  readonly foundation: JsonObject | null;
}

/** @param variables resolved, of what the script builds */
export function scriptValues(
  snapshot: Snapshot,
  structure: Structure | undefined,
  foundation: Foundation | undefined,
  variables: JsonObject,
): ScriptValues {
  return {
    config: variables,
    structure: structure === undefined ? null : structureFacts(snapshot, structure),
    foundation: foundation === undefined ? null : foundationFacts(snapshot, foundation),
  };
}

/** Names of values of a structure. */
export const STRUCTURE_VALUES = [
  "id",
  "name",
  "hostname",
  "fqdn",
  "address",
  "addresses",
  "primary_ip",
  "primary_interface",
  "provisioning_interface",
  "provisioning_ip",
  "site",
  "blueprint",
  "foundation",
] as const;

function structureFacts(snapshot: Snapshot, one: Structure): Readonly<Record<(typeof STRUCTURE_VALUES)[number], Json>> {
  const addresses = one.addresses.map((held) => held.address);
  const own = interfacesOf(snapshot, "structure", one.name);
  const below = one.foundation === null ? [] : interfacesOf(snapshot, "foundation", one.foundation);
  const all = [...own, ...below];
  const primary =
    all.find(({ name }) => name === one.addresses[0]?.interface) ?? (all.length === 1 ? all[0] : undefined);
  const provisioning = all.find((port) => port.provisioning);
  return {
    id: one.id,
    name: one.name,
    hostname: one.hostname,
    fqdn: fqdnOf(snapshot, one),
    address: addresses[0] ?? null,
    addresses,
    primary_ip: addresses[0] ?? null,
    primary_interface: primary?.device ?? null,
    provisioning_interface: provisioning?.device ?? null,
    provisioning_ip: one.addresses.find((held) => held.interface === provisioning?.name)?.address ?? null,
    site: one.site,
    blueprint: one.blueprint,
    foundation: one.foundation,
  };
}

/** Names of values of every foundation. No identifier can be called so. */
export const FOUNDATION_VALUES = [
  "id",
  "name",
  "type",
  "site",
  "blueprint",
  "attributes",
  "located",
  "interfaces",
  "provisioning_interface",
] as const;

function foundationFacts(snapshot: Snapshot, one: Foundation): JsonObject {
  const attributes = attributesOf(snapshot, one);
  const interfaces = interfacesOf(snapshot, "foundation", one.name);
  const fixed: Readonly<Record<(typeof FOUNDATION_VALUES)[number], Json>> = {
    id: one.id,
    name: one.name,
    type: one.type,
    site: one.site,
    blueprint: one.blueprint,
    attributes,
    located: isLocated(one),
    interfaces: interfaces.map(({ device, type, mac, provisioning, network, physicalLocation }) => ({
      device,
      type,
      mac,
      provisioning,
      network,
      physical_location: physicalLocation,
    })),
    provisioning_interface: interfaces.find((port) => port.provisioning)?.device ?? null,
  };
  // What Contractor's scripts hand from one function of the driver to the next.
  const specification = one.type === "docker" ? { docker_containerspec: attributes } : {};
  return { ...specification, ...attributes, ...one.identifiers, ...fixed };
}

/** What a template sees: the variables by their own names, and beside them the structure, the foundation and the values of the call. */
export function templateValues(values: ScriptValues, given: JsonObject): JsonObject {
  return {
    ...values.config,
    ...(values.structure === null ? {} : { structure: values.structure }),
    ...(values.foundation === null ? {} : { foundation: values.foundation }),
    values: given,
  };
}

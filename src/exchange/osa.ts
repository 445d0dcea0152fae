import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { managementAddress, oneFile, readInventory, type HostContext, type HostFacts } from "./import-ansible.ts";
import type { ImportDocument, ImportRequest, SaidAddress } from "./import-model.ts";

/**
 * OpenStack-Ansible's `openstack_inventory.json`, of any release: hosts and containers, each with the variables the release gave it. What
 * we know a name for (the host a container is on, its component, its address) is read out of them; they themselves stay as they are. Pure.
 */

/** Container names end in eight digits of a UUID: what keeps a container the same through its life. */
const CONTAINER = /-([0-9a-f]{8})$/;

export function readOsa(request: ImportRequest): ImportDocument {
  return readInventory(request, oneFile(request.files), factsOf);
}

function factsOf(host: HostContext): HostFacts {
  const { name, variables } = host;
  const component = textOf(variables["component"]);
  const parent = parentOf(host);
  const uuid = parent === null ? undefined : CONTAINER.exec(name)?.[1];
  return {
    data: {
      parent,
      role: component,
      labels: {
        ...(component === null || !isLabel(component) ? {} : { component }),
        ...(uuid === undefined ? {} : { container_uuid: uuid }),
      },
      managementAddress: managementAddress(variables),
    },
    addresses: addressesOf(variables),
  };
}

/** The machine a container is on. A machine names itself. */
function parentOf({ name, variables, isHost, warn }: HostContext): string | null {
  const physical = textOf(variables["physical_host"]);
  if (physical === null || physical === name) return null;
  if (isHost(physical)) return physical;
  warn(`the physical host '${physical}' of '${name}' is no host of this inventory`, "physical_host");
  return null;
}

/** Addresses of the networks a host is on, the management network's first. */
function addressesOf(variables: JsonObject): readonly SaidAddress[] {
  const networks = variables["container_networks"];
  const found = Object.values(isJsonObject(networks) ? networks : {}).map((network) =>
    isJsonObject(network) ? textOf(network["address"]) : null,
  );
  return [...new Set([managementAddress(variables), ...found])]
    .filter((address) => address !== null)
    .map((address) => ({ address }));
}

export function textOf(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function isLabel(text: string): boolean {
  return text.length <= 255;
}

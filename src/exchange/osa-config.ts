import type { Place } from "../kernel/errors.ts";
import { GantryError } from "../kernel/errors.ts";
import { isJsonObject, jsonText, type Json, type JsonObject } from "../kernel/json.ts";
import {
  blockText,
  contains,
  formatAddress,
  isIpv4,
  parseAddress,
  parseBlock,
  type Address,
} from "../network/index.ts";
import { IMPORT_DUPLICATE, IMPORT_SYNTAX } from "./errors.ts";
import { nearestText, oneFile } from "./import-ansible.ts";
import type { ImportDocument, ImportRequest } from "./import-model.ts";
import { hostnameOf, Rows } from "./import-rows.ts";
import { refused } from "./import-text.ts";
import { isEmptyOrMap, parseYamlText } from "./import-yaml.ts";
import { textOf } from "./osa.ts";

/**
 * OpenStack-Ansible's `openstack_user_config.yml`: networks, addresses in use, overrides for all, and which machine has which part in the
 * deployment. Pure.
 */

const SECTIONS = ["cidr_networks", "used_ips", "global_overrides"] as const;

interface Reading {
  readonly request: ImportRequest;
  readonly rows: Rows;
  readonly place: (...path: readonly (string | number)[]) => Place;
}

interface Range {
  readonly first: Address;
  readonly last: Address;
}

/** An entry of `used_ips`. */
interface UsedRange extends Range {
  readonly index: number;
}

export function readOsaConfig(request: ImportRequest): ImportDocument {
  const { path: file, text } = oneFile(request.files);
  const { value, place } = parseYamlText(text, file);
  if (!isJsonObject(value)) throw refused(IMPORT_SYNTAX, "a user configuration is a map", { file, line: 1, column: 1 });
  const rows = new Rows();
  const reading: Reading = { request, rows, place: (...path) => place(path) };

  const overrides = mapOf(reading, value["global_overrides"], "global_overrides");
  const hasAll = Object.keys(overrides).length > 0;
  if (hasAll) {
    const variables = rows.variables("all", overrides, (name) => place(["global_overrides", name]));
    rows.add({
      kind: "group",
      name: "all",
      data: { kind: "ansible", parent: null, includes: [], priority: 0, variables },
    });
  }
  for (const [key, hosts] of Object.entries(value)) {
    if (key.endsWith("_hosts")) readHosts(reading, key, hosts, hasAll);
    else if (!SECTIONS.some((name) => name === key))
      rows.warn(`'${key}' has no meaning in a user configuration${nearestText(key, SECTIONS)}`, place([key]));
  }
  readNetworks(reading, value);
  readProviderNetworks(reading, overrides);
  return rows.document(file);
}

function mapOf({ rows, place }: Reading, value: Json | undefined, ...path: readonly string[]): JsonObject {
  if (!isEmptyOrMap(value)) rows.wrong(`'${path.at(-1)}' is no map`, place(...path));
  return isJsonObject(value) ? value : {};
}

/** A group of hosts: each with its address and perhaps variables, for itself or for it and its containers. */
function readHosts(reading: Reading, group: string, value: Json | undefined, hasAll: boolean): void {
  const { rows, place, request } = reading;
  rows.add({
    kind: "group",
    name: group,
    data: { kind: "ansible", parent: hasAll ? "all" : null, includes: [], priority: 0, variables: {} },
  });
  for (const [name, said] of Object.entries(mapOf(reading, value, group))) {
    const host = mapOf(reading, said, group, name);
    const address = textOf(host["ip"]);
    const before = rows.get("structure", name);
    const known = before?.data["managementAddress"] ?? null;
    if (address === null) rows.wrong(`host '${name}' has no ip`, place(group, name));
    else if (known !== null && known !== address)
      rows.wrong(
        `host '${name}' has the address ${address} here and ${jsonText(known)} in another group`,
        place(group, name, "ip"),
        IMPORT_DUPLICATE,
      );
    const own = {
      ...mapOf(reading, host["container_vars"], group, name, "container_vars"),
      ...mapOf(reading, host["host_vars"], group, name, "host_vars"),
    };
    const variables = rows.variables(`host ${name}`, own, (variable) => place(group, name, "host_vars", variable));
    const affinity = mapOf(reading, host["affinity"], group, name, "affinity");
    for (const key of Object.keys(host)) {
      if (!["ip", "host_vars", "container_vars", "affinity"].includes(key))
        rows.warn(`'${key}' of host '${name}' has no meaning`, place(group, name, key));
    }
    const data = before?.data ?? {
      hostname: hostnameOf(name),
      site: request.site,
      groups: [],
      variables: {},
      fields: {},
    };
    const fields = data["fields"] as JsonObject;
    rows.add({
      kind: "structure",
      name,
      data: {
        ...data,
        managementAddress: address ?? known,
        groups: [...new Set([...(data["groups"] as readonly string[]), group])],
        variables: { ...(data["variables"] as JsonObject), ...variables },
        fields:
          Object.keys(affinity).length === 0
            ? fields
            : { ...fields, affinity: { ...(fields["affinity"] as JsonObject), ...affinity } },
      },
      ...(address === null ? {} : { addresses: [{ address }] }),
    });
  }
}

/** `cidr_networks`, and what of `used_ips` lies in each. */
function readNetworks(reading: Reading, config: JsonObject): void {
  const { rows, place, request } = reading;
  const used = usedRanges(reading, config["used_ips"]);
  // What a machine of this file has is in use by itself; only the rest is kept from everybody.
  const held = rows
    .of("structure")
    .flatMap(({ addresses = [] }) => addresses.flatMap(({ address }) => addressOf(address)));
  const placed = new Set<UsedRange>();
  for (const [name, cidr] of Object.entries(mapOf(reading, config["cidr_networks"], "cidr_networks"))) {
    try {
      const block = parseBlock(jsonText(cidr));
      const inside = used.filter(({ first, last }) => contains(block, first) && contains(block, last));
      for (const range of inside) placed.add(range);
      const reserved = inside.flatMap((range) => without(range, held)).map((range) => `${rangeText(range)} used_ips`);
      rows.add({ kind: "network", name, data: { site: request.site } });
      rows.add({
        kind: "address_block",
        name,
        data: { site: request.site, subnet: blockText(block), network: name, reserved },
      });
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      rows.wrong(`network '${name}': ${error.message}`, place("cidr_networks", name));
    }
  }
  for (const range of used) {
    if (!placed.has(range))
      rows.warn(`the used addresses ${rangeText(range)} lie in none of the networks`, place("used_ips", range.index));
  }
}

/** `"10.0.0.1,10.0.0.50"`, or one address. */
function usedRanges({ rows, place }: Reading, value: Json | undefined): UsedRange[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    rows.wrong("'used_ips' is no list", place("used_ips"));
    return [];
  }
  return value.flatMap((said: Json, index) => {
    const [first, last, ...rest] = jsonText(said)
      .split(",")
      .map((part) => addressOf(part.trim())[0]);
    const end = jsonText(said).includes(",") ? last : first;
    if (first !== undefined && end !== undefined && rest.length === 0 && first <= end && isIpv4(first) === isIpv4(end))
      return [{ first, last: end, index }];
    rows.wrong(`${JSON.stringify(said)} is neither an address nor FIRST,LAST`, place("used_ips", index));
    return [];
  });
}

function addressOf(text: string): readonly Address[] {
  try {
    return [parseAddress(text)];
  } catch {
    return [];
  }
}

/** What is left of a range without some addresses. */
export function without(range: Range, addresses: readonly Address[]): readonly Range[] {
  const left: Range[] = [];
  let { first } = range;
  for (const address of [...new Set(addresses)].sort((a, b) => (a < b ? -1 : 1))) {
    if (address < first || address > range.last) continue;
    if (address > first) left.push({ first, last: address - 1n });
    first = address + 1n;
  }
  if (first <= range.last) left.push({ first, last: range.last });
  return left;
}

function rangeText({ first, last }: Range): string {
  return first === last ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`;
}

/** `provider_networks`: a network each, where `cidr_networks` has none for it, and the bridge that carries it as a link. */
function readProviderNetworks(reading: Reading, overrides: JsonObject): void {
  const { rows, place, request } = reading;
  const list = overrides["provider_networks"];
  if (list === undefined || list === null) return;
  if (!Array.isArray(list)) {
    rows.wrong("'provider_networks' is no list", place("global_overrides", "provider_networks"));
    return;
  }
  for (const [index, item] of (list as readonly Json[]).entries()) {
    const network = isJsonObject(item) && isJsonObject(item["network"]) ? item["network"] : undefined;
    const where = place("global_overrides", "provider_networks", index);
    const bridge = textOf(network?.["container_bridge"]);
    const name = textOf(network?.["ip_from_q"]) ?? textOf(network?.["net_name"]) ?? bridge;
    if (network === undefined || name === null) {
      rows.wrong("a provider network is a map `network` with ip_from_q, net_name or container_bridge", where);
      continue;
    }
    if (rows.get("network", name) === undefined) rows.add({ kind: "network", name, data: { site: request.site } });
    if (bridge === null) continue;
    const before = (rows.get("link", bridge)?.data["networks"] ?? []) as readonly string[];
    const mode = network["type"] === "vlan" ? "802.1q" : "disabled";
    rows.add({
      kind: "link",
      name: bridge,
      data: {
        site: request.site,
        networks: [...new Set([...before, name])],
        trunking: { mode, native: null },
        description: `provider network of type ${textOf(network["type"]) ?? "unknown"}`,
      },
    });
  }
}

import { isJsonObject, jsonText, type Json, type JsonObject } from "../kernel/json.ts";
import type { Place } from "../kernel/errors.ts";
import { GantryError } from "../kernel/errors.ts";
import { blockText, overlaps, parseBlock, type AddressBlock } from "../network/index.ts";
import { IMPORT_CIRCLE, IMPORT_DUPLICATE } from "./errors.ts";
import type { ImportDocument, ImportKind, ImportRequest, SaidAddress } from "./import-model.ts";
import { findCircle, hostnameOf, plainName, Rows } from "./import-rows.ts";
import { placeInJson } from "./import-text.ts";
import { netBoxObjects, type NetBoxKind, type NetBoxObject, type NetBoxObjects } from "./netbox-objects.ts";

/** What NetBox's API answers (`/api/dcim/devices/` and its like), as rows. Pure. */

interface Reading {
  readonly request: ImportRequest;
  readonly rows: Rows;
  readonly objects: NetBoxObjects;
  place(object: NetBoxObject, ...path: readonly (string | number)[]): Place;
}

export function readNetBox(request: ImportRequest): ImportDocument {
  const texts = new Map(request.files.map(({ path, text }) => [path, text]));
  const reading: Reading = {
    request,
    rows: new Rows(),
    objects: netBoxObjects(request),
    place: ({ file, path }, ...more) => placeInJson(texts.get(file) ?? "", file, [...path, ...more]),
  };
  readSites(reading);
  readNetworks(reading);
  readClusters(reading);
  readMachines(reading, "devices");
  readMachines(reading, "virtual-machines");
  readInterfaces(reading);
  readAddresses(reading);
  checkCircles(reading);
  return reading.rows.document(request.files[0]?.path ?? "the import");
}

function each({ objects }: Reading, kind: NetBoxKind): readonly NetBoxObject[] {
  return objects.get(kind) ?? [];
}

/** Adds a row, unless one of this name was added by another object. */
function add(reading: Reading, object: NetBoxObject, kind: ImportKind, name: string, data: JsonObject): void {
  const { rows } = reading;
  const before = rows.get(kind, name);
  if (before !== undefined && before.onlyNamed !== true)
    rows.wrong(
      `there are two of the name '${name}' (${kind.replace("_", " ")})`,
      reading.place(object),
      IMPORT_DUPLICATE,
    );
  else rows.add({ kind, name, data: { ...described(object.value), ...data } });
}

/** Tags, custom fields, and where NetBox knows it. */
function described(value: JsonObject): JsonObject {
  const tags = Array.isArray(value["tags"]) ? (value["tags"] as readonly Json[]) : [];
  const labels = Object.fromEntries(
    tags.flatMap((tag) => {
      const name = typeof tag === "string" ? plainName(tag) : slugOf(tag);
      return name === undefined ? [] : [[name, "true"] as const];
    }),
  );
  const url = textOf(value["display_url"]) ?? textOf(value["url"]);
  const tag = textOf(value["asset_tag"]);
  const custom = isJsonObject(value["custom_fields"]) ? value["custom_fields"] : {};
  const fields = Object.fromEntries(Object.entries(custom).filter(([, one]) => one !== null));
  const id = value["id"];
  return {
    labels,
    assets: [
      ...(id === undefined
        ? []
        : [{ system: "netbox", id: jsonText(id), url: url !== undefined && /^https?:/.test(url) ? url : null }]),
      ...(tag === undefined ? [] : [{ system: "asset-tag", id: tag, url: null }]),
    ],
    fields,
  };
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** `slug`, else a name made plain; of something nested or whole. */
function slugOf(value: Json | undefined): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const slug = textOf(value["slug"]);
  if (slug !== undefined) return plainName(slug);
  const name = textOf(value["name"]) ?? textOf(value["model"]) ?? textOf(value["display"]);
  return name === undefined ? undefined : plainName(name);
}

/** A choice is `{value, label}` or the value alone. */
function choiceOf(value: Json | undefined): string | undefined {
  return isJsonObject(value) ? textOf(value["value"]) : textOf(value);
}

/** The sites are one tree: regions, sites, locations, racks. Names of racks and locations are unique below their site only. */
function readSites(reading: Reading): void {
  const site = (value: JsonObject): string => slugOf(value["site"]) ?? reading.request.site;
  const kinds: readonly [NetBoxKind, string, (value: JsonObject) => string, (value: JsonObject) => string | null][] = [
    ["regions", "region", (value) => `region-${slugOf(value)}`, (value) => prefixed("region", value["parent"])],
    ["sites", "site", (value) => slugOf(value) ?? "", (value) => prefixed("region", value["region"])],
    [
      "locations",
      "location",
      (value) => locationName(site(value), value),
      (value) => (isJsonObject(value["parent"]) ? locationName(site(value), value["parent"]) : site(value)),
    ],
    [
      "racks",
      "rack",
      (value) => rackName(site(value), value),
      (value) => (isJsonObject(value["location"]) ? locationName(site(value), value["location"]) : site(value)),
    ],
  ];
  for (const [list, kind, nameOf, parentOf] of kinds) {
    for (const object of each(reading, list)) {
      const { value } = object;
      if (slugOf(value) === undefined) reading.rows.wrong(`a ${kind} has no name`, reading.place(object));
      else {
        const parent = known(reading, parentOf(value));
        const description = textOf(value["description"]) ?? textOf(value["name"]) ?? "";
        add(reading, object, "site", nameOf(value), { kind, parent, description });
      }
    }
  }
}

function prefixed(prefix: string, value: Json | undefined): string | null {
  const slug = slugOf(value);
  return slug === undefined ? null : `${prefix}-${slug}`;
}

function locationName(site: string, value: JsonObject): string {
  return plainName(`${site}-${slugOf(value)}`);
}

function rackName(site: string, value: JsonObject): string {
  return plainName(`${site}-rack-${slugOf(value)}`);
}

/** A site that is named but was not exported along is made by its name. */
function known({ rows }: Reading, site: string | null): string | null {
  if (site !== null) rows.name("site", site);
  return site;
}

function siteOf(reading: Reading, value: JsonObject): string {
  const scope = textOf(value["scope_type"]) === "dcim.site" ? value["scope"] : undefined;
  const site = slugOf(value["site"]) ?? slugOf(scope) ?? reading.request.site;
  if (isJsonObject(value["rack"])) return known(reading, rackName(site, value["rack"])) ?? site;
  if (isJsonObject(value["location"])) return known(reading, locationName(site, value["location"])) ?? site;
  return known(reading, site) ?? site;
}

function networkName(vlan: Json | undefined): string | undefined {
  if (!isJsonObject(vlan)) return undefined;
  const name = textOf(vlan["name"]);
  return name === undefined ? undefined : plainName(name);
}

function readNetworks(reading: Reading): void {
  for (const object of each(reading, "vlans")) {
    const { value } = object;
    const name = networkName(value);
    const vlan = value["vid"];
    if (name === undefined || typeof vlan !== "number")
      reading.rows.wrong("a VLAN has no name or no vid", reading.place(object));
    else
      add(reading, object, "network", name, {
        site: siteOf(reading, value),
        vlan,
        description: textOf(value["description"]) ?? "",
      });
  }
  const blocks: { object: NetBoxObject; block: AddressBlock; site: string }[] = [];
  for (const object of each(reading, "prefixes")) {
    try {
      blocks.push({
        object,
        block: parseBlock(textOf(object.value["prefix"]) ?? ""),
        site: siteOf(reading, object.value),
      });
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      reading.rows.wrong(error.message, reading.place(object, "prefix"));
    }
  }
  // Prefixes nest, address blocks of a site do not: the innermost are those that addresses are taken from.
  const ordered = [...blocks].sort((a, b) => b.block.prefix - a.block.prefix);
  const kept = new Map<string, AddressBlock[]>();
  for (const { object, block, site } of ordered) {
    const others = kept.get(site) ?? [];
    kept.set(site, others);
    if (others.some((other) => overlaps(other, block))) {
      reading.rows.warn(
        `the prefix ${blockText(block)} holds others of its site, which are imported; it is left out itself`,
        reading.place(object, "prefix"),
      );
      continue;
    }
    others.push(block);
    const network = networkName(object.value["vlan"]);
    if (network !== undefined) reading.rows.add({ kind: "network", name: network, data: { site }, onlyNamed: true });
    add(reading, object, "address_block", blockName(reading, block, site), {
      site,
      subnet: blockText(block),
      network: network ?? null,
      description: textOf(object.value["description"]) ?? "",
    });
  }
}

/** Two sites may use the same addresses. */
function blockName({ rows }: Reading, block: AddressBlock, site: string): string {
  const name = plainName(blockText(block).replace("/", "-"));
  return rows.get("address_block", name) === undefined ? name : plainName(`${site}-${name}`);
}

function readClusters(reading: Reading): void {
  for (const object of each(reading, "clusters")) {
    const name = slugOf(object.value);
    if (name === undefined) reading.rows.wrong("a cluster has no name", reading.place(object));
    else
      add(reading, object, "group", name, {
        kind: "cluster",
        parent: null,
        description: textOf(object.value["description"]) ?? "",
      });
  }
}

/** NetBox allows machines without a name, and names with blanks. */
function machineName(value: JsonObject, kind: string): string {
  return textOf(value["name"])?.replaceAll(/[\s/]+/g, "-") ?? `${kind}-${jsonText(value["id"])}`;
}

function readMachines(reading: Reading, kind: "devices" | "virtual-machines"): void {
  for (const object of each(reading, kind)) {
    const { value } = object;
    const name = machineName(value, kind === "devices" ? "device" : "vm");
    const host = value["parent_device"] ?? (kind === "virtual-machines" ? value["device"] : undefined);
    const cluster = slugOf(value["cluster"]);
    if (cluster !== undefined) reading.rows.name("group", cluster);
    const primary = isJsonObject(value["primary_ip"]) ? textOf(value["primary_ip"]["address"]) : undefined;
    const context = [value["config_context"], value["local_context_data"]].filter(isJsonObject);
    const facts = described(value);
    const type = isJsonObject(value["device_type"]) ? value["device_type"] : undefined;
    const labels: Record<string, string | undefined> = {
      status: choiceOf(value["status"]),
      device_type: slugOf(type),
      manufacturer: slugOf(type?.["manufacturer"]),
      platform: slugOf(value["platform"]),
      serial: textOf(value["serial"]),
    };
    add(reading, object, "structure", name, {
      hostname: hostnameOf(name),
      site: siteOf(reading, value),
      role: slugOf(value["role"]) ?? slugOf(value["device_role"]) ?? null,
      parent: isJsonObject(host) && textOf(host["name"]) !== undefined ? machineName(host, "device") : null,
      managementAddress: primary?.split("/")[0] ?? null,
      description: textOf(value["description"]) ?? "",
      groups: cluster === undefined ? [] : [cluster],
      labels: { ...(facts["labels"] as JsonObject), ...withoutNothing(labels) },
      variables: reading.rows.variables(`'${name}'`, Object.assign({}, ...context) as JsonObject, (variable) =>
        reading.place(
          object,
          value["config_context"] === undefined ? "local_context_data" : "config_context",
          variable,
        ),
      ),
    });
  }
  if (kind === "virtual-machines") dropUnknownParents(reading);
}

function withoutNothing(values: Readonly<Record<string, string | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** A parent that was not exported along. */
function dropUnknownParents({ rows }: Reading): void {
  for (const { name, data } of rows.of("structure")) {
    const parent = data["parent"];
    if (typeof parent !== "string" || rows.get("structure", parent) !== undefined) continue;
    rows.warn(`the host '${parent}' of '${name}' is not in the export`);
    rows.extend("structure", name, { parent: null });
  }
}

function checkCircles(reading: Reading): void {
  for (const kind of ["site", "structure"] as const) {
    const parents = new Map(reading.rows.of(kind).map(({ name, data }) => [name, data["parent"]]));
    const circle = findCircle(parents.keys(), (name) => {
      const parent = parents.get(name);
      return typeof parent === "string" ? [parent] : [];
    });
    const file = reading.request.files[0]?.path ?? "the import";
    if (circle !== undefined)
      reading.rows.wrong(`${kind}s are in each other: ${circle.join(" → ")}`, { file }, IMPORT_CIRCLE);
  }
}

/** The machine an interface or an address belongs to, when it was exported along. */
function ownerOf({ rows }: Reading, value: JsonObject): string | undefined {
  const owner = value["device"] ?? value["virtual_machine"];
  if (!isJsonObject(owner)) return undefined;
  const name = machineName(owner, value["device"] === undefined || value["device"] === null ? "vm" : "device");
  return rows.get("structure", name) === undefined ? undefined : name;
}

/** As an operating system calls it; blanks are the vendors'. */
function deviceOf(value: JsonObject): string | undefined {
  return textOf(value["name"])?.replaceAll(/\s+/g, "");
}

function readInterfaces(reading: Reading): void {
  const members = new Map<string, string[]>();
  for (const object of each(reading, "interfaces")) {
    const { value } = object;
    const owner = ownerOf(reading, value);
    const device = deviceOf(value);
    if (owner === undefined || device === undefined) {
      reading.rows.warn(
        `the interface ${jsonText(value["id"])} belongs to nothing that is imported`,
        reading.place(object),
      );
      continue;
    }
    const above = [value["lag"], value["bridge"]].find(isJsonObject);
    const bundle = above === undefined ? undefined : deviceOf(above);
    if (bundle !== undefined) members.set(`${owner}/${bundle}`, [...(members.get(`${owner}/${bundle}`) ?? []), device]);
    const type = choiceOf(value["type"]);
    const over = isJsonObject(value["parent"]) ? deviceOf(value["parent"]) : undefined;
    const vlan = isJsonObject(value["untagged_vlan"]) ? value["untagged_vlan"] : undefined;
    const network = networkName(vlan);
    if (network !== undefined)
      reading.rows.add({ kind: "network", name: network, data: { site: null }, onlyNamed: true });
    const tag = over === undefined ? undefined : vlan?.["vid"];
    add(reading, object, "interface", `${owner}/${device}`, {
      structure: owner,
      device,
      type: type === "lag" ? "bonded" : type === "bridge" ? "bridge" : over === undefined ? "real" : "vlan",
      mac: textOf(value["mac_address"])?.toLowerCase() ?? null,
      mtu: typeof value["mtu"] === "number" ? value["mtu"] : null,
      vlan: typeof tag === "number" ? tag : null,
      members: over === undefined ? [] : [over],
      network: network ?? null,
    });
  }
  for (const [name, devices] of members) reading.rows.extend("interface", name, { members: devices });
}

function readAddresses(reading: Reading): void {
  const { rows } = reading;
  const held = new Map<string, SaidAddress[]>();
  for (const object of each(reading, "ip-addresses")) {
    const { value } = object;
    const [address] = textOf(value["address"])?.split("/") ?? [];
    const assigned = value["assigned_object"];
    const owner = isJsonObject(assigned) ? ownerOf(reading, assigned) : undefined;
    if (address === undefined) rows.wrong("an address has no `address`", reading.place(object));
    if (address === undefined || owner === undefined || !isJsonObject(assigned)) continue;
    const device = deviceOf(assigned);
    const name = `${owner}/${device}`;
    const of = device !== undefined && rows.get("interface", name) !== undefined ? { interface: name } : {};
    held.set(owner, [...(held.get(owner) ?? []), { address, ...of }]);
  }
  for (const [name, addresses] of held) {
    const row = rows.get("structure", name);
    // The first address of a structure is its own.
    const first = row?.data["managementAddress"];
    const sorted = [...addresses].sort((a, b) => Number(b.address === first) - Number(a.address === first));
    if (row !== undefined) rows.add({ ...row, addresses: sorted });
  }
}

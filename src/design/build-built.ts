import { problem, placeText, type Problem } from "../kernel/errors.ts";
import { deviceProblem, type InterfaceData } from "../inventory/index.ts";
import type { Parts } from "./build.ts";
import { DUPLICATE_NAME, INVALID_NAME } from "./errors.ts";
import { placeKey, type AddressRequest } from "./model.ts";
import type { FoundationEntry, InterfaceEntry } from "./schema.ts";
import { kindTitle, type Written } from "./sections.ts";

/** Plain foundations and structures, and the interfaces that are written inside of them. */

type Owner = Pick<Written<"foundations" | "structures">, "document" | "path">;

export function buildFoundation(written: Written<"foundations">, parts: Parts, problems: Problem[]): void {
  const { name, value } = written;
  const { site, ...entry } = value;
  putFoundation(name, site, entry, parts);
  const owner = { foundation: name, structure: null };
  buildInterfaces(owner, value.interfaces, written, written.path, parts, problems);
}

function putFoundation(name: string, site: string, entry: FoundationEntry, parts: Parts): void {
  const { interfaces: _interfaces, system_uuid: systemUuid, ...data } = entry;
  const complex = entry.complex ?? null;
  // A foundation of a complex is of its type; that one without either has none is told among the references.
  const type = entry.type ?? parts.complexes.get(complex ?? "")?.type ?? "";
  parts.foundations.set(name, { name, site, ...data, type, complex, systemUuid: systemUuid?.toLowerCase() ?? null });
}

/** A foundation written inside a structure has the structure's name and site. */
export function buildStructure(written: Written<"structures">, parts: Parts, problems: Problem[]): void {
  const { name, value, path } = written;
  const { interfaces, depends_on: dependsOn, management_address: managementAddress, ...rest } = value;
  buildInterfaces({ foundation: null, structure: name }, interfaces, written, path, parts, problems);
  const foundation = foundationOf(written, parts, problems);
  parts.structures.set(name, {
    name,
    ...rest,
    hostname: value.hostname ?? name,
    blueprint: value.blueprint ?? null,
    foundation,
    addresses: value.addresses.map(({ block, address, interface: device }): AddressRequest => {
      const open = { block, address: address ?? null };
      return typeof device === "string" ? { ...open, interface: interfaceName(name, foundation, device, parts) } : open;
    }),
    dependsOn: [...new Set(dependsOn)],
    parent: value.parent ?? null,
    managementAddress,
    groups: [...new Set(value.groups)],
    zone: value.zone ?? null,
  });
}

/** The name of what a structure stands on; what is written inside of it is put among the foundations. */
function foundationOf(
  { name, value, document, path }: Written<"structures">,
  parts: Parts,
  problems: Problem[],
): string | null {
  const { foundation } = value;
  if (typeof foundation === "string") return foundation;
  if (foundation === null || foundation === undefined) return null;
  const inside = [...path, "foundation"];
  const place = document.placeOfKey(inside);
  if (parts.foundations.has(name)) {
    const message = `${kindTitle("foundation")} '${name}' is defined twice: in 'foundations', and inside structure '${name}'`;
    problems.push(problem(DUPLICATE_NAME, message, place));
    return name;
  }
  putFoundation(name, value.site, foundation, parts);
  parts.places.set(placeKey("foundation", name), place);
  const owner = { foundation: name, structure: null };
  buildInterfaces(owner, foundation.interfaces, { document, path }, inside, parts, problems);
  return name;
}

/** `eth0`: of the structure, or else of what it stands on. */
function interfaceName(name: string, foundation: string | null, device: string, parts: Parts): string {
  const own = `${name}/${device}`;
  const below = `${foundation ?? name}/${device}`;
  return parts.interfaces.has(own) || !parts.interfaces.has(below) ? own : below;
}

function buildInterfaces(
  owner: Pick<InterfaceData, "foundation" | "structure">,
  entries: Readonly<Record<string, InterfaceEntry>>,
  { document }: Owner,
  path: Owner["path"],
  parts: Parts,
  problems: Problem[],
): void {
  for (const [device, entry] of Object.entries(entries)) {
    const name = `${owner.structure ?? owner.foundation ?? ""}/${device}`;
    const place = document.placeOfKey([...path, "interfaces", device]);
    const wrong = deviceProblem(device);
    if (wrong !== undefined)
      problems.push(problem(INVALID_NAME, `the name '${device.slice(0, 80)}' of an interface ${wrong}`, place));
    const before = parts.places.get(placeKey("interface", name));
    if (before !== undefined) {
      const message = `interface '${name}' is defined twice, first at ${placeText(before)}; a structure and its foundation share their name, so their devices need different ones`;
      problems.push(problem(DUPLICATE_NAME, message, place));
      continue;
    }
    const { physical_location: physicalLocation, link_name: linkName, mac, ...rest } = entry;
    parts.places.set(placeKey("interface", name), place);
    parts.interfaces.set(name, {
      name,
      ...owner,
      device,
      ...rest,
      mac: mac?.toLowerCase().replaceAll("-", ":") ?? null,
      physicalLocation,
      linkName,
      members: [...new Set(entry.members)],
      network: entry.network ?? null,
      link: entry.link ?? null,
    });
  }
}

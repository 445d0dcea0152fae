import { interfaceProblems, type InterfaceData } from "../inventory/index.ts";
import { problem, type Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Parts } from "./build.ts";
import { DUPLICATE_NAME, INTERFACE_INVALID, UNKNOWN_REFERENCE } from "./errors.ts";
import { placeKey } from "./model.ts";
import type { Sections } from "./sections.ts";

/** Interfaces that cannot be, run over devices that are not there, or share a MAC address; addresses on interfaces that are not there. */
export function checkInterfaces(sections: Sections, parts: Parts, problems: Problem[]): void {
  const macs = new Map<string, string>();
  for (const one of parts.interfaces.values()) {
    const place = parts.places.get(placeKey("interface", one.name));
    for (const wrong of interfaceProblems(one))
      problems.push(problem(INTERFACE_INVALID, `interface '${one.name}': ${wrong}`, place));
    for (const device of one.members) {
      const member = parts.interfaces.get(`${one.structure ?? one.foundation ?? ""}/${device}`);
      if (member !== undefined && member !== one && isOf(member, one)) continue;
      const others = devicesOf(parts, one).filter((other) => other !== one.device);
      const advice = adviceOf(device, others);
      problems.push(
        problem(UNKNOWN_REFERENCE, `interface '${one.name}' runs over '${device}', which is not there${advice}`, place),
      );
    }
    // A bond, a bridge or a VLAN may well have the address of the port it runs over.
    if (one.type !== "real" || one.mac === null) continue;
    const before = macs.get(one.mac);
    if (before === undefined) macs.set(one.mac, one.name);
    else
      problems.push(
        problem(DUPLICATE_NAME, `interfaces '${before}' and '${one.name}' both have the MAC address ${one.mac}`, place),
      );
  }
  for (const { name, document, path } of sections.entries.structures.values()) {
    for (const [index, { interface: port }] of (parts.structures.get(name)?.addresses ?? []).entries()) {
      if (port === undefined || parts.interfaces.has(port)) continue;
      const device = port.slice(name.length + 1);
      const owner = { foundation: null, structure: name };
      const advice = adviceOf(device, devicesOf(parts, owner));
      const place = document.placeOf([...path, "addresses", index, "interface"]);
      problems.push(problem(UNKNOWN_REFERENCE, `structure '${name}' has no interface '${device}'${advice}`, place));
    }
  }
}

type Owner = Pick<InterfaceData, "foundation" | "structure">;

function isOf(one: Owner, other: Owner): boolean {
  return one.foundation === other.foundation && one.structure === other.structure;
}

function devicesOf(parts: Parts, owner: Owner): readonly string[] {
  return [...parts.interfaces.values()].filter((one) => isOf(one, owner)).map(({ device }) => device);
}

function adviceOf(device: string, known: readonly string[]): string {
  const near = nearest(device, known);
  return near === undefined ? "" : `; did you mean '${near}'?`;
}

import type { Draft } from "./edit-draft.ts";
import { stayingTouched } from "./edit-touched.ts";
import type { ProblemList } from "./edit-model.ts";
import { MEMBER_INVALID, REFERENCE_UNKNOWN } from "./errors.ts";
import type { InterfaceData } from "./connections.ts";
import type { Interface, Structure } from "./model.ts";

/** Whose an interface is, what it is made of, and whether addresses are on interfaces of their own structure. */
export function checkInterfaces(draft: Draft, problems: ProblemList): void {
  for (const { after, index } of stayingTouched<Interface>(draft, "interface")) {
    const at = { index, kind: "interface", name: after.name } as const;
    for (const wrong of interfaceProblems(after))
      problems.add(MEMBER_INVALID, at, `interface '${after.name}': ${wrong}`);
    for (const device of after.members) {
      const member = draft.get("interface", `${ownerOf(after)}/${device}`);
      if (member === undefined || device === after.device) {
        const message = `interface '${after.name}': members names '${device}', which is no other interface of '${ownerOf(after)}'`;
        problems.add(REFERENCE_UNKNOWN, at, message);
      }
    }
  }
  for (const { after, index } of stayingTouched<Structure>(draft, "structure")) {
    for (const held of after.addresses) {
      if (held.interface === undefined) continue;
      const on = draft.get("interface", held.interface) as Interface | undefined;
      const own = on?.structure === after.name || (on?.foundation ?? undefined) === (after.foundation ?? "");
      if (on === undefined || own) continue;
      const message = `structure '${after.name}': ${held.address} is on '${held.interface}', which is not an interface of it or of its foundation`;
      problems.add(MEMBER_INVALID, { index, kind: "structure", name: after.name }, message);
    }
  }
}

function ownerOf(one: InterfaceData): string {
  return one.structure ?? one.foundation ?? "";
}

/** What is wrong with an interface by itself, as ends of sentences; none when nothing is. */
export function interfaceProblems(one: InterfaceData): readonly string[] {
  const wrong: string[] = [];
  if ((one.structure === null) === (one.foundation === null))
    return ["exactly one of 'structure' and 'foundation' owns it"];
  const name = `${ownerOf(one)}/${one.device}`;
  if (one.name !== name) wrong.push(`its name must be '${name}'`);
  if (one.type === "vlan") {
    if (one.vlan === null) wrong.push("a vlan has the member 'vlan': its tag, 1 to 4094");
    if (one.members.length !== 1) wrong.push("a vlan runs over exactly one interface: name it in 'members'");
  } else if (one.vlan !== null) wrong.push(`only an interface of type vlan has a tag; this one is ${one.type}`);
  if (one.type === "real" && one.members.length > 0) wrong.push("a real interface has no members");
  if (one.type === "bonded" && one.members.length === 0) wrong.push("a bonded interface has members");
  return wrong;
}

import type { HardwareProblem, LinkFacts, MachineFacts } from "../blueprints/index.ts";
import { nearest } from "../kernel/nearest.ts";
import { systemUuidOf, type MatchedBy, type Outcome } from "./model.ts";

/** Which foundation a machine is. Pure, and the same whatever order things come in. */

/** A foundation that a machine may be: one that is found and not made, at the machine's site or one below it. */
export interface Candidate {
  readonly name: string;
  readonly systemUuid: string | null;
  /** The machine it is already. */
  readonly machine: string | null;
  /** Whether it was located, by detection or by hand. */
  readonly located: boolean;
  readonly interfaces: readonly {
    readonly device: string;
    readonly mac: string | null;
    readonly linkName: string | null;
  }[];
  /** Of the structure that stands on it. */
  readonly addresses: readonly string[];
  /** What its blueprint asks for and the machine has not. */
  readonly problems: readonly HardwareProblem[];
}

export interface MatchInput {
  /** The machine's own id. */
  readonly machine: string;
  readonly facts: MachineFacts;
  /** The foundation a person says it is. */
  readonly assigned: string | null;
  /** The foundation that has its system uuid, and would keep it; it may be at another site. */
  readonly uuidOf?: string | undefined;
  readonly candidates: readonly Candidate[];
}

/** Which foundation it is: by the first of these that any foundation agrees with. Where several agree, none is taken. */
export function matchMachine(input: MatchInput): Outcome {
  const { facts, assigned } = input;
  const candidates = [...input.candidates].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (assigned !== null) {
    const found = candidates.find(({ name }) => name === assigned);
    if (found !== undefined) return settled(found, "assignment", "a person said so", input);
    return outcome("unmatched", {
      reason: `it was assigned to foundation '${assigned}', which is not at its site any more`,
    });
  }
  for (const [by, told, agrees] of rulesOf(facts)) {
    const found = candidates.filter(agrees);
    const [first] = found;
    if (first === undefined) continue;
    if (found.length === 1) return settled(first, by, told, input);
    const names = found.map(({ name }) => name).join(", ");
    return outcome("ambiguous", { by, reason: `${told} is that of ${found.length} foundations: ${names}` });
  }
  const near = nearestOf(facts, candidates);
  const reason =
    candidates.length === 0
      ? "there is no foundation at its site that it could be"
      : "nothing says which foundation it is";
  return outcome("unmatched", { reason, nearest: near });
}

type Rule = readonly [MatchedBy, told: string, agrees: (candidate: Candidate) => boolean];

function rulesOf(facts: MachineFacts): readonly Rule[] {
  const uuid = systemUuidOf(facts);
  const macs = new Set(facts.interfaces.flatMap(({ mac }) => mac ?? []));
  const addresses = new Set(facts.interfaces.flatMap((one) => one.addresses).map((text) => text.toLowerCase()));
  const links = facts.interfaces.flatMap(({ lldp }) => (lldp === null ? [] : [lldp]));
  const byMac = new Set(links.flatMap((one) => linkNames(one.mac, one)));
  const byName = new Set(links.flatMap((one) => linkNames(one.name, one)));
  const linked = (names: ReadonlySet<string>) => (candidate: Candidate) =>
    candidate.interfaces.some(({ linkName }) => linkName !== null && names.has(plainLink(linkName)));
  return [
    ["uuid", `its system uuid ${uuid}`, ({ systemUuid }) => uuid !== null && systemUuid === uuid],
    ["link", `the switch port it is at (${[...byMac].sort().join(", ")})`, linked(byMac)],
    ["link", `the switch port it is at (${[...byName].sort().join(", ")})`, linked(byName)],
    ["mac", "its MAC address", ({ interfaces }) => interfaces.some(({ mac }) => mac !== null && macs.has(mac))],
    ["address", "its address", (candidate) => candidate.addresses.some((one) => addresses.has(one.toLowerCase()))],
  ];
}

/** What a port is called in a design: `SWITCH-SLOT-PORT`, and of a port that is split `SWITCH-SLOT-PORT-SUBPORT`. */
export function linkNames(of: string | null, { slot, port, subport }: LinkFacts): readonly string[] {
  if (of === null || port === null) return [];
  const name = `${of}-${slot ?? 0}-${port}`;
  return [plainLink(subport === null ? name : `${name}-${subport}`)];
}

/** MAC addresses are written with colons, with dashes, or with nothing between. */
export function plainLink(linkName: string): string {
  const plain = linkName.trim().toLowerCase();
  const match = /^([0-9a-f]{2}(?:[:-]?[0-9a-f]{2}){5})(-.*)$/.exec(plain);
  return match === null ? plain : `${match[1]!.replaceAll(/[:-]/g, "")}${match[2]}`;
}

function settled(found: Candidate, by: MatchedBy, told: string, input: MatchInput): Outcome {
  const { machine, facts, uuidOf } = input;
  const { name, problems } = found;
  const base = { foundation: name, by };
  if (found.located && found.machine !== machine) {
    const other = found.machine === null ? "was located by hand" : `is machine ${found.machine}`;
    const reason = `foundation '${name}', found by ${told}, ${other} already; when the machine was swapped: gantry foundation unlocate ${name}`;
    return outcome("conflict", { ...base, reason });
  }
  const uuid = systemUuidOf(facts);
  if (by !== "assignment" && found.systemUuid !== null && uuid !== null && found.systemUuid !== uuid) {
    const reason = `foundation '${name}', found by ${told}, is to have the system uuid ${found.systemUuid}, and this machine has ${uuid}; if it is the one: gantry machine assign ${machine} ${name}`;
    return outcome("conflict", { ...base, reason });
  }
  if (uuidOf !== undefined && uuidOf !== name) {
    // What is at other sites is not for everybody here to know.
    const isHere = input.candidates.some((one) => one.name === uuidOf);
    const reason = `foundation '${name}', found by ${told}, cannot have its system uuid ${uuid}, which is that of ${isHere ? `foundation '${uuidOf}'` : "a foundation elsewhere"}`;
    return outcome("conflict", { ...base, reason });
  }
  if (problems.length > 0) {
    const count = problems.length === 1 ? "one requirement" : `${problems.length} requirements`;
    const reason = `it is foundation '${name}' by ${told}, but does not meet ${count} of its blueprint`;
    return outcome("unfit", { ...base, reason, problems });
  }
  return outcome("located", { ...base, reason: `it is foundation '${name}': ${told}` });
}

function outcome(state: Outcome["state"], rest: Partial<Outcome>): Outcome {
  return { state, foundation: null, by: null, reason: "", problems: [], nearest: null, ...rest };
}

/** Of those that no machine is yet: a name or address that differs in little, else the one whose hardware fits best. */
function nearestOf(facts: MachineFacts, candidates: readonly Candidate[]): Outcome["nearest"] {
  const free = candidates.filter(({ located }) => !located);
  const names = facts.interfaces.flatMap(({ lldp }) =>
    lldp === null ? [] : [...linkNames(lldp.mac, lldp), ...linkNames(lldp.name, lldp)],
  );
  const macs = facts.interfaces.flatMap(({ mac }) => mac ?? []);
  const found =
    nearestText(names, linksOf(free), "switch port", alikeLinks) ??
    nearestText(macs, macsOf(free), "MAC address", alikeMacs);
  if (found !== undefined) return found;
  // They are in the order of their names: of several that fit alike, the first.
  const best = free.reduce<Candidate | undefined>(
    (one, other) => (one === undefined || other.problems.length < one.problems.length ? other : one),
    undefined,
  );
  if (best === undefined) return null;
  const uuid = systemUuidOf(facts);
  const says = [
    ...(best.systemUuid === null ? [] : [`system uuid ${best.systemUuid} (the machine: ${uuid ?? "none"})`]),
    ...best.interfaces
      .flatMap(({ mac, linkName }) => [
        ...(mac === null ? [] : [`MAC address ${mac}`]),
        ...(linkName === null ? [] : [`switch port ${linkName}`]),
      ])
      .sort(),
  ];
  const knows =
    says.length === 0
      ? "nothing is said of it by which it could be known: neither system uuid nor MAC address nor switch port"
      : `it is known by ${says.slice(0, 3).join(", ")}`;
  const fits =
    best.problems.length === 0 ? "the hardware fits" : `${best.problems.length} of its requirements are not met`;
  return { foundation: best.name, why: `${knows}; ${fits}` };
}

/** A text of a foundation: what its switch port or MAC address is to be. */
type Text = readonly [text: string, foundation: string];

function linksOf(candidates: readonly Candidate[]): readonly Text[] {
  return candidates.flatMap(({ name, interfaces }) =>
    interfaces.flatMap(({ linkName }) => (linkName === null ? [] : [[plainLink(linkName), name] as const])),
  );
}

function macsOf(candidates: readonly Candidate[]): readonly Text[] {
  return candidates.flatMap(({ name, interfaces }) =>
    interfaces.flatMap(({ mac }) => (mac === null ? [] : [[mac, name] as const])),
  );
}

/** Another port of the same switch, or the same port of another: only these few are compared letter by letter. */
function alikeLinks(own: string, other: string): boolean {
  const port = /-\d+-\d+(?:-\d+)?$/.exec(own)?.[0] ?? own;
  return other.startsWith(own.slice(0, own.lastIndexOf("-"))) || other.endsWith(port);
}

/** Of the same maker and series. */
function alikeMacs(own: string, other: string): boolean {
  return other.startsWith(own.slice(0, "52:54:00:aa".length));
}

function nearestText(
  own: readonly string[],
  texts: readonly Text[],
  what: string,
  alike: (own: string, other: string) => boolean,
): NonNullable<Outcome["nearest"]> | undefined {
  for (const text of own.toSorted()) {
    const some = new Map(texts.filter(([other]) => alike(text, other)).toReversed());
    const near = nearest(text, [...some.keys()].sort());
    if (near === undefined) continue;
    return { foundation: some.get(near) ?? "", why: `its ${what} is to be ${near}, and the machine has ${text}` };
  }
  return undefined;
}

import type { Complaints } from "./complaints.ts";
import { DNS_CNAME_CONFLICT } from "./errors.ts";
import type { RecordSet, RecordType, RenderedZone } from "./model.ts";
import { inOrder, upwards } from "./names.ts";
import type { ZoneSettings } from "./settings.ts";

/**
 * A zone of one view while it is put together: first what hosts put there, then the rest, which may depend on it. What the rest writes or
 * looks at is remembered by name: as long as none of it changes, a change of a host changes the host's own names alone.
 */
export interface Draft {
  readonly settings: ZoneSettings;
  readonly view: string | null;
  /** Puts in what a host brings. Nobody depends on that yet. */
  addOfHost(name: string, type: RecordType, value: string): void;
  add(name: string, type: RecordType, value: string, ttl?: number | null): void;
  remove(name: string, type: RecordType, value: string): void;
  /** Values of one name and type; none when there are none. */
  values(name: string, type: RecordType): readonly string[];
  /** Whether somebody who asks for an address of the name gets one, from a wildcard too. */
  hasAddress(name: string): boolean;
  /** The topmost name at or above this one, below the zone's own, from which on other servers answer. */
  cutAbove(name: string): string | undefined;
  /** Other servers answer from this name on. */
  cut(name: string): void;
  /** Leaves out each CNAME that does not stand alone. */
  dropCnames(complaints: Complaints): void;
  /** The zone; the draft holds no records then. */
  finish(primary: string): RenderedZone;
  /** How far anything depends on what hosts have at a name: on every value, on whether there is an address, on nothing. */
  dependsOn(name: string): "values" | "address" | "nothing";
}

/** Drafts of every zone, one for each view it has. */
export interface Drafts {
  readonly all: readonly Draft[];
  of(zone: string): readonly Draft[];
}

interface DraftSet {
  readonly type: RecordType;
  ttl: number;
  readonly values: string[];
}

const TYPES: readonly RecordType[] = ["NS", "A", "AAAA", "CNAME", "MX", "PTR", "SRV", "TXT"];
const ORDER = new Map(TYPES.map((type, index) => [type, index]));
const NONE: readonly string[] = [];

export function createDraft(settings: ZoneSettings, view: string | null): Draft {
  /** By name: few types each, and mostly one. */
  const names = new Map<string, DraftSet[]>();
  const cuts = new Set<string>();
  /** Names that were written to or looked at by more than hosts; and those of which it was only asked whether they have an address. */
  const touched = new Set<string>();
  const asked = new Set<string>();

  function find(name: string, type: RecordType): DraftSet | undefined {
    return names.get(name)?.find((set) => set.type === type);
  }

  function put(name: string, sets: readonly DraftSet[]): void {
    const left = sets.filter((set) => set.values.length > 0);
    if (left.length === 0) names.delete(name);
    else names.set(name, left);
  }

  function owns(name: string): boolean {
    return find(name, "A") !== undefined || find(name, "AAAA") !== undefined;
  }

  return {
    settings,
    view,
    addOfHost(name, type, value) {
      addTo(names, name, type, value, settings.authority.ttl);
    },
    add(name, type, value, ttl) {
      touched.add(name);
      addTo(names, name, type, value, ttl ?? settings.authority.ttl);
    },
    remove(name, type, value) {
      touched.add(name);
      const sets = (names.get(name) ?? []).map((set) =>
        set.type === type ? { ...set, values: set.values.filter((one) => one !== value) } : set,
      );
      put(name, sets);
    },
    values(name, type) {
      touched.add(name);
      return find(name, type)?.values ?? NONE;
    },
    hasAddress(name) {
      asked.add(name);
      if (owns(name)) return true;
      if (names.has(name)) return false;
      for (const one of upwards(name)) {
        if (one !== name && owns(`*.${one}`)) return true;
        if (one === settings.name) return false;
      }
      return false;
    },
    cutAbove(name) {
      let top: string | undefined;
      if (cuts.size === 0) return top;
      for (const one of upwards(name)) {
        if (one === settings.name) return top;
        if (cuts.has(one)) top = one;
      }
      return top;
    },
    cut: (name) => void cuts.add(name),
    dropCnames(complaints) {
      // Hosts bring none.
      for (const name of touched) {
        const sets = names.get(name) ?? [];
        const cname = sets.find((set) => set.type === "CNAME");
        if (cname === undefined || (sets.length === 1 && cname.values.length === 1 && name !== settings.name)) continue;
        const rest = sets.filter((set) => set !== cname);
        put(name, rest);
        const types = rest.map(({ type }) => type).sort((a, b) => ORDER.get(a)! - ORDER.get(b)!);
        const beside = name === settings.name ? ["SOA", "NS", ...types] : types;
        const others = beside.length === 0 ? "another CNAME" : `records of type ${[...new Set(beside)].join(", ")}`;
        complaints.add(
          DNS_CNAME_CONFLICT,
          settings.name,
          `the CNAME of ${name} is left out: it stands beside ${others}`,
        );
      }
    },
    finish(primary) {
      const sets = inOrder([...names.keys()]).flatMap((name) => setsOf(name, names.get(name) ?? []));
      names.clear();
      const { name, reverse, parent, authority } = settings;
      return { name, view, reverse, parent, authority: { primary, ...authority }, sets };
    },
    dependsOn(name) {
      if (touched.has(name)) return "values";
      return asked.has(name) ? "address" : "nothing";
    },
  };
}

function addTo(names: Map<string, DraftSet[]>, name: string, type: RecordType, value: string, ttl: number): void {
  const sets = names.get(name);
  const set = sets?.find((one) => one.type === type);
  if (set === undefined) {
    const fresh = { type, ttl, values: [value] };
    if (sets === undefined) names.set(name, [fresh]);
    else sets.push(fresh);
    return;
  }
  if (!set.values.includes(value)) set.values.push(value);
  // Records of one set hold equally long (RFC 2181 section 5.2): as long as the shortest of them.
  set.ttl = Math.min(set.ttl, ttl);
}

function setsOf(name: string, sets: readonly DraftSet[]): readonly RecordSet[] {
  return [...sets]
    .sort((a, b) => ORDER.get(a.type)! - ORDER.get(b.type)!)
    .map(({ type, ttl, values }) => ({ name, type, ttl, values: values.sort() }));
}

/** The sets of a name that only hosts have. `records`: what they bring for it to a zone of these settings. */
export function hostSets(
  { authority }: ZoneSettings,
  name: string,
  records: readonly { readonly type: RecordType; readonly value: string }[],
): readonly RecordSet[] {
  const names = new Map<string, DraftSet[]>();
  for (const { type, value } of records) addTo(names, name, type, value, authority.ttl);
  return setsOf(name, names.get(name) ?? []);
}

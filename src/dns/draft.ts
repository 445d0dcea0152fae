import type { Complaints } from "./complaints.ts";
import { DNS_CNAME_CONFLICT } from "./errors.ts";
import type { RecordSet, RecordType, RenderedZone } from "./model.ts";
import { inOrder, upwards } from "./names.ts";
import type { ZoneSettings } from "./settings.ts";

/** A zone of one view while it is put together. */
export interface Draft {
  readonly settings: ZoneSettings;
  readonly view: string | null;
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
  finish(primary: string): RenderedZone;
}

/** Drafts of every zone, one for each view it has. */
export interface Drafts {
  readonly all: readonly Draft[];
  of(zone: string): readonly Draft[];
}

interface DraftSet {
  readonly name: string;
  readonly type: RecordType;
  ttl: number;
  readonly values: Set<string>;
}

const TYPES: readonly RecordType[] = ["NS", "A", "AAAA", "CNAME", "MX", "PTR", "SRV", "TXT"];
const ORDER = new Map(TYPES.map((type, index) => [type, index]));
const NONE: readonly string[] = [];

export function createDraft(settings: ZoneSettings, view: string | null): Draft {
  const names = new Map<string, Map<RecordType, DraftSet>>();
  const cuts = new Set<string>();

  function find(name: string, type: RecordType): DraftSet | undefined {
    return names.get(name)?.get(type);
  }

  function owns(name: string): boolean {
    return find(name, "A") !== undefined || find(name, "AAAA") !== undefined;
  }

  return {
    settings,
    view,
    add(name, type, value, ttl) {
      const own = ttl ?? settings.authority.ttl;
      let types = names.get(name);
      if (types === undefined) names.set(name, (types = new Map<RecordType, DraftSet>()));
      const set = types.get(type);
      if (set === undefined) types.set(type, { name, type, ttl: own, values: new Set([value]) });
      else {
        set.values.add(value);
        // Records of one set hold equally long (RFC 2181 section 5.2): as long as the shortest of them.
        set.ttl = Math.min(set.ttl, own);
      }
    },
    remove(name, type, value) {
      const types = names.get(name);
      const set = types?.get(type);
      set?.values.delete(value);
      if (set?.values.size === 0) types?.delete(type);
    },
    values: (name, type) => [...(find(name, type)?.values ?? NONE)],
    hasAddress(name) {
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
      for (const [name, types] of names) {
        const cname = types.get("CNAME");
        if (cname === undefined || (types.size === 1 && cname.values.size === 1 && name !== settings.name)) continue;
        types.delete("CNAME");
        const beside = name === settings.name ? ["SOA", "NS", ...types.keys()] : [...types.keys()];
        const others = beside.length === 0 ? "another CNAME" : `records of type ${[...new Set(beside)].join(", ")}`;
        complaints.add(
          DNS_CNAME_CONFLICT,
          settings.name,
          `the CNAME of ${name} is left out: it stands beside ${others}`,
        );
      }
    },
    finish(primary) {
      const sets: RecordSet[] = inOrder([...names.keys()]).flatMap((name) =>
        [...(names.get(name)?.values() ?? [])]
          .sort((a, b) => ORDER.get(a.type)! - ORDER.get(b.type)!)
          .map(({ type, ttl, values }) => ({ name, type, ttl, values: [...values].sort() })),
      );
      const { name, reverse, parent, authority } = settings;
      return { name, view, reverse, parent, authority: { primary, ...authority }, sets };
    },
  };
}

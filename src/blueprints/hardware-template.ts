import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import {
  COUNT,
  DISK_KIND,
  PCI_CLASS,
  PCI_ID,
  SIZE,
  SPEED,
  TEXT,
  VERSION,
  type Comparable,
  type ValueSort,
} from "./hardware-values.ts";

/** What a blueprint asks of a machine, read from the form its author writes. Pure. */

type TemplatePath = readonly (string | number)[];

/** What is wrong with a template, and where in it. */
export interface TemplateFault {
  readonly path: TemplatePath;
  readonly message: string;
}

/** What a value must be; all that is said must hold. */
export interface Condition {
  readonly sort: ValueSort;
  readonly minimum?: Comparable;
  readonly maximum?: Comparable;
  readonly exact?: Comparable;
  readonly oneOf?: readonly Comparable[];
}

export type Conditions = ReadonlyMap<string, Condition>;

/** So many of a list must meet all of the conditions. */
export interface Counted {
  readonly count: Condition;
  readonly conditions: Conditions;
}

export const LIST_SECTIONS = ["disks", "interfaces", "pci"] as const;
export type ListSection = (typeof LIST_SECTIONS)[number];

export interface Template {
  readonly system: Conditions;
  readonly cpus: Conditions;
  readonly memory: Condition | undefined;
  readonly lists: Readonly<Record<ListSection, readonly Counted[]>>;
  readonly firmware: Conditions;
}

type Sorts = Readonly<Record<string, ValueSort>>;

const SYSTEM: Sorts = { vendor: TEXT, product: TEXT, serial: TEXT };
const CPUS: Sorts = { count: COUNT, cores: COUNT, threads: COUNT, model: TEXT };
const LISTS: Readonly<Record<ListSection, Sorts>> = {
  disks: { size: SIZE, kind: DISK_KIND, model: TEXT },
  interfaces: { speed: SPEED, device: TEXT },
  pci: { vendor: PCI_ID, device: PCI_ID, class: PCI_CLASS },
};
const SECTIONS: readonly string[] = ["system", "cpus", "memory", ...LIST_SECTIONS, "firmware"];
const WORDS: readonly string[] = ["minimum", "maximum", "exact", "one_of"];

/** At least one. */
const SOME: Condition = { sort: COUNT, minimum: 1 };

/** Reads a template. What is wrong with it is said, each with its place; the rest is read all the same. */
export function readTemplate(written: JsonObject): { template: Template; faults: readonly TemplateFault[] } {
  const faults: TemplateFault[] = [];
  const wrong = (path: TemplatePath, message: string): void => void faults.push({ path, message });
  const read = reader(wrong);
  for (const key of Object.keys(written)) if (!SECTIONS.includes(key)) wrong([key], unknownKey(key, SECTIONS));
  const memory = written["memory"];
  const list = (section: ListSection): readonly Counted[] => read.counted([section], written[section], LISTS[section]);
  return {
    template: {
      system: read.conditions(["system"], written["system"], SYSTEM),
      cpus: read.conditions(["cpus"], written["cpus"], CPUS),
      memory: isNothing(memory) ? undefined : read.condition(["memory"], memory, SIZE),
      lists: { disks: list("disks"), interfaces: list("interfaces"), pci: list("pci") },
      firmware: read.conditions(["firmware"], written["firmware"], undefined),
    },
    faults,
  };
}

function reader(wrong: (path: TemplatePath, message: string) => void) {
  function value(path: TemplatePath, written: Json, sort: ValueSort): Comparable | undefined {
    const found = sort.read(written);
    if (found === undefined) wrong(path, sort.expected);
    return found;
  }

  function condition(path: TemplatePath, written: Json, sort: ValueSort): Condition | undefined {
    if (!isJsonObject(written)) {
      const alone = Array.isArray(written) ? undefined : sort.read(written);
      if (alone !== undefined) return { sort, [sort.alone]: alone };
      wrong(path, Array.isArray(written) ? "must be a value, or a map like {one_of: [...]}" : sort.expected);
      return undefined;
    }
    const found: { -readonly [Member in keyof Condition]: Condition[Member] } = { sort };
    for (const [key, one] of Object.entries(written)) {
      const inside = [...path, key];
      if (!WORDS.includes(key)) wrong(inside, unknownKey(key, WORDS));
      else if (key === "one_of") {
        const values = Array.isArray(one) ? (one as readonly Json[]) : [];
        if (values.length === 0) wrong(inside, "must be a list of values");
        const read = values.map((each, index) => value([...inside, index], each, sort));
        found.oneOf = read.filter((each) => each !== undefined);
      } else if (key !== "exact" && !sort.ordered) wrong(inside, "has no meaning for a text; write exact or one_of");
      else {
        const read = value(inside, one, sort);
        if (read !== undefined) found[key as "minimum" | "maximum" | "exact"] = read;
      }
    }
    if (Object.keys(written).length === 0) wrong(path, `says nothing; known are ${WORDS.join(", ")}`);
    const { minimum, maximum } = found;
    if (minimum !== undefined && maximum !== undefined && sort.compare(minimum, maximum) > 0)
      wrong(path, `can never be: minimum ${sort.show(minimum)} is above maximum ${sort.show(maximum)}`);
    return found;
  }

  /** `sorts` left out: any name, each a version. */
  function conditions(path: TemplatePath, written: Json | undefined, sorts: Sorts | undefined): Conditions {
    const found = new Map<string, Condition>();
    if (isNothing(written)) return found;
    if (!isJsonObject(written)) {
      wrong(path, "must be a map");
      return found;
    }
    for (const [key, one] of Object.entries(written)) {
      const sort = sorts === undefined ? VERSION : Object.hasOwn(sorts, key) ? sorts[key] : undefined;
      if (sort === undefined) wrong([...path, key], unknownKey(key, Object.keys(sorts ?? {})));
      else {
        const read = condition([...path, key], one, sort);
        if (read !== undefined) found.set(key, read);
      }
    }
    return found;
  }

  function counted(path: TemplatePath, written: Json | undefined, sorts: Sorts): readonly Counted[] {
    if (isNothing(written)) return [];
    // One requirement needs no list around it.
    const list = isJsonObject(written) ? [written] : Array.isArray(written) ? (written as readonly Json[]) : undefined;
    if (list === undefined) wrong(path, "must be a list of maps, like [{count: 2, size: 400 GiB}]");
    return (list ?? []).map((one, index) => {
      const inside = isJsonObject(written) ? path : [...path, index];
      const all = conditions(inside, one, { ...sorts, count: COUNT });
      return {
        count: all.get("count") ?? SOME,
        conditions: new Map([...all].filter(([name]) => name !== "count")),
      };
    });
  }

  return { condition, conditions, counted };
}

function isNothing(written: Json | undefined): written is null | undefined {
  return written === null || written === undefined;
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return `is not known here; ${near === undefined ? `known are ${known.join(", ")}` : `did you mean '${near}'?`}`;
}

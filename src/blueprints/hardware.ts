import { z } from "zod";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { HARDWARE_INVALID } from "./errors.ts";
import {
  LIST_SECTIONS,
  readTemplate,
  type Condition,
  type Conditions,
  type Counted,
  type ListSection,
} from "./hardware-template.ts";
import type { Comparable } from "./hardware-values.ts";
import { lineage } from "./lineage.ts";
import type { Blueprints } from "./model.ts";
import type { MachineFacts } from "./machine-facts.ts";

/** Whether a machine is what a blueprint asks for. Pure. */

/** The requirements as a blueprint's author writes them; each fault is an issue at its path. */
export const hardwareSchema = z.record(z.string(), z.unknown()).check((context) => {
  for (const { path, message } of readTemplate(context.value as JsonObject).faults)
    context.issues.push({
      code: "custom",
      input: context.value,
      path: [...path],
      message,
      params: { code: HARDWARE_INVALID.code },
    });
});

/** One thing a machine does not have as it is asked for. */
export interface HardwareProblem {
  /** `disks[0]`, `cpus.cores`: in the template. */
  readonly path: string;
  /** `at least 2 of kind ssd and size at least 400 GiB`. */
  readonly want: string;
  /** `1: sda (480 GB ssd)`. */
  readonly have: string;
  /** The whole as a sentence. */
  readonly message: string;
}

/**
 * Every way in which a machine is not what the template asks for; none when it fits. An empty template fits every machine. A place in the
 * template that cannot be read is a problem too: it asks for something, and nobody can tell whether that is there.
 */
export function hardwareProblems(written: JsonObject, facts: MachineFacts): readonly HardwareProblem[] {
  const { template, faults } = readTemplate(written);
  const problems: HardwareProblem[] = faults.map(({ path, message }) =>
    problemOf(pathText(path), "something that cannot be read", "not looked at", message),
  );
  function look(section: string, conditions: Conditions, values: Values): void {
    for (const [name, condition] of conditions) {
      const had = valueOf(values, name);
      if (meets(condition, had)) continue;
      problems.push(problemOf(`${section}.${name}`, wantText(condition), haveText(condition, had)));
    }
  }
  look("system", template.system, facts.system);
  look("cpus", template.cpus, facts.cpus);
  if (template.memory !== undefined && !meets(template.memory, facts.memory))
    problems.push(problemOf("memory", wantText(template.memory), haveText(template.memory, facts.memory)));
  for (const section of LIST_SECTIONS) {
    const things = thingsOf(section, facts);
    const asked = template.lists[section];
    for (const [index, counted] of asked.entries()) {
      const fitting = things.filter((one) => fits(counted, one.values));
      if (meets(counted.count, fitting.length)) continue;
      const path = isJsonObject(written[section] as never) ? section : `${section}[${index}]`;
      problems.push(problemOf(path, countedText(counted), listText(fitting, things)));
    }
  }
  look("firmware", template.firmware, facts.firmware);
  return problems;
}

/**
 * What a foundation blueprint asks for, with what it inherits, parents first: of `system`, `cpus` and `firmware` each member on its own,
 * else the nearest section as a whole.
 */
export function hardwareOf(blueprints: Blueprints, name: string): JsonObject {
  const merged: Record<string, Json> = {};
  for (const { hardware } of lineage(blueprints, name) as readonly { readonly hardware?: JsonObject | null }[]) {
    for (const [section, value] of Object.entries(hardware ?? {})) {
      const before = merged[section];
      const members = isJsonObject(before) && isJsonObject(value) && ["system", "cpus", "firmware"].includes(section);
      merged[section] = members ? { ...before, ...value } : value;
    }
  }
  return merged;
}

type Values = Readonly<Record<string, Comparable | null>>;

interface Thing {
  readonly name: string;
  readonly values: Values;
}

function thingsOf(section: ListSection, facts: MachineFacts): readonly Thing[] {
  switch (section) {
    case "disks":
      return facts.disks.map(({ name, bytes, kind, model }) => ({ name, values: { size: bytes, kind, model } }));
    case "interfaces":
      return facts.interfaces.map(({ device, speed }) => ({ name: device, values: { device, speed } }));
    case "pci":
      return facts.pci.map(({ address, ...values }) => ({ name: address, values }));
  }
}

function fits({ conditions }: Counted, values: Values): boolean {
  return [...conditions].every(([name, condition]) => meets(condition, valueOf(values, name)));
}

function valueOf(values: Values, name: string): Comparable | null {
  return Object.hasOwn(values, name) ? (values[name] ?? null) : null;
}

/** What is not known meets no condition. */
function meets({ sort, minimum, maximum, exact, oneOf }: Condition, had: Comparable | null): boolean {
  if (had === null) return false;
  if (minimum !== undefined && sort.compare(had, minimum) < 0) return false;
  if (maximum !== undefined && sort.compare(had, maximum) > 0) return false;
  if (exact !== undefined && sort.compare(had, exact) !== 0) return false;
  return oneOf === undefined || oneOf.some((one) => sort.compare(had, one) === 0);
}

function wantText({ sort, minimum, maximum, exact, oneOf }: Condition): string {
  const said = [
    ...(minimum === undefined ? [] : [`at least ${sort.show(minimum)}`]),
    ...(maximum === undefined ? [] : [`at most ${sort.show(maximum)}`]),
    ...(exact === undefined ? [] : [sort.alone === "exact" ? sort.show(exact) : `exactly ${sort.show(exact)}`]),
    ...(oneOf === undefined ? [] : [`one of ${oneOf.map((one) => sort.show(one)).join(", ")}`]),
  ];
  return said.join(" and ");
}

function haveText({ sort }: Condition, had: Comparable | null): string {
  return had === null ? "not known" : sort.show(had);
}

function countedText({ count, conditions }: Counted): string {
  const filters = [...conditions].map(([name, condition]) => `${name} ${wantText(condition)}`).join(" and ");
  return filters === "" ? wantText(count) : `${wantText(count)} with ${filters}`;
}

/** So many names are told. */
const MOST_NAMES = 5;

function listText(fitting: readonly Thing[], all: readonly Thing[]): string {
  const names = fitting.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = fitting.length > MOST_NAMES ? ", …" : "";
  const those = names.length === 0 ? "" : ` (${names.join(", ")}${more})`;
  return `${fitting.length}${those} of ${all.length}`;
}

function problemOf(path: string, want: string, have: string, fault?: string): HardwareProblem {
  const message = fault === undefined ? `${path}: wants ${want}, has ${have}` : `${path} of the requirements ${fault}`;
  return { path, want, have, message };
}

function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`),
    "",
  );
}

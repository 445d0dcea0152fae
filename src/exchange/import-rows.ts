import { GantryError, problem, type Place, type Problem } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { IMPORT_INVALID, IMPORT_LEFT_OUT, IMPORT_SHAPE } from "./errors.ts";
import type { ImportDocument, ImportKind, ImportRow } from "./import-model.ts";

/** More problems than this nobody reads. */
const MOST_PROBLEMS = 100;

/** Plain names only: a sign in front, or a class behind, would mean something among our variables. */
const VARIABLE = /^[a-zA-Z0-9][a-zA-Z0-9_-]*$/;

/** Variables that an export of ours gave each host: they are not the source's. */
const BUILT_IN = /^_(addresses|blueprint|foundation|fqdn|hostname|id|name|site)$/;

/** Gathers what a reader finds: rows by kind and name, problems, warnings. */
export class Rows {
  readonly #rows = new Map<string, ImportRow>();
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];
  #more = 0;

  get(kind: ImportKind, name: string): ImportRow | undefined {
    return this.#rows.get(`${kind} ${name}`);
  }

  /** A site that a row names is there with it. */
  add(row: ImportRow): void {
    const site = row.data["site"];
    if (typeof site === "string") this.name("site", site);
    const before = this.get(row.kind, row.name);
    if (before !== undefined && row.onlyNamed === true) return;
    this.#rows.set(`${row.kind} ${row.name}`, row);
  }

  /** Something that others name, and nothing is said of. */
  name(kind: ImportKind, name: string): void {
    if (this.get(kind, name) === undefined)
      this.#rows.set(`${kind} ${name}`, { kind, name, data: {}, onlyNamed: true });
  }

  /** Puts members over those that are there. */
  extend(kind: ImportKind, name: string, data: JsonObject): void {
    const row = this.get(kind, name);
    if (row !== undefined) this.add({ ...row, data: { ...row.data, ...data } });
  }

  of(kind: ImportKind): ImportRow[] {
    return [...this.#rows.values()].filter((row) => row.kind === kind);
  }

  wrong(message: string, where: Place, kind = IMPORT_SHAPE, hint?: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push(problem(kind, message, where, hint));
    else this.#more += 1;
  }

  warn(message: string, where?: Place): void {
    if (this.#warnings.length < MOST_PROBLEMS) this.#warnings.push(problem(IMPORT_LEFT_OUT, message, where));
  }

  /** Variables that can be ours; the others are left out, with a warning. */
  variables(of: string, values: JsonObject, where: (name: string) => Place): JsonObject {
    const names = Object.keys(values);
    if (names.every((name) => VARIABLE.test(name))) return values;
    const kept: [string, JsonObject[string]][] = [];
    for (const name of names) {
      if (VARIABLE.test(name)) kept.push([name, values[name]!]);
      else if (!BUILT_IN.test(name))
        this.warn(
          `variable ${JSON.stringify(name.slice(0, 60))} of ${of} is left out: names begin with a letter or a digit and go on with letters, digits, _ and -`,
          where(name),
        );
    }
    return Object.fromEntries(kept);
  }

  /** @throws GantryError `import_invalid` with every problem */
  document(file: string): ImportDocument {
    this.check(file);
    return { rows: [...this.#rows.values()], warnings: this.#warnings };
  }

  /** Stops where there are problems. @throws GantryError `import_invalid` */
  check(file: string): void {
    if (this.#problems.length === 0) return;
    const count = this.#problems.length + this.#more;
    const shown = this.#more === 0 ? "" : `, the first ${MOST_PROBLEMS} are listed`;
    throw new GantryError(IMPORT_INVALID, `${file} has ${count} ${count === 1 ? "problem" : "problems"}${shown}`, {
      problems: this.#problems,
    });
  }
}

/** A name as the network knows it: the first label of a name with dots, with `-` for what a hostname cannot hold. */
export function hostnameOf(name: string): string {
  const first = /^[0-9.]+$|:/.test(name) ? name : (name.split(".")[0] ?? name);
  const plain = first
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, "");
  return plain === "" ? "unnamed" : plain;
}

/** A name for a site, network or address block out of any text: `DM – Akron` becomes `dm-akron`. */
export function plainName(text: string): string {
  return hostnameOf(text.replaceAll(".", "-").replaceAll(":", "-"));
}

/** The first circle among `next`, as the names along it; undefined when there is none. */
export function findCircle(
  names: Iterable<string>,
  next: (name: string) => readonly string[],
): readonly string[] | undefined {
  const done = new Set<string>();
  for (const start of names) {
    if (done.has(start)) continue;
    const path: string[] = [];
    const onPath = new Set<string>();
    const steps: { name: string; rest: string[] }[] = [{ name: start, rest: [...next(start)] }];
    path.push(start);
    onPath.add(start);
    while (steps.length > 0) {
      const step = steps.at(-1)!;
      const child = step.rest.pop();
      if (child === undefined) {
        steps.pop();
        path.pop();
        onPath.delete(step.name);
        done.add(step.name);
      } else if (onPath.has(child)) return [...path.slice(path.indexOf(child)), child];
      else if (!done.has(child)) {
        steps.push({ name: child, rest: [...next(child)] });
        path.push(child);
        onPath.add(child);
      }
    }
  }
  return undefined;
}

import { fatal } from "./fault.ts";
import { isContainer, MAX_VALUE_BYTES, MAX_VALUE_DEPTH } from "./values.ts";
import type { Value, ValueMap } from "./values.ts";

/**
 * Values behave as if every assignment copied deeply. They are shared instead, and copied when one of the sharers is changed: only an
 * array or map that this advance has made itself, and that has one place, is changed in place. So the state an advance was given never
 * changes, and an advance costs nothing for values it does not touch. Sizes are kept beside them: a value that grows too large, or is
 * nested too deeply to be stored, is a fault at the step that makes it so.
 */

interface Measure {
  readonly bytes: number;
  readonly depth: number;
}

export type Container = Value[] | ValueMap;

export class Heap {
  /** Bytes copied, compared or joined so far: what a step costs beyond being one step. */
  work = 0;
  readonly #owned = new WeakSet<object>();
  readonly #measures = new WeakMap<object, Measure>();

  /** About the length of its JSON. */
  bytes(value: Value): number {
    if (typeof value === "string") return value.length + 2;
    if (typeof value !== "object" || value === null) return 8;
    return isContainer(value) ? this.#measure(value).bytes : 24;
  }

  /** Takes in a new array or map that nothing else refers to. Its parts are shared from now on. */
  made<C extends Container>(container: C): C {
    for (const part of Array.isArray(container) ? container : Object.values(container)) this.share(part);
    this.#owned.add(container);
    this.#limit(this.#measure(container));
    return container;
  }

  /** The value gets a second place: from now on a change to one of them copies first. */
  share(value: Value): Value {
    if (typeof value === "object" && value !== null) this.#owned.delete(value);
    return value;
  }

  /** Checks a value that came from outside. */
  checked(value: Value): Value {
    if (isContainer(value)) this.#limit(this.#measure(value));
    else if (this.bytes(value) > MAX_VALUE_BYTES) throw fatal("the value is too large");
    return value;
  }

  /** The container itself if it may be changed in place, else a copy that may: put that in its place. */
  own<C extends Container>(container: C): C {
    if (this.#owned.has(container)) return container;
    const measure = this.#measure(container);
    const copy = (Array.isArray(container) ? [...container] : { ...container }) as C;
    for (const part of Array.isArray(copy) ? copy : Object.values(copy))
      if (typeof part === "object") this.share(part as Value);
    this.#owned.add(copy);
    this.#measures.set(copy, measure);
    this.work += measure.bytes;
    return copy;
  }

  /** Adds to the end of an owned array. */
  push(array: Value[], value: Value): void {
    this.share(value);
    this.#grown(array, this.bytes(value) + 1, value);
    array.push(value);
  }

  /** Takes one element out of an owned array. */
  take(array: Value[], index: number): Value {
    const value = array.splice(index, 1)[0] ?? null;
    this.work += (array.length - index) * 8;
    this.#grown(array, -this.bytes(value) - 1, null);
    return value;
  }

  /** Sets an element of an owned array, or an entry of an owned map. */
  set(container: Container, key: string | number, value: Value): void {
    this.share(value);
    const parts = container as ValueMap;
    const before = Object.hasOwn(parts, key) ? this.bytes(parts[key]!) : -String(key).length - 4;
    this.#grown(container, this.bytes(value) - before, value);
    parts[key] = value;
  }

  /** A part of an owned container was changed in place and grew by `bytes`. */
  partGrew(container: Container, bytes: number, part: Value): void {
    this.#grown(container, bytes, part);
  }

  #grown(container: Container, growth: number, part: Value): void {
    const measure = this.#measure(container);
    const bytes = measure.bytes + growth;
    const depth = isContainer(part) ? Math.max(measure.depth, this.#measure(part).depth + 1) : measure.depth;
    this.#limit({ bytes, depth });
    this.#measures.set(container, { bytes, depth });
  }

  #limit(measure: Measure): void {
    if (measure.bytes > MAX_VALUE_BYTES) {
      throw fatal(`the value is too large: more than ${MAX_VALUE_BYTES / 1024 / 1024} MiB`);
    }
    if (measure.depth > MAX_VALUE_DEPTH) throw fatal("the value is nested too deeply");
  }

  /** An owned container always has its measure; another one cannot change, so that counting it once is enough. */
  #measure(container: Container): Measure {
    const known = this.#measures.get(container);
    if (known !== undefined) return known;
    let bytes = 2;
    let depth = 1;
    const parts: readonly Value[] = Array.isArray(container) ? container : Object.values(container);
    for (const part of parts) {
      bytes += this.bytes(part) + 1;
      if (isContainer(part)) depth = Math.max(depth, this.#measure(part).depth + 1);
    }
    if (!Array.isArray(container)) for (const key of Object.keys(container)) bytes += key.length + 3;
    const measure = { bytes, depth };
    this.#measures.set(container, measure);
    return measure;
  }
}

import type { ArrayPlace } from "./builtins.ts";
import { position } from "./builtins.ts";
import { badParameter, fatal, notDefined } from "./fault.ts";
import type { Container, Heap } from "./heap.ts";
import { isContainer, kindOf, MAX_VALUE_BYTES, storedKey } from "./values.ts";
import type { Value, ValueMap } from "./values.ts";

/** The variables of a script during one run; those it was given are not changed. */
export class Variables {
  bytes: number;
  #record: Record<string, Value>;
  #copied = false;
  readonly #heap: Heap;

  constructor(record: Readonly<Record<string, Value>>, bytes: number, heap: Heap) {
    this.#record = record;
    this.bytes = bytes;
    this.#heap = heap;
  }

  all(): Readonly<Record<string, Value>> {
    return this.#record;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#record, name);
  }

  /** The value of a variable; not being there is a fault. */
  need(name: string): Value {
    const value = this.#record[name];
    if (value === undefined || !Object.hasOwn(this.#record, name)) throw notDefined("variable", name);
    return value;
  }

  set(name: string, value: Value): void {
    const had = this.has(name) ? this.#heap.bytes(this.#record[name]!) : -name.length - 4;
    this.#grow(this.#heap.bytes(value) - had);
    this.#put(name, this.#heap.share(value));
  }

  /** Sets one element of an array, or one entry of a map. */
  setElement(name: string, index: Value, value: Value): void {
    const container = this.#own(name);
    this.#change(container, () => this.#heap.set(container, keyIn(container, index), value));
  }

  /** A variable as the place a function works on. */
  place(name: string): ArrayPlace {
    return {
      read: () => this.need(name),
      change: (change) => {
        const array = this.#own(name) as Value[];
        this.#change(array, () => change(array));
      },
    };
  }

  /** An element of a variable as the place a function works on. `read` finds the element in its container. */
  elementPlace(name: string, index: Value, read: (container: Value) => Value): ArrayPlace {
    return {
      read: () => read(this.need(name)),
      change: (change) => {
        const container = this.#own(name);
        const key = keyIn(container, index);
        const array = this.#heap.own((container as ValueMap)[key] as Value[]);
        (container as ValueMap)[key] = array;
        this.#change(container, () => {
          const before = this.#heap.bytes(array);
          change(array);
          this.#heap.partGrew(container, this.#heap.bytes(array) - before, array);
        });
      },
    };
  }

  /** The container in a variable, ready to be changed in place. */
  #own(name: string): Container {
    const value = this.need(name);
    if (!isContainer(value)) throw badParameter("target", `"${name}" has no elements: it is of type ${kindOf(value)}`);
    const owned = this.#heap.own(value);
    if (owned !== value) this.#put(name, owned);
    return owned;
  }

  #change(container: Container, change: () => void): void {
    const before = this.#heap.bytes(container);
    change();
    this.#grow(this.#heap.bytes(container) - before);
  }

  #put(name: string, value: Value): void {
    if (!this.#copied) {
      this.#record = { ...this.#record };
      this.#copied = true;
    }
    this.#record[name] = value;
  }

  #grow(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > MAX_VALUE_BYTES) {
      throw fatal(`the variables are too large together: more than ${MAX_VALUE_BYTES / 1024 / 1024} MiB`);
    }
  }
}

function keyIn(container: Container, index: Value): string {
  if (Array.isArray(container)) return String(position(container, index, "index"));
  if (typeof index !== "string")
    throw badParameter("index", `the key of a map is a text, not of type ${kindOf(index)}`);
  return storedKey(index);
}

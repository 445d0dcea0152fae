import type { Json } from "../kernel/json.ts";
import { textOf } from "./values.ts";
import type { Value } from "./values.ts";
import { refuse } from "./host.ts";
import type { Host, HostFunction } from "./host.ts";

/** The host of the conformance data: the module `testing` and the objects of a case. */

function wholeNumber(args: Readonly<Record<string, Value>>, name: string): number {
  const value = args[name];
  if (typeof value !== "number") throw refuse(name, `"${name}" is not an integer`);
  return value;
}

interface Counting {
  readonly counter: number;
  readonly by: number;
  readonly stop: number;
}

interface Remote {
  readonly state: Json;
  readonly counter: number;
}

function as<State>(state: Json): State {
  return state as unknown as State;
}

const FUNCTIONS: Readonly<Record<string, HostFunction>> = {
  constant: {
    setup: () => null,
    done: () => true,
    value: () => ({ value: 42 }),
    message: () => "",
  },
  multiply: {
    setup: (args) => wholeNumber(args, "value"),
    done: () => true,
    value: (state) => ({ value: as<number>(state) * 10 }),
    message: () => "",
  },
  count: {
    setup: (args) => ({ by: wholeNumber(args, "count_by"), stop: wholeNumber(args, "stop_at"), counter: 0 }),
    done: (state) => as<Counting>(state).counter >= as<Counting>(state).stop,
    value: () => ({ value: null }),
    tick: (state) => ({ ...as<Counting>(state), counter: as<Counting>(state).counter + as<Counting>(state).by }),
    message: (state) => `at ${as<Counting>(state).counter} of ${as<Counting>(state).stop}`,
  },
  remote: {
    setup: () => ({ state: null, counter: 0 }),
    done: (state) => as<Remote>(state).state !== null,
    value(state) {
      const data = as<Remote>(state).state;
      return data === "Bad" ? { failure: "Bad things happened", resumable: false } : { value: data };
    },
    tick: (state) => ({ ...as<Remote>(state), counter: as<Remote>(state).counter + 1 }),
    message(state) {
      const data = as<Remote>(state).state;
      return data === null ? "Not Initilized" : `Current State "${textOf(data)}"`;
    },
    dispatch: (state) => ({ function: "remote_func", parameters: `the count "${as<Remote>(state).counter}"` }),
    accept: (state, data) => ({ ...as<Remote>(state), state: data }),
  },
};

export type HostValues = Record<string, Record<string, { readonly access: string; value: Value }>>;

export function testingValues(): HostValues[string] {
  return {
    bigstuff: { access: "r", value: "the big stuff" },
    littlestuff: { access: "w", value: null },
    otherstuff: { access: "rw", value: null },
  };
}

/** A host whose values are those given, and change in them. */
export function conformanceHost(values: HostValues): Host {
  function entryOf(module: string, name: string) {
    const known = Object.hasOwn(values, module) ? values[module]! : undefined;
    if (known === undefined) return "no_module";
    return Object.hasOwn(known, name) ? known[name]! : "no_name";
  }
  return {
    functionOf(module, name) {
      if (module !== "testing" || values["testing"] === undefined) return module in values ? "no_name" : "no_module";
      return FUNCTIONS[name] ?? "no_name";
    },
    read(module, name) {
      const entry = entryOf(module, name);
      if (typeof entry === "string") return entry;
      return entry.access.includes("r") ? { value: entry.value } : "write_only";
    },
    write(module, name, value) {
      const entry = entryOf(module, name);
      if (typeof entry === "string") return entry;
      if (!entry.access.includes("w")) return "read_only";
      entry.value = value;
      return "written";
    },
  };
}

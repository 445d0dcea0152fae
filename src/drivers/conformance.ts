import assert from "node:assert/strict";
import type { z } from "zod";
import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { FunctionContext, Module } from "../link/index.ts";
import type { driverParameters } from "./driver.ts";

/** What every driver must do, as cases that its tests run against the real thing. */

export type Parameters = z.input<typeof driverParameters>;

/** A driver with the world it works in. */
export interface DriverUnderTest {
  readonly module: Module;
  /** As in `foundationTypeFacts`. A machine that is found is there before `create` and after `destroy`, which leaves it switched off. */
  readonly origin: "made" | "found";
  /** Functions it has beside those of every driver. Default: none. */
  readonly functions?: readonly string[];
  /** Parameters of a foundation that can be made, or of a machine that is off; each call names another one. */
  foundation(): Parameters;
  /** Parameters with which `create` fails after it began, and the code of the error. */
  broken(): { readonly parameters: Parameters; readonly code: string };
  /** Everything the driver has made and not removed: folders, processes, containers. */
  traces(): Promise<readonly string[]>;
  /** Removes the foundation behind the driver's back. Not asked of machines that are found. */
  vanish?(parameters: Parameters): Promise<void>;
}

export interface ConformanceCase {
  readonly title: string;
  run(driver: DriverUnderTest): Promise<void>;
}

/** A context for calling a function in a test. */
export function callContext(changes: Partial<FunctionContext> = {}): FunctionContext {
  return {
    key: "test",
    attempt: 1,
    signal: new AbortController().signal,
    clock: systemClock,
    output: () => undefined,
    message: () => undefined,
    content: () => {
      throw new Error("this test stores no content");
    },
    ...changes,
  };
}

/** Calls a function as the executor does: the parameters go through its schema. */
export async function callFunction(
  module: Module,
  name: string,
  parameters: unknown,
  changes: Partial<FunctionContext> = {},
): Promise<Json> {
  const called = module.functions[name];
  assert.ok(called, `${module.name} has no function ${name}`);
  return called.run(called.parameters.parse(parameters), callContext(changes));
}

/** Takes back a call that answered `value`, as the executor does. */
export async function callUndo(
  module: Module,
  name: string,
  parameters: unknown,
  value: Json | undefined,
  changes: Partial<FunctionContext> = {},
): Promise<Json> {
  const called = module.functions[name];
  assert.ok(called?.undo, `${module.name}.${name} cannot be taken back`);
  return called.undo(called.parameters.parse(parameters), value, callContext(changes));
}

/** What every driver has, and how it is marked. */
const FUNCTIONS: Readonly<Record<string, "undoable" | "changes" | "waits" | "observes">> = {
  create: "undoable",
  destroy: "changes",
  power_on: "undoable",
  power_off: "changes",
  power_state: "observes",
  wait_for_poweroff: "waits",
  link_test: "observes",
  interface_map: "observes",
  observe: "observes",
};

const ofAll: readonly ConformanceCase[] = [
  {
    title: "has the functions of a driver, each safe to repeat, and no other that nobody knows of",
    async run({ module, functions = [] }) {
      assert.deepEqual(Object.keys(module.functions).toSorted(), [...Object.keys(FUNCTIONS), ...functions].toSorted());
      for (const [name, kind] of Object.entries(FUNCTIONS)) {
        const one = module.functions[name];
        assert.ok(one?.safeToRepeat, name);
        assert.equal(one.observes ?? false, kind === "observes", name);
        assert.equal(one.undo !== undefined, kind === "undoable", name);
      }
      for (const [name, { summary }] of Object.entries(module.functions)) assert.match(summary, /^[A-Z]/, name);
    },
  },
  {
    title: "refuses an attribute it does not know before anything is made",
    async run(driver) {
      const before = await driver.traces();
      const { foundation } = driver.foundation();
      const attributes = { ...foundation.attributes, no_such_thing: 1 };
      const wrong = { foundation: { ...foundation, attributes } };
      await fails(driver, "create", wrong, "foundation_attributes_invalid");
      assert.deepEqual(await driver.traces(), before);
    },
  },
  {
    title: "goes through a life: created, on, off, on again, destroyed; every step twice",
    async run(driver) {
      const parameters = driver.foundation();
      const before = await driver.traces();
      const gone = { exists: driver.origin === "found", power: "off" };
      assert.deepEqual(await seen(driver, parameters), gone);
      await call(driver, "create", parameters);
      const created = await driver.traces();
      if (driver.origin === "made") assert.notDeepEqual(created, before, "create left no trace");
      await call(driver, "create", parameters);
      assert.deepEqual(await driver.traces(), created, "the second create made something");
      assert.deepEqual(await seen(driver, parameters), { exists: true, power: "off" });
      await call(driver, "power_on", parameters);
      const running = await driver.traces();
      await call(driver, "power_on", parameters);
      assert.deepEqual(await driver.traces(), running, "the second power_on started something");
      assert.deepEqual(await seen(driver, parameters), { exists: true, power: "on" });
      await call(driver, "create", parameters);
      assert.deepEqual(await driver.traces(), running, "create changed what was running");
      await call(driver, "power_off", parameters);
      await call(driver, "power_off", parameters);
      assert.deepEqual(await seen(driver, parameters), { exists: true, power: "off" });
      await call(driver, "power_on", parameters);
      assert.deepEqual(await seen(driver, parameters), { exists: true, power: "on" });
      await call(driver, "destroy", parameters);
      await call(driver, "destroy", parameters);
      assert.deepEqual(await seen(driver, parameters), gone);
      assert.deepEqual(await driver.traces(), before);
    },
  },
  {
    title: "takes back a creation, but none of what was there before; twice, and when nobody knows how far it came",
    async run(driver) {
      const parameters = driver.foundation();
      const before = await driver.traces();
      const gone = { exists: driver.origin === "found", power: "off" };
      const first = await call(driver, "create", parameters);
      const created = await driver.traces();
      const second = await call(driver, "create", parameters);
      if (driver.origin === "made") assert.equal(adoptedOf(first), false, "create adopted what was not there");
      assert.equal(adoptedOf(second), true, "create made what was there");
      await callUndo(driver.module, "create", parameters, second);
      const built = { ...parameters, foundation: { ...parameters.foundation, built: true } };
      await callUndo(driver.module, "create", built, undefined);
      assert.deepEqual(await driver.traces(), created, "what was, or may have been, adopted was taken away");
      assert.deepEqual(await seen(driver, parameters), { exists: true, power: "off" });
      for (const value of [first, first, undefined]) {
        await callUndo(driver.module, "create", parameters, value);
        assert.deepEqual(await seen(driver, parameters), gone);
        assert.deepEqual(await driver.traces(), before);
      }
      await call(driver, "create", parameters);
      await callUndo(driver.module, "create", parameters, undefined);
      assert.deepEqual(await seen(driver, parameters), gone);
      assert.deepEqual(await driver.traces(), before);
    },
  },
  {
    title: "takes back that it was switched on, but not what was on before",
    async run(driver) {
      const parameters = driver.foundation();
      await call(driver, "create", parameters);
      const first = await call(driver, "power_on", parameters);
      const second = await call(driver, "power_on", parameters);
      assert.deepEqual([adoptedOf(first), adoptedOf(second)], [false, true]);
      await callUndo(driver.module, "power_on", parameters, second);
      assert.deepEqual(await seen(driver, parameters), { exists: true, power: "on" });
      for (const value of [first, first, undefined]) {
        await callUndo(driver.module, "power_on", parameters, value);
        assert.deepEqual(await seen(driver, parameters), { exists: true, power: "off" });
      }
      await call(driver, "destroy", parameters);
    },
  },
  {
    title: "waits until it is off, and no longer than somebody wants to know",
    async run(driver) {
      const parameters = driver.foundation();
      await call(driver, "create", parameters);
      assert.deepEqual(await call(driver, "wait_for_poweroff", parameters), { power: "off" });
      await call(driver, "power_on", parameters);
      const cancel = new AbortController();
      // Time stands still: only the cancel can end this wait.
      const clock = {
        ...systemClock,
        after: () => (queueMicrotask(() => cancel.abort(new Error("enough"))), () => {}),
      };
      const context = { signal: cancel.signal, clock };
      await assert.rejects(callFunction(driver.module, "wait_for_poweroff", parameters, context), /enough/);
      const waiting = call(driver, "wait_for_poweroff", parameters);
      await call(driver, "power_off", parameters);
      assert.deepEqual(await waiting, { power: "off" });
      await call(driver, "destroy", parameters);
    },
  },
  {
    title: "says that the way to it works",
    async run(driver) {
      assert.equal(await call(driver, "link_test", driver.foundation()), true);
    },
  },
  {
    title: "says on which addresses a foundation that is on can be reached",
    async run(driver) {
      const parameters = driver.foundation();
      await call(driver, "create", parameters);
      await call(driver, "power_on", parameters);
      const map = (await call(driver, "interface_map", parameters)) as { addresses: { address: string }[] }[];
      const found = new Set(map.flatMap((one) => one.addresses.map(({ address }) => address)));
      for (const address of parameters.foundation.addresses ?? []) assert.ok(found.has(address), address);
      await call(driver, "destroy", parameters);
    },
  },
  {
    title: "removes what it made when create fails",
    async run(driver) {
      const before = await driver.traces();
      const { parameters, code } = driver.broken();
      await fails(driver, "create", parameters, code);
      assert.deepEqual(await driver.traces(), before);
      if (driver.origin === "made") assert.deepEqual(await seen(driver, parameters), { exists: false, power: "off" });
    },
  },
  {
    title: "does nothing once it is cancelled",
    async run(driver) {
      const before = await driver.traces();
      const parameters = driver.foundation();
      const signal = AbortSignal.abort(new Error("cancelled"));
      await assert.rejects(callFunction(driver.module, "create", parameters, { signal }), /cancelled/);
      assert.deepEqual(await driver.traces(), before);
    },
  },
  {
    title: "works on many foundations at once, and on one in turn",
    async run(driver) {
      const before = await driver.traces();
      const many = [driver.foundation(), driver.foundation(), driver.foundation()];
      await Promise.all(
        many.map(async (parameters) => {
          await Promise.all([call(driver, "create", parameters), call(driver, "create", parameters)]);
          await Promise.all([call(driver, "power_on", parameters), call(driver, "power_on", parameters)]);
          assert.deepEqual(await seen(driver, parameters), { exists: true, power: "on" });
        }),
      );
      await Promise.all(many.map((parameters) => call(driver, "destroy", parameters)));
      assert.deepEqual(await driver.traces(), before);
    },
  },
];

/** For what does not exist before it is created. */
const ofMade: readonly ConformanceCase[] = [
  {
    title: "is content to stop and remove what is not there, and cannot start it",
    async run(driver) {
      const parameters = driver.foundation();
      await call(driver, "power_off", parameters);
      await call(driver, "destroy", parameters);
      await fails(driver, "power_on", parameters, "foundation_not_created");
    },
  },
  {
    title: "sees that a foundation was removed behind its back, and makes it again",
    async run(driver) {
      const parameters = driver.foundation();
      await call(driver, "create", parameters);
      await call(driver, "power_on", parameters);
      await driver.vanish?.(parameters);
      assert.deepEqual(await seen(driver, parameters), { exists: false, power: "off" });
      await call(driver, "create", parameters);
      await call(driver, "power_on", parameters);
      assert.deepEqual(await seen(driver, parameters), { exists: true, power: "on" });
      await call(driver, "destroy", parameters);
    },
  },
];

/** The cases for drivers that make what they are asked for. */
export const conformanceCases: readonly ConformanceCase[] = [...ofAll, ...ofMade];

/** The cases for drivers of machines that are there anyway. */
export const foundConformanceCases: readonly ConformanceCase[] = ofAll;

function call(driver: DriverUnderTest, name: string, parameters: Parameters): Promise<Json> {
  return callFunction(driver.module, name, parameters);
}

async function seen(driver: DriverUnderTest, parameters: Parameters): Promise<Json> {
  const { exists, power } = (await call(driver, "observe", parameters)) as { exists: boolean; power: string };
  assert.deepEqual(await call(driver, "power_state", parameters), { power });
  return { exists, power };
}

function adoptedOf(value: Json): unknown {
  return (value as { adopted?: unknown } | null)?.adopted;
}

async function fails(driver: DriverUnderTest, name: string, parameters: Parameters, code: string): Promise<void> {
  const outcome = await call(driver, name, parameters).then(
    () => "no error",
    (error: unknown) => (error instanceof GantryError ? error.code : error),
  );
  assert.equal(outcome, code);
}

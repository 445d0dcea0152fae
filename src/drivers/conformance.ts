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
  /** Parameters of a foundation that can be made; each call names another one. */
  foundation(): Parameters;
  /** Parameters with which `create` fails after it began, and the code of the error. */
  broken(): { readonly parameters: Parameters; readonly code: string };
  /** Everything the driver has made and not removed: folders, processes, containers. */
  traces(): Promise<readonly string[]>;
  /** Removes the foundation behind the driver's back. */
  vanish(parameters: Parameters): Promise<void>;
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

export const conformanceCases: readonly ConformanceCase[] = [
  {
    title: "has the functions of a driver, each safe to repeat",
    async run({ module }) {
      for (const name of ["create", "destroy", "power_on", "power_off", "power_state", "interface_map", "observe"]) {
        assert.ok(module.functions[name]?.safeToRepeat, name);
        const observes = ["power_state", "interface_map", "observe"].includes(name);
        assert.equal(module.functions[name].observes ?? false, observes, name);
      }
    },
  },
  {
    title: "refuses an attribute it does not know before anything is made",
    async run(driver) {
      const { foundation } = driver.foundation();
      const attributes = { ...foundation.attributes, no_such_thing: 1 };
      const wrong = { foundation: { ...foundation, attributes } };
      await fails(driver, "create", wrong, "foundation_attributes_invalid");
      assert.deepEqual(await driver.traces(), []);
    },
  },
  {
    title: "goes through a life: created, on, off, on again, destroyed; every step twice",
    async run(driver) {
      const parameters = driver.foundation();
      const before = await driver.traces();
      assert.deepEqual(await seen(driver, parameters), { exists: false, power: "off" });
      await call(driver, "create", parameters);
      const created = await driver.traces();
      assert.notDeepEqual(created, before, "create left no trace");
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
      assert.deepEqual(await seen(driver, parameters), { exists: false, power: "off" });
      assert.deepEqual(await driver.traces(), before);
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
      assert.deepEqual(await seen(driver, parameters), { exists: false, power: "off" });
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
      await driver.vanish(parameters);
      assert.deepEqual(await seen(driver, parameters), { exists: false, power: "off" });
      await call(driver, "create", parameters);
      await call(driver, "power_on", parameters);
      assert.deepEqual(await seen(driver, parameters), { exists: true, power: "on" });
      await call(driver, "destroy", parameters);
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

function call(driver: DriverUnderTest, name: string, parameters: Parameters): Promise<Json> {
  return callFunction(driver.module, name, parameters);
}

async function seen(driver: DriverUnderTest, parameters: Parameters): Promise<Json> {
  const { exists, power } = (await call(driver, "observe", parameters)) as { exists: boolean; power: string };
  assert.deepEqual(await call(driver, "power_state", parameters), { power });
  return { exists, power };
}

async function fails(driver: DriverUnderTest, name: string, parameters: Parameters, code: string): Promise<void> {
  const outcome = await call(driver, name, parameters).then(
    () => "no error",
    (error: unknown) => (error instanceof GantryError ? error.code : error),
  );
  assert.equal(outcome, code);
}

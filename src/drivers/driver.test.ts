import { expect, test } from "vitest";
import { z } from "zod";
import { callFunction } from "./conformance.ts";
import { defineDriver, driverFunction, type DriverOperations, foundationType, secretText } from "./driver.ts";

/** A driver that writes down what it is asked to do. */
function createDriver(asked: string[], wait: Promise<void> = Promise.resolve()) {
  const schema = z.strictObject({ size: z.int().default(1), colours: z.record(z.string(), z.string()).optional() });
  async function note(text: string): Promise<null> {
    asked.push(`${text} begins`);
    await wait;
    asked.push(`${text} ends`);
    return null;
  }
  const operations: DriverOperations<z.output<typeof schema>> = {
    create: ({ name, attributes, hostname }) => note(`create ${name} ${hostname} ${JSON.stringify(attributes)}`),
    destroy: ({ name }) => note(`destroy ${name}`),
    powerOn: ({ name, join }) => note(`power on ${name} ${join?.token}`),
    powerOff: ({ name }) => note(`power off ${name}`),
    interfaceMap: async () => [],
    observe: async () => ({ exists: true, power: "on", detail: "hums" }),
  };
  return defineDriver({ name: "paper", limit: 3, attributes: schema, operations });
}

const foundation = { id: "1", name: "box" };

test("an operation gets the foundation with its defaults, and how to join", async () => {
  const asked: string[] = [];
  const module = createDriver(asked);
  await callFunction(module, "create", { foundation: { ...foundation, attributes: { colours: { lid: "red" } } } });
  await callFunction(module, "power_on", { foundation, join: { urls: ["https://x"], token: "secret" } });
  expect(asked.filter((one) => one.endsWith("begins"))).toEqual([
    'create box box {"size":1,"colours":{"lid":"red"}} begins',
    "power on box secret begins",
  ]);
  expect(await callFunction(module, "observe", { foundation })).toEqual({ exists: true, power: "on", detail: "hums" });
  expect(await callFunction(module, "power_state", { foundation })).toEqual({ power: "on" });
});

test("calls that change one foundation run one after the other; those of others and observing do not wait", async () => {
  const asked: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const module = createDriver(asked, promise);
  const first = callFunction(module, "power_on", { foundation });
  const second = callFunction(module, "power_off", { foundation });
  const other = callFunction(module, "power_off", { foundation: { id: "2", name: "bin" } });
  expect(await callFunction(module, "observe", { foundation })).toMatchObject({ exists: true });
  expect(asked).toEqual(["power on box undefined begins", "power off bin begins"]);
  resolve();
  await Promise.all([first, second, other]);
  expect(asked.indexOf("power off box begins")).toBeGreaterThan(asked.indexOf("power on box undefined ends"));
});

test("a call that waited for its turn and was cancelled meanwhile does nothing", async () => {
  const asked: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const module = createDriver(asked, promise);
  const first = callFunction(module, "power_on", { foundation });
  const cancel = new AbortController();
  const second = callFunction(module, "destroy", { foundation }, { signal: cancel.signal });
  cancel.abort(new Error("cancelled"));
  resolve();
  await Promise.all([first, expect(second).rejects.toThrow("cancelled")]);
  expect(asked.join()).not.toContain("destroy");
});

test("all that is wrong with attributes is said at once, with the nearest name", async () => {
  const attributes = { sise: "x", size: "big", colours: { lid: 1 } };
  await expect(
    callFunction(createDriver([]), "create", { foundation: { ...foundation, attributes } }),
  ).rejects.toMatchObject({
    code: "foundation_attributes_invalid",
    problems: [
      { message: "size: invalid input: expected number, received string", path: ["size"] },
      { message: "colours.lid: invalid input: expected string, received number", path: ["colours", "lid"] },
      { message: "there is no attribute sise; did you mean size?", path: ["sise"] },
    ],
  });
});

test.each([
  { id: "../1", name: "box" },
  { id: "1", name: "../box" },
  { id: "1", name: "a b" },
  { id: "1", name: "" },
])("%j is no foundation: names become parts of paths", (wrong) => {
  const parse = createDriver([]).functions["create"]?.parameters;
  expect(parse?.safeParse({ foundation: wrong }).success).toBe(false);
});

test("a function of its own gets the foundation and what the script gives, in turn with the others", async () => {
  const asked: string[] = [];
  const schema = z.strictObject({ size: z.int().default(1) });
  const module = defineDriver({
    name: "paper",
    limit: 1,
    attributes: schema,
    operations: {
      create: async () => null,
      destroy: async () => null,
      powerOn: async () => null,
      powerOff: async () => null,
      interfaceMap: async () => [],
      observe: async () => ({ exists: true, power: "on" }),
    },
    functions: {
      fold: driverFunction({
        summary: "Folds",
        parameters: z.strictObject({ times: z.int().default(2) }),
        run: async (target: { name: string; attributes: { size: number } }, { times }) => {
          asked.push(`${target.name} ${target.attributes.size} ${times}`);
          return times;
        },
      }),
    },
  });
  expect(await callFunction(module, "fold", { foundation, times: 3 })).toBe(3);
  expect(await callFunction(module, "fold", { foundation })).toBe(2);
  expect(asked).toEqual(["box 1 3", "box 1 2"]);
  expect(module.functions["fold"]?.parameters.safeParse({ foundation, tims: 3 }).success).toBe(false);
});

test("a reference to a secret is right in a document, and wrong when nobody opened it", async () => {
  const schema = z.strictObject({ password: secretText, size: z.int().default(1) });
  const type = foundationType("safe", schema);
  expect(type.problems({ password: { $secret: "bmc" } })).toEqual([]);
  expect(type.problems({ password: "plain" })).toEqual([]);
  expect(type.problems({}).map(({ message }) => message)).toEqual(["password: is missing"]);
  expect(type.problems({ password: 1 }).map(({ message }) => message)).toEqual([
    'password: is a text, or {"$secret": NAME}',
  ]);
  expect(type.problems({ password: "x", size: { $secret: "bmc" } })).toHaveLength(1);
  const sealed = { ...foundation, attributes: { colours: { lid: { $secret: "bmc" } } } };
  await expect(callFunction(createDriver([]), "create", { foundation: sealed })).rejects.toMatchObject({
    code: "foundation_attributes_invalid",
    message: "attributes of a paper foundation: the secret 'bmc' they refer to was not opened for this worker",
  });
});

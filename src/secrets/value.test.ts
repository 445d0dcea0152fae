import { inspect } from "node:util";
import { expect, it } from "vitest";
import { SecretValue } from "./value.ts";

const CANARY = "canary-7d1f";

it("an opened value is printed by its name alone, however it is printed", () => {
  const value = new SecretValue("db", Buffer.from(CANARY));
  const holder = { value, list: [value], deep: { map: new Map([["v", value]]) } };
  const printed = [
    String(value),
    `${value}`,
    "" + (value as unknown as string),
    JSON.stringify(holder),
    inspect(holder, { depth: 10, showHidden: true }),
    inspect(value, { customInspect: false, showHidden: true }),
    Object.entries(value).join(),
    JSON.stringify(structuredClone({ ...value })),
    new Error("failed", { cause: value }).cause as string,
  ].join("\n");
  expect(printed).not.toContain(CANARY);
  expect(printed).not.toContain(Buffer.from(CANARY).toString("hex"));
  expect(String(value)).toBe("[secret db]");
  expect(JSON.stringify({ value })).toBe('{"value":"[secret db]"}');
  expect(value.reveal().toString()).toBe(CANARY);
  expect(value.text()).toBe(CANARY);
});

it("an opened value gives copies: who wipes one leaves the other", () => {
  const value = new SecretValue("db", Buffer.from(CANARY));
  value.reveal().fill(0);
  expect(value.text()).toBe(CANARY);
  expect(new SecretValue("key", Buffer.of(0xff)).text()).toBeUndefined();
});

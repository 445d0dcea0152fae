import { expect, it } from "vitest";
import { parametersOf } from "../executor/advert.ts";
import { asOne, unnamed } from "../executor/testing.ts";
import { describeAgentFunctions } from "./functions.ts";

it("every verb's parameters are told as its schema says them", () => {
  for (const [name, { parameters }] of Object.entries(describeAgentFunctions()))
    expect([name, unnamed(parametersOf(parameters))]).toEqual([name, unnamed(asOne(parameters))]);
});

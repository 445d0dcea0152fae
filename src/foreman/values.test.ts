import { expect, it } from "vitest";
import { emptySnapshot, foundation, site, structure } from "../inventory/testing.ts";
import { scriptValues } from "./values.ts";

it("scripts see a structure by its whole name", () => {
  const world = emptySnapshot({ sites: new Map([["lab", site("lab", { zone: "example.org" })]]) });
  const [web1, machine] = [structure("web1"), foundation("web1")];
  expect(scriptValues(world, web1, machine, {}).structure).toMatchObject({
    hostname: "web1",
    fqdn: "web1.example.org",
  });
});

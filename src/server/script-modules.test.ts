import { expect, it } from "vitest";
import type { ModuleAdvert } from "../link/index.ts";
import { check } from "../tscript/index.ts";
import { createScriptModules } from "./script-modules.ts";

function advert(...required: readonly string[]): ModuleAdvert {
  const properties = Object.fromEntries(required.map((name) => [name, {}]));
  const parameters = { type: "object", properties, required: [...required] };
  return { limit: 1, functions: { create: { summary: "", parameters, safeToRepeat: true, observes: false } } };
}

const WORKERS: Readonly<Record<string, Readonly<Record<string, ModuleAdvert>>>> = {
  ours: { vcenter: advert("foundation", "size"), config: advert("evil"), docker: advert("evil") },
  theirs: { vyos: advert("attribute") },
};

const modules = createScriptModules({ modules: (tenantId) => WORKERS[tenantId] ?? {} }, {});

function problems(tenantId: string, text: string): readonly string[] {
  return check(text, "s", modules.catalogue(tenantId)).map(({ message }) => message);
}

it("a module that only a tenant's own worker offers can be called by its scripts, and by nobody else's", () => {
  expect(problems("ours", "vcenter.create( size=1 )")).toEqual([]);
  expect(problems("ours", "vcenter.create( sze=1 )")).toEqual([
    '"vcenter.create" needs the parameter "size"',
    '"vcenter.create" has no parameter "sze"',
  ]);
  for (const tenant of ["theirs", "nobody"])
    expect(problems(tenant, "vcenter.create( size=1 )")).toEqual(['there is no module "vcenter"']);
  expect(modules.known("ours").foundationTypes).toContain("vcenter");
  expect(modules.known("theirs").foundationTypes).not.toContain("vcenter");
  expect(modules.known("theirs").foundationTypes).not.toContain("vyos");
});

it("what a worker calls itself never hides what there is", () => {
  expect(problems("ours", "port = config.port\ndocker.create()\nfoundation.start()")).toEqual([]);
  expect(modules.isSafeToRepeat("ours", "vcenter", "create")).toBe(true);
  expect(modules.isSafeToRepeat("theirs", "vcenter", "create")).toBeUndefined();
});

it("scripts of Contractor find its words: iputils, set_config, identifiers", () => {
  const text = `iputils.wait_for_port( target=structure.primary_ip, port=22 )
structure.set_config( name="a", value=1 )
foundation.docker_id = 1
foundation.name = 2
`;
  expect(problems("nobody", text)).toEqual(['"foundation.name" can only be read']);
});

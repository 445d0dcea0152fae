import { describe, expect, it } from "vitest";
import { emptySnapshot, site, structure } from "./testing.ts";
import { createResolver } from "./variables.ts";
import { fqdnOf, zoneOf } from "./zones.ts";

const world = emptySnapshot({
  sites: new Map(
    [
      site("world", { zone: "example.org" }),
      site("lab", { parent: "world" }),
      site("rack", { parent: "lab", zone: "rack.example.org" }),
      site("nowhere"),
      site("round", { parent: "about" }),
      site("about", { parent: "round" }),
    ].map((one) => [one.name, one]),
  ),
});

describe("the zone of a structure", () => {
  it.each([
    ["its own", { site: "rack", zone: "example.net" }, "example.net", "web1.example.net"],
    ["that of its site", { site: "rack" }, "rack.example.org", "web1.rack.example.org"],
    ["that of a site above", { site: "lab" }, "example.org", "web1.example.org"],
    ["none where no site has one", { site: "nowhere" }, null, "web1"],
    ["none where sites go round", { site: "round" }, null, "web1"],
    ["none on a site that is not there", { site: "gone" }, null, "web1"],
    ["not said twice", { site: "lab", hostname: "web1.example.org" }, "example.org", "web1.example.org"],
  ])("is %s", (_case, change, zone, name) => {
    const one = structure("web1", change);
    expect(zoneOf(world, one)).toBe(zone);
    expect(fqdnOf(world, one)).toBe(name);
  });

  it("is in the variable _fqdn", () => {
    const one = structure("web1", { site: "lab", foundation: null, blueprint: null });
    const resolver = createResolver({ ...world, structures: new Map([[one.name, one]]) });
    expect(resolver.structure("web1").values["_fqdn"]).toBe("web1.example.org");
  });
});

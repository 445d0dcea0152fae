import { expect, test } from "vitest";
import { problemsOf } from "../design/testing.ts";
import { knownHere } from "./known.ts";

const SITE = `design: lab
sites:
  lab: { kind: lab }
blueprints:
  machine: { builds: foundation, scripts: { create: "foundation.create()" } }
  web: { builds: structure, scripts: { create: "agent.run( command=\\"true\\" )" } }
foundations:
  spare: { site: lab, type: local, blueprint: machine, attributes: { size: 3 } }
structures:
  web1:
    site: lab
    blueprint: web
    foundation: &machine
      type: docker
      blueprint: machine
      attributes:
        imaeg: debian
        networks: [{ name: lab, subnet: 10.0.0.0/40 }]
        ports: [80, http]
  web2: { site: lab, blueprint: web, foundation: *machine }
`;

test("attributes that a driver does not take are told where they are written, once", () => {
  expect(problemsOf(SITE, {}, knownHere()).split("\n")).toEqual([
    "site.yaml:8:70: there is no attribute size (foundation_attributes_invalid)",
    "site.yaml:16:7: image: is missing (foundation_attributes_invalid)",
    "site.yaml:17:9: there is no attribute imaeg; did you mean image? (foundation_attributes_invalid)",
    "site.yaml:18:33: networks.0.subnet: is not a subnet of IPv4: ADDRESS/PREFIX (foundation_attributes_invalid)",
    "site.yaml:19:21: ports.1: http is not a published port: [[ADDRESS:]PORT:]PORT[/tcp|udp|sctp] (foundation_attributes_invalid)",
  ]);
});

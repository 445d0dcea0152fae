import { describe, expect, it } from "vitest";
import { UNDESCRIBED } from "../inventory/index.ts";
import { problemText } from "../kernel/errors.ts";
import { ingest } from "./ingest.ts";
import { designOf, problemsOf, siteFile } from "./testing.ts";

/** A sound document with something added at the end. */
function withMore(text: string): string {
  return `${siteFile({ webs: 1, balancer: false })}${text}`;
}

describe("reading a design", () => {
  it("makes plain things of the sections, inline foundations included", () => {
    const design = designOf(siteFile());
    expect(design.name).toBe("quickstart");
    expect([...design.structures.keys()]).toEqual(["web1", "web2", "balancer"]);
    expect(design.structures.get("balancer")).toMatchObject({
      hostname: "balancer",
      foundation: "balancer",
      dependsOn: ["web1", "web2"],
      addresses: [{ block: "loopback", address: "127.80.0.100" }],
    });
    expect(design.foundations.get("web1")).toEqual({
      name: "web1",
      site: "lab",
      type: "local",
      blueprint: "machine",
      attributes: {},
      variables: {},
      complex: null,
      systemUuid: null,
      ...UNDESCRIBED,
    });
    expect(design.places.get("structure web1")).toEqual({ file: "site.yaml", line: 32, column: 3 });
  });

  it("takes sections from any file, document and order, and resolves aliases and merge keys", () => {
    const bundle = {
      documents: [
        {
          path: "b.yaml",
          text: `
structures:
  web1: &web
    site: lab
    blueprint: web
    foundation: &machine { type: local, blueprint: machine }
  web2:
    <<: *web
    variables: { greeting: Hi }
    foundation: { <<: *machine, attributes: { size: 1 } }
`,
        },
        {
          path: "a.yaml",
          text: `---
# nothing but a comment
---
design: two
---
sites: { lab: }
...
---
blueprints:
  machine: { builds: foundation, scripts: { create: { file: ./scripts/create.t } } }
  web: { builds: structure, scripts: { create: "pass" } }
foundations:
`,
        },
      ],
      files: { "scripts/create.t": "pass\n" },
    };
    const { design, problems } = ingest(bundle);
    expect(problems).toEqual([]);
    expect(design?.structures.get("web2")).toMatchObject({
      site: "lab",
      blueprint: "web",
      variables: { greeting: "Hi" },
    });
    expect(design?.foundations.get("web2")).toMatchObject({
      type: "local",
      blueprint: "machine",
      attributes: { size: 1 },
    });
    expect(design?.foundations.get("web1")?.attributes).toEqual({});
    expect(design?.blueprints.get("machine")?.scripts["create"]).toEqual({
      text: "pass\n",
      origin: { file: "scripts/create.t", line: 1, column: 1, exact: true },
    });
  });

  it("writes addresses and subnets in one form", () => {
    const design = designOf(`${siteFile({ webs: 0, balancer: false })}  six:
    site: lab
    blueprint: web
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: wide, address: 2001:DB8::0:5 }]
---
address_blocks:
  wide: { site: lab, subnet: "2001:DB8:0::7/64", gateway: "2001:db8::0001" }
`);
    expect(design.structures.get("six")?.addresses).toEqual([{ block: "wide", address: "2001:db8::5" }]);
    expect(design.addressBlocks.get("wide")).toMatchObject({ subnet: "2001:db8::/64", gateway: "2001:db8::1" });
  });

  it("warns of a foundation on which nothing stands", () => {
    const text = withMore("foundations:\n  spare: { site: lab, type: local, blueprint: machine }\n");
    const { design, warnings } = ingest({ documents: [{ path: "site.yaml", text }], files: {} });
    expect(design).not.toBeNull();
    expect(warnings.map(problemText)).toEqual([
      "site.yaml:38:3: no structure stands on foundation 'spare' (unused_foundation)",
    ]);
  });

  it("keeps the place of script lines: block text, text on one line, and text whose lines cannot be told", () => {
    const text = `design: d
blueprints:
  one:
    builds: structure
    scripts:
      create: |
        pass
          xx = = 1
      quoted: "xx = \\"this\\" ="
      plain: xx = 1 =
      indented: |2-
          pass
        xx = = 1
      folded: >
        pass

        xx = = 1
      file: { file: x.t }
`;
    expect(problemsOf(text, { "x.t": "pass\nxx = = 1\n" })).toMatchInlineSnapshot(`
      "site.yaml:8:16: expected a value, found "=" (tscript_syntax)
      site.yaml:9:16: expected the end of the line, found "=" (tscript_syntax)
      site.yaml:10:21: expected the end of the line, found "=" (tscript_syntax)
      site.yaml:13:14: expected a value, found "=" (tscript_syntax)
      site.yaml:14:15: expected a value, found "=" (tscript_syntax)
      x.t:2:6: expected a value, found "=" (tscript_syntax)"
    `);
  });
});

describe("bad input", () => {
  it("names everything that is wrong, at once and in order", () => {
    const text = `design: quickstart
site:
  lab: {}
sites:
  lab: { kind: lab, parnet: region, variables: { _id: 1 } }
address_blocks:
  loopback: { site: lap, subnet: 127.80.0.0/24 }
blueprints:
  machine: { builds: foundation, scripts: { create: { fiel: a.t } } }
  web: { builds: structur, scripts: { create: "pass" } }
structures:
  Web_1:
    site: lab
    foundation: { type: local, blueprint: machin }
    addresses: { block: loopback }
    depends_on: [web9]
    description: 12
`;
    expect(problemsOf(text)).toBe(
      [
        "site.yaml:2:1: 'site' is not a section; did you mean 'sites'? (unknown_key)",
        "site.yaml:5:21: 'parnet' is not a key of site 'lab'; did you mean 'parent'? (unknown_key)",
        'site.yaml:5:50: variable "_id": names that start with _ are reserved (variable_name_invalid)',
        "site.yaml:7:21: there is no site 'lap'; did you mean 'lab'? (unknown_reference)",
        "site.yaml:9:45: 'scripts.create' of blueprint 'machine' needs the key 'file' (missing_key)",
        "site.yaml:9:55: 'fiel' is not a key of 'scripts.create' of blueprint 'machine'; did you mean 'file'? (unknown_key)",
        "site.yaml:10:18: 'builds' of blueprint 'web' must be 'foundation' or 'structure', but is the text 'structur' (wrong_type)",
        "site.yaml:12:3: the name 'Web_1' of a structure is a hostname: lower-case letters, digits and -, with no - at either end (invalid_name)",
        "site.yaml:12:3: structure 'Web_1' needs the key 'blueprint' (missing_key)",
        "site.yaml:15:16: 'addresses' of structure 'Web_1' must be a list, but is a map (wrong_type)",
        "site.yaml:17:18: 'description' of structure 'Web_1' must be a text, but is the number 12 (wrong_type)",
      ].join("\n"),
    );
  });

  it.each([
    [
      "no name",
      "sites: {}",
      "site.yaml:1:1: no document says which design this is: one of them needs the key 'design' with a name (missing_key)",
    ],
    [
      "a second name",
      "design: a\n---\ndesign: b",
      "site.yaml:3:9: the design is named twice, first at site.yaml:1:9 (duplicate_name)",
    ],
    [
      "a name that is none",
      "design: a b",
      "site.yaml:1:9: the name 'a b' of the design must be letters, digits, - and _, beginning with a letter or digit (invalid_name)",
    ],
    ["a name of another type", "design: [a]", "site.yaml:1:9: 'design' must be a text, but is a list (wrong_type)"],
    [
      "a document that is a list",
      "design: a\n---\n- x",
      "site.yaml:3:1: a document must be a map with sections, but is a list (wrong_type)",
    ],
    [
      "a section that is a list",
      "design: a\nsites: [lab]",
      "site.yaml:2:8: 'sites' must be a map of names, but is a list (wrong_type)",
    ],
    [
      "an entry that is a text",
      "design: a\nsites: { lab: x }",
      "site.yaml:2:15: site 'lab' must be a map, but is the text 'x' (wrong_type)",
    ],
    [
      "a duplicate in a map",
      "design: a\nsites:\n  lab: {}\n  lab: {}",
      "site.yaml:4:3: 'lab' is written twice in one map (duplicate_name)",
    ],
    [
      "a duplicate beside other problems",
      "design: a\nsites:\n  lab: { kin: x }\n  lab: { parent: [1] }\naddress_blocks:\n  b: { site: lob, subnet: 10.0.0.0/24 }",
      [
        "site.yaml:3:10: 'kin' is not a key of site 'lab'; did you mean 'kind'? (unknown_key)",
        "site.yaml:4:3: 'lab' is written twice in one map (duplicate_name)",
        "site.yaml:6:14: there is no site 'lob'; did you mean 'lab'? (unknown_reference)",
      ].join("\n"),
    ],
    [
      "a section that is written twice: what its second part defines is not known",
      "design: a\nsites: { lab: {} }\naddress_blocks: { b: { site: hall, subnet: 10.0.0.0/33 } }\nsites: { hall: {} }",
      "site.yaml:3:19: 33 is not a prefix of IPv4: 1 to 32 (prefix_invalid)\nsite.yaml:4:1: 'sites' is written twice in one map (duplicate_name)",
    ],
    [
      "a template that does not parse, in the document",
      'design: a\nblueprints:\n  web:\n    builds: structure\n    templates:\n      a.html: |\n        fine\n        {% if x %}{{ y | }}\n      b.html: "{{ a"',
      [
        "site.yaml:8:26: unexpected end of variable block, expected identifier (template_syntax)",
        "site.yaml:9:19: unexpected end of input, expected end of variable block (template_syntax)",
      ].join("\n"),
    ],
    [
      "a template that no blueprint of the script's own has",
      `design: a
blueprints:
  base:
    builds: structure
    scripts:
      create: |
        if True then
          agent.add( template="indx.html", to="a" )
        agent.add( template=name, to="b" )
    templates: { other: x }
  web: { builds: structure, parents: [base], templates: { index.html: x } }
  fine: { builds: structure, parents: [base], templates: { indx.html: x } }`,
      "site.yaml:8:31: the blueprint 'web' has no template 'indx.html'; did you mean 'index.html'? (unknown_reference)",
    ],
    [
      "an operator that does not fit, for each thing that has it",
      `design: a
sites: { lab: { variables: { greeting: Hello } } }
blueprints:
  machine: { builds: foundation, scripts: { create: pass } }
  web: { builds: structure, scripts: { create: pass } }
structures:
  web1: { site: lab, blueprint: web, foundation: { type: local, blueprint: machine }, variables: { ">greeting": { a: 1 } } }
  web2: { site: lab, blueprint: web, foundation: { type: local, blueprint: machine }, variables: { ">greeting": { a: 1 } } }`,
      [
        "site.yaml:7:3: structure web1: variable greeting: a map cannot be put behind a text (variable_type_conflict)",
        "site.yaml:8:3: structure web2: variable greeting: a map cannot be put behind a text (variable_type_conflict)",
      ].join("\n"),
    ],
    [
      "a duplicate in two documents",
      "design: a\nsites: { lab: {} }\n---\nsites: { lab: {} }",
      "site.yaml:4:10: site 'lab' is defined twice, first at site.yaml:2:10 (duplicate_name)",
    ],
    [
      "syntax",
      "design: a\nsites: { lab: {}",
      "site.yaml:2:17: Flow map in block collection must be sufficiently indented and end with a } (yaml_syntax)",
    ],
    ["an unknown tag", "design: !!binary aGk=", "site.yaml:1:18: the value aGk= has no meaning here (yaml_syntax)"],
    ["a key that is a list", "design: a\n? [x]\n: y", "site.yaml:2:3: a key must be a plain text (yaml_syntax)"],
    [
      "a key that breaks objects",
      "design: a\nsites: { lab: { variables: { __proto__: 1 } } }",
      "site.yaml:2:30: the key __proto__ is not allowed (yaml_syntax)",
    ],
    [
      "a number too large",
      "design: a\nsites: { lab: { variables: { n: 12345678901234567890 } } }",
      "site.yaml:2:33: the number 12345678901234567890 is too large to be kept exactly; write it in quotes (yaml_syntax)",
    ],
    [
      "a number that is none",
      "design: a\nsites: { lab: { variables: { n: .nan } } }",
      "site.yaml:2:33: the value .nan has no meaning here (yaml_syntax)",
    ],
    ["an alias to nothing", "design: *a", "site.yaml:1:9: nothing before it is named by the alias *a (yaml_syntax)"],
    [
      "an alias in itself",
      "design: a\nsites: &a { lab: *a }",
      "site.yaml:2:18: the alias *a stands inside of what it names (alias_bomb)",
    ],
    [
      "a variable that is none",
      "design: a\nsites: { lab: { variables: { a b: 1 } } }",
      `site.yaml:2:30: variable "a b" is not [OPERATOR]NAME[:CLASS]; "a_b" would be a name (variable_name_invalid)`,
    ],
    [
      "a circle of sites",
      "design: a\nsites: { a: { parent: b }, b: { parent: c }, c: { parent: a } }",
      "site.yaml:2:10: sites lie within each other in a circle: a → b → c → a (cycle)",
    ],
    [
      "a site in itself",
      "design: a\nsites: { a: { parent: a } }",
      "site.yaml:2:10: sites lie within each other in a circle: a → a (cycle)",
    ],
    [
      "a circle of blueprints",
      "design: a\nblueprints:\n  a: { builds: structure, parents: [b] }\n  b: { builds: structure, parents: [a] }",
      "site.yaml:3:3: blueprints build upon each other in a circle: a → b → a (cycle)",
    ],
    [
      "names of scripts and templates that are none",
      "design: a\nblueprints: { b: { builds: structure, scripts: { a b: pass }, templates: { ../x: y } } }",
      "site.yaml:2:50: the name 'a b' of a script must be letters, digits, - and _, beginning with a letter or digit (invalid_name)\nsite.yaml:2:76: the name '../x' of a template must be like a file name: letters, digits, . - _ and / between (invalid_name)",
    ],
    [
      "a subnet that is none",
      "design: a\nsites: { lab: }\naddress_blocks: { b: { site: lab, subnet: 10.0.0.0 } }",
      `site.yaml:3:19: "10.0.0.0" is not an address block: SUBNET/PREFIX (address_block_invalid)`,
    ],
    [
      "blocks that overlap within a site",
      "design: a\nsites: { lab:, other: }\naddress_blocks:\n  b: { site: lab, subnet: 10.0.0.0/8 }\n  c: { site: lab, subnet: 10.1.0.0/24 }\n  d: { site: other, subnet: 10.1.0.0/24 }",
      "site.yaml:5:3: address blocks 'c' (10.1.0.0/24) and 'b' (10.0.0.0/8) of site 'lab' overlap (blocks_overlap)",
    ],
    [
      "a reserved address elsewhere",
      "design: a\nsites: { lab: }\naddress_blocks: { b: { site: lab, subnet: 10.0.0.0/24, reserved: [10.0.1.1] } }",
      "site.yaml:3:19: 10.0.1.1 is to be reserved, but does not lie in address block b (10.0.0.0/24) (address_outside_block)",
    ],
    [
      "a file that is not there",
      "design: a\nblueprints: { b: { builds: structure, scripts: { create: { file: x/../creat.t } } } }",
      "site.yaml:2:66: the file 'creat.t' is not there; did you mean 'create.t'? (file_missing)",
    ],
  ])("tells %s", (_what, text, expected) => {
    expect(problemsOf(text, { "create.t": "pass" })).toBe(expected);
  });

  it.each([
    [
      "a reference to nothing",
      "  x: { site: lab, blueprint: wbe, foundation: machine1 }",
      "site.yaml:37:30: there is no blueprint 'wbe'; did you mean 'web'? (unknown_reference)\nsite.yaml:37:47: there is no foundation 'machine1' (unknown_reference)",
    ],
    [
      "a circle of dependencies",
      "  x: { site: lab, blueprint: web, foundation: { type: local, blueprint: machine }, depends_on: [y] }\n  y: { site: lab, blueprint: web, foundation: { type: local, blueprint: machine }, depends_on: [x] }",
      "site.yaml:37:3: structures depend on each other in a circle: x → y → x (cycle)",
    ],
    [
      "an address of another block",
      "  x: { site: lab, blueprint: web, foundation: { type: local, blueprint: machine }, addresses: [{ block: loopback, address: 10.0.0.1 }] }",
      "site.yaml:37:124: 10.0.0.1 does not lie in address block loopback (127.80.0.0/24) (address_outside_block)",
    ],
    [
      "an address that is none",
      "  x: { site: lab, blueprint: web, foundation: { type: local, blueprint: machine }, addresses: [{ block: loopback, address: 127.80.0.256 }] }",
      `site.yaml:37:124: "127.80.0.256" is not an address (address_invalid)`,
    ],
    [
      "the wrong type of foundation",
      "  x: { site: lab, blueprint: web, foundation: { type: docker, blueprint: machine } }",
      "site.yaml:37:35: foundation 'x' is of type docker, but its blueprint 'machine' is for local (blueprint_mismatch)",
    ],
    [
      "a structure's blueprint for a foundation",
      "  x: { site: lab, blueprint: web, foundation: { type: local, blueprint: web } }",
      "site.yaml:37:35: foundation 'x' cannot be built by blueprint 'web': it builds a structure (blueprint_mismatch)",
    ],
    [
      "a foundation's blueprint for a structure",
      "  x: { site: lab, blueprint: machine, foundation: { type: local, blueprint: machine } }",
      "site.yaml:37:3: structure 'x' cannot be built by blueprint 'machine': it builds a foundation (blueprint_mismatch)",
    ],
    [
      "two structures on one foundation",
      "  x: { site: lab, blueprint: web, foundation: web1 }",
      "site.yaml:37:3: structure 'x' cannot stand on foundation 'web1': 'web1' does already (foundation_occupied)",
    ],
    [
      "a foundation defined inside and outside",
      "  x: { site: lab, blueprint: web, foundation: { type: local, blueprint: machine } }\nfoundations:\n  x: { site: lab, type: local, blueprint: machine }",
      "site.yaml:37:35: foundation 'x' is defined twice: in 'foundations', and inside structure 'x' (duplicate_name)",
    ],
  ])("tells %s among what is sound", (_what, more, expected) => {
    expect(problemsOf(withMore(`${more}\n`))).toBe(expected);
  });

  it("tells which blueprint does not stand on which, and which cannot build", () => {
    const text = `design: a
sites: { lab: }
blueprints:
  metal: { builds: foundation, scripts: { create: "pass" } }
  vm: { builds: foundation, parents: [metal] }
  idle: { builds: foundation }
  base: { builds: structure, foundation_blueprints: [vm] }
  web: { builds: structure, parents: [base], scripts: { create: "pass" } }
  odd: { builds: structure, parents: [metal], foundation_types: [local] }
structures:
  a: { site: lab, blueprint: web, foundation: { type: local, blueprint: vm } }
  b: { site: lab, blueprint: web, foundation: { type: local, blueprint: metal } }
  c: { site: lab, blueprint: base, foundation: { type: local, blueprint: idle } }
`;
    expect(problemsOf(text)).toBe(
      [
        "site.yaml:6:3: blueprint 'idle' has no script 'create', itself or from a parent, and foundation 'c' is built by it (script_missing)",
        "site.yaml:7:3: blueprint 'base' has no script 'create', itself or from a parent, and structure 'c' is built by it (script_missing)",
        "site.yaml:9:3: blueprint 'odd' builds a structure, but its parent 'metal' builds a foundation (blueprint_mismatch)",
        "site.yaml:9:3: blueprint 'odd' builds a structure: 'foundation_types' is for those that build foundations (blueprint_mismatch)",
        "site.yaml:12:3: structure 'b' stands on a 'metal', but its blueprint 'web' wants vm (blueprint_mismatch)",
        "site.yaml:13:3: structure 'c' stands on a 'idle', but its blueprint 'base' wants vm (blueprint_mismatch)",
      ].join("\n"),
    );
  });

  it("tells a driver that is not there, when the drivers are known", () => {
    expect(problemsOf(siteFile({ webs: 1, balancer: false }), {}, { foundationTypes: ["docker", "locale"] })).toBe(
      [
        "site.yaml:9:3: there is no driver for foundations of type 'local'; did you mean 'locale'? (unknown_reference)",
        "site.yaml:35:5: there is no driver for foundations of type 'local'; did you mean 'locale'? (unknown_reference)",
      ].join("\n"),
    );
  });

  it("tells a full address block, where one address too many is asked for", () => {
    const full = siteFile({ webs: 3 }).replace("127.80.0.0/24", "127.80.0.96/29");
    expect(problemsOf(full)).toBe("");
    expect(
      problemsOf(
        full.replace(
          "subnet: 127.80.0.96/29",
          "subnet: 127.80.0.96/29, gateway: 127.80.0.97, reserved: [127.80.0.98-127.80.0.99]",
        ),
      ),
    ).toBe(
      "site.yaml:46:17: address block loopback (127.80.0.96/29) has 2 free addresses, 3 are wanted (address_block_full)",
    );
    const twice = siteFile({ webs: 1 }).replace(
      "[{ block: loopback }]",
      "[{ block: loopback, address: 127.80.0.100 }]",
    );
    expect(problemsOf(twice)).toBe(
      "site.yaml:41:45: 127.80.0.100 of address block loopback (127.80.0.0/24) is taken: structure web1 (address_taken)",
    );
  });

  it("tells layers of variables that do not go together once, however many structures have them", () => {
    const text = siteFile({ webs: 50 }).replace("greeting: Hello", '">ports": { a: 1 }, ports: 80');
    expect(problemsOf(text)).toBe(
      "site.yaml:35:5: site lab: variable ports: a map cannot be put behind a number (variable_type_conflict)",
    );
  });

  it("says nothing of references when a document cannot be read", () => {
    const bundle = {
      documents: [
        { path: "a.yaml", text: siteFile() },
        {
          path: "b.yaml",
          text: "structures:\n  x: { site: elsewhere, blueprint: web, foundation: { type: local, blueprint: machine } }\n",
        },
        { path: "c.yaml", text: "sites: { elsewhere: {}" },
      ],
      files: {},
    };
    expect(ingest(bundle).problems.map(problemText)).toEqual([
      "c.yaml:1:23: Flow map in block collection must be sufficiently indented and end with a } (yaml_syntax)",
    ]);
  });
});

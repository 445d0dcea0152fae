import type { z } from "zod";
import type { Module, ModuleFunction } from "../link/index.ts";
import type { Catalogue, FunctionDescription, ModuleDescription, ParameterDescription } from "../tscript/index.ts";

/** What scripts of blueprints may call and read: pure, from the modules there are. Documents are checked against it before anything runs. */
export function foremanCatalogue(modules: {
  readonly drivers: readonly Module[];
  readonly agent: Described;
  /** Modules that the server answers itself. */
  readonly server?: Catalogue;
}): Catalogue {
  const driverNames = new Set(modules.drivers.flatMap((module) => Object.keys(module.functions)));
  return {
    ...modules.server,
    agent: agentModule(modules.agent),
    // A foundation's functions are those of its driver; the foundation itself is given to them.
    foundation: {
      functions: Object.fromEntries(
        [...driverNames].filter((name) => name !== "observe").map((name) => [name, NO_PARAMETERS]),
      ),
      values: { name: "r", type: "r", site: "r", blueprint: "r", attributes: "r" },
    },
    inventory: { functions: { structures: { parameters: optional("blueprint", "site", "state") } }, values: {} },
    config: { functions: {} },
    structure: {
      functions: {},
      values: {
        name: "r",
        hostname: "r",
        fqdn: "r",
        address: "r",
        addresses: "r",
        site: "r",
        blueprint: "r",
        foundation: "r",
      },
    },
  };
}

/** Functions by name, as far as a check needs them. */
type Described = Readonly<Record<string, Pick<ModuleFunction, "parameters" | "observes">>>;

const NO_PARAMETERS: FunctionDescription = { parameters: {} };

/** The verbs. What ADD is told of its content comes from a template or a text of the script. */
function agentModule(described: Described): ModuleDescription {
  const functions: Record<string, FunctionDescription> = {};
  for (const [name, definition] of Object.entries(described)) {
    if (definition.observes === true) continue;
    functions[name] = { parameters: parametersOf(definition.parameters) };
  }
  const { sha256: _sha256, text: _text, name: _name, ...add } = functions["add"]?.parameters ?? {};
  const withContent = { parameters: { ...add, ...optional("template", "content", "values") } };
  return { functions: { ...functions, add: withContent, copy: withContent }, values: {} };
}

function parametersOf(schema: z.ZodObject): Readonly<Record<string, ParameterDescription>> {
  return Object.fromEntries(
    Object.entries(schema.shape).map(([name, type]) => [
      name,
      { required: !(type as z.ZodType).safeParse(undefined).success },
    ]),
  );
}

function optional(...names: readonly string[]): Readonly<Record<string, ParameterDescription>> {
  return Object.fromEntries(names.map((name) => [name, { required: false }]));
}

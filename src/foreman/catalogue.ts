import type { z } from "zod";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import type { FunctionAdvert, Module, ModuleAdvert, ModuleFunction } from "../link/index.ts";
import type { Catalogue, FunctionDescription, ModuleDescription, ParameterDescription } from "../tscript/index.ts";
import { FOUNDATION_VALUES, STRUCTURE_VALUES } from "./values.ts";

/** Functions of drivers by the names Contractor has for them. */
export const ALIASES: Readonly<Record<string, string>> = { start: "power_on", stop: "power_off" };

/** Modules of workers that scripts may call by another name. */
const MODULE_ALIASES: Readonly<Record<string, string>> = { iputils: "net" };

/** The module of a worker that a script means. */
export function moduleNamed(name: string): string {
  return MODULE_ALIASES[name] ?? name;
}

/**
 * What scripts of blueprints may call and read: pure, from the modules there are. Documents are checked against it before anything runs.
 */
export function foremanCatalogue(modules: {
  /** Modules that make foundations. */
  readonly drivers: readonly Module[];
  /** Other modules of workers. */
  readonly others?: readonly Module[];
  /** What workers that have joined say they can do. A module of a name that is known here is what it is here. */
  readonly advertised?: Readonly<Record<string, ModuleAdvert>>;
  readonly agent: Described;
  /** Modules that the server answers itself. */
  readonly server?: Catalogue;
}): Catalogue {
  const known: Record<string, ModuleDescription> = {};
  for (const [name, { functions }] of Object.entries(modules.advertised ?? {})) known[name] = advertised(functions);
  for (const { name, functions } of [...(modules.others ?? []), ...modules.drivers]) known[name] = called(functions);
  for (const [alias, name] of Object.entries(MODULE_ALIASES)) {
    const module = known[name];
    if (module !== undefined) known[alias] = module;
  }
  return {
    ...known,
    ...modules.server,
    agent: agentModule(modules.agent),
    foundation: {
      functions: foundationFunctions(modules.drivers, modules.advertised ?? {}),
      values: Object.fromEntries(FOUNDATION_VALUES.map((name) => [name, "r"])),
      others: "rw",
    },
    inventory: { functions: { structures: { parameters: optional("blueprint", "site", "state") } }, values: {} },
    config: { functions: {} },
    structure: {
      functions: { set_config: { parameters: { name: { required: true }, value: { required: true } } } },
      values: Object.fromEntries(STRUCTURE_VALUES.map((name) => [name, "r"])),
    },
  };
}

/** Functions by name, as far as a check needs them. */
type Described = Readonly<Record<string, Pick<ModuleFunction, "parameters" | "observes">>>;

/** What every call of a driver is given by the foreman. */
const GIVEN: readonly string[] = ["foundation", "join"];

/** Not for scripts: plans ask it. */
const FOR_PLANS = "observe";

function called(functions: Described): ModuleDescription {
  return {
    functions: Object.fromEntries(
      Object.entries(functions).map(([name, { parameters }]) => [
        name,
        { parameters: givenByScript(parametersOf(parameters)) },
      ]),
    ),
    values: {},
  };
}

function advertised(functions: Readonly<Record<string, FunctionAdvert>>): ModuleDescription {
  return {
    functions: Object.fromEntries(
      Object.entries(functions).map(([name, { parameters }]) => [
        name,
        { parameters: givenByScript(inSchema(parameters)) },
      ]),
    ),
    values: {},
  };
}

/**
 * A foundation's functions are those of its driver, whichever that is: of several with one name a parameter is needed only where all need
 * it. What strangers' drivers advertise takes any name that one of them knows.
 */
function foundationFunctions(
  drivers: readonly Module[],
  strangers: Readonly<Record<string, ModuleAdvert>>,
): Readonly<Record<string, FunctionDescription>> {
  const found: Record<string, FunctionDescription> = {};
  function add(name: string, all: Readonly<Record<string, ParameterDescription>>): void {
    if (name === FOR_PLANS || !Object.hasOwn(all, "foundation")) return;
    const parameters = givenByScript(all);
    const before = found[name]?.parameters;
    found[name] = { parameters: before === undefined ? parameters : either(before, parameters) };
  }
  for (const { functions } of drivers)
    for (const [name, { parameters }] of Object.entries(functions)) add(name, parametersOf(parameters));
  const own = new Set(drivers.map(({ name }) => name));
  for (const [module, { functions }] of Object.entries(strangers))
    if (!own.has(module))
      for (const [name, { parameters }] of Object.entries(functions)) add(name, inSchema(parameters));
  for (const [alias, name] of Object.entries(ALIASES)) {
    const meant = found[name];
    if (meant !== undefined) found[alias] ??= meant;
  }
  return found;
}

type Parameters = Readonly<Record<string, ParameterDescription>>;

function either(one: Parameters, other: Parameters): Parameters {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries(
    [...names].map((name) => [name, { required: one[name]?.required === true && other[name]?.required === true }]),
  );
}

function givenByScript(parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !GIVEN.includes(name)));
}

/** The verbs. What ADD is told of its content comes from a template or a text of the script. */
function agentModule(described: Described): ModuleDescription {
  const functions: Record<string, FunctionDescription> = {};
  for (const [name, definition] of Object.entries(described)) {
    if (definition.observes === true) continue;
    functions[name] = { parameters: parametersOf(definition.parameters) };
  }
  const {
    sha256: _sha256,
    text: _text,
    name: _name,
    files: _files,
    blueprint: _blueprint,
    ...add
  } = functions["add"]?.parameters ?? {};
  const withContent = { parameters: { ...add, ...optional("template", "content", "values") } };
  return { functions: { ...functions, add: withContent, copy: withContent }, values: {} };
}

/** By schema: whether each parameter must be given. Asking a schema costs, and there are few. */
const asked = new WeakMap<z.ZodObject, Parameters>();

function parametersOf(schema: z.ZodObject): Parameters {
  const before = asked.get(schema);
  if (before !== undefined) return before;
  const parameters = Object.fromEntries(
    Object.entries(schema.shape).map(([name, type]) => [
      name,
      { required: !(type as z.ZodType).safeParse(undefined).success },
    ]),
  );
  asked.set(schema, parameters);
  return parameters;
}

/** Parameters as a JSON Schema says them. */
function inSchema(schema: JsonObject): Parameters {
  const properties = schema["properties"];
  const required = schema["required"];
  if (!isJsonObject(properties ?? null)) return {};
  const needed = Array.isArray(required) ? required : [];
  return Object.fromEntries(
    Object.keys(properties as JsonObject).map((name) => [name, { required: needed.includes(name) }]),
  );
}

function optional(...names: readonly string[]): Parameters {
  return Object.fromEntries(names.map((name) => [name, { required: false }]));
}

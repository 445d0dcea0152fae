import { z } from "zod";
import { GantryError, type Problem, problem } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { type FunctionContext, type Module, type ModuleFunction, moduleFunction } from "../link/index.ts";
import { FOUNDATION_ATTRIBUTES_INVALID, FOUNDATION_NOT_CREATED } from "./errors.ts";

/** The port of drivers: what each can do with a foundation, and how it becomes a module. */

/** How an agent gets in: minted when the task is sent, good for one use. */
const joinSchema = z.strictObject({
  urls: z.array(z.string().min(1)).min(1),
  token: z.string().min(1),
});

export type Join = z.output<typeof joinSchema>;

const foundationSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  /** Becomes part of file and container names. */
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/),
  attributes: z.record(z.string(), z.json()).default({}),
  addresses: z.array(z.string()).default([]),
  hostname: z.string().nullish(),
});

/** Parameters of every function of a driver. */
export const driverParameters = z.strictObject({ foundation: foundationSchema, join: joinSchema.optional() });

/** A foundation as an operation sees it. */
export interface Target {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  /** Addresses of the structures on it, as text. */
  readonly addresses: readonly string[];
  readonly join?: Join;
}

export type Power = "on" | "off";

export interface Observation {
  readonly exists: boolean;
  readonly power: Power;
  /** For people: what is there, or what is missing. */
  readonly detail?: string;
}

/** A network interface as it is. */
export interface Interface {
  readonly name: string;
  readonly mac: string | null;
  readonly addresses: readonly { readonly address: string; readonly prefix: number }[];
  /** What it is plugged into, where that has a name. */
  readonly network: string | null;
  readonly gateway: string | null;
}

/**
 * What a driver does. Each operation may run again after a crash at any point, and converges: `create` adopts what exists for
 * the id, `power_on` what runs; `destroy` and `power_off` are content when nothing is left to do. A failing `create` removes
 * what it made. Errors are `GantryError`s.
 */
export interface DriverOperations<Attributes> {
  create(target: Target & { readonly attributes: Attributes }, context: FunctionContext): Promise<Json>;
  destroy(target: Target, context: FunctionContext): Promise<Json>;
  powerOn(target: Target, context: FunctionContext): Promise<Json>;
  powerOff(target: Target, context: FunctionContext): Promise<Json>;
  interfaceMap(target: Target, context: FunctionContext): Promise<readonly Interface[]>;
  observe(target: Target, context: FunctionContext): Promise<Observation>;
  close?(): Promise<void>;
}

export interface DriverDefinition<Schema extends z.ZodObject> {
  /** The type of foundation it makes. */
  readonly name: string;
  /** Foundations it works on at the same time. */
  readonly limit: number;
  readonly attributes: Schema;
  readonly operations: DriverOperations<z.output<Schema>>;
}

/** What a type of foundation is, for those who check documents before anything is built. */
export interface FoundationType {
  readonly name: string;
  /** Everything that is wrong with the attributes; empty when they are right. `path` is theirs: `ports.0`. */
  problems(attributes: unknown): readonly AttributeProblem[];
}

export interface AttributeProblem extends Problem {
  readonly path: readonly (string | number)[];
}

/** Makes a module of a driver. Calls that change one foundation run one after the other; observing waits for nobody. */
export function defineDriver<Schema extends z.ZodObject>(definition: DriverDefinition<Schema>): Module {
  const { name, attributes, operations } = definition;
  const inTurn = turns();

  function changing(summary: string, act: (target: Target, context: FunctionContext) => Promise<Json>): ModuleFunction {
    return moduleFunction({
      summary,
      parameters: driverParameters,
      safeToRepeat: true,
      run: (parameters, context) =>
        inTurn(parameters.foundation.id, () => {
          context.signal.throwIfAborted();
          return act(targetOf(parameters), context);
        }),
    });
  }

  function observing(
    summary: string,
    ask: (target: Target, context: FunctionContext) => Promise<Json>,
  ): ModuleFunction {
    return moduleFunction({
      summary,
      parameters: driverParameters,
      safeToRepeat: true,
      observes: true,
      run: (parameters, context) => ask(targetOf(parameters), context),
    });
  }

  const functions: Record<string, ModuleFunction> = {
    create: moduleFunction({
      summary: "Makes the foundation, or adopts what is there for it",
      parameters: driverParameters,
      safeToRepeat: true,
      run: (parameters, context) =>
        inTurn(parameters.foundation.id, () => {
          context.signal.throwIfAborted();
          const checked = parseAttributes(name, attributes, parameters.foundation.attributes);
          return operations.create({ ...targetOf(parameters), attributes: checked }, context);
        }),
    }),
    destroy: changing("Removes the foundation and all that runs on it", operations.destroy),
    power_on: changing("Starts the foundation and its agent", operations.powerOn),
    power_off: changing("Stops the foundation and all that runs on it", operations.powerOff),
    power_state: observing("Whether the foundation is on or off", async (target, context) => {
      const seen = await operations.observe(target, context);
      return { power: seen.power };
    }),
    interface_map: observing("The network interfaces of the foundation", async (target, context) => {
      const interfaces = await operations.interfaceMap(target, context);
      return interfaces.map((one) => ({ ...one, addresses: one.addresses.map((address) => ({ ...address })) }));
    }),
    observe: observing("Whether the foundation exists, and whether it is on", async (target, context) => ({
      ...(await operations.observe(target, context)),
    })),
  };
  return {
    name,
    limit: definition.limit,
    functions,
    ...(operations.close === undefined ? {} : { close: () => operations.close?.() ?? Promise.resolve() }),
  };
}

/** The error for an operation on a foundation that is not there. */
export function notCreated(target: Target, what: string): GantryError {
  return new GantryError(FOUNDATION_NOT_CREATED, `foundation ${target.name} ${what}`);
}

export function foundationType(name: string, attributes: z.ZodObject): FoundationType {
  return { name, problems: (value) => attributeProblems(attributes, value) };
}

function parseAttributes<Schema extends z.ZodObject>(type: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = attributeProblems(schema, value);
  const list = problems.map((one) => one.message).join("; ");
  throw new GantryError(FOUNDATION_ATTRIBUTES_INVALID, `attributes of a ${type} foundation: ${list}`, { problems });
}

function attributeProblems(schema: z.ZodObject, value: unknown): readonly AttributeProblem[] {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue): AttributeProblem[] => {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
    if (issue.code !== "unrecognized_keys") {
      const at = path.length === 0 ? "" : `${path.join(".")}: `;
      const missing = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
      // What is wrong with a key of a map is said by what checks its keys.
      const said = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
      const message = missing ? "is missing" : lowerFirst(said);
      return [{ ...problem(FOUNDATION_ATTRIBUTES_INVALID, `${at}${message}`), path }];
    }
    return issue.keys.map((key) => {
      const meant = path.length === 0 ? nearest(key, Object.keys(schema.shape)) : undefined;
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      const message = `there is no attribute ${[...path, key].join(".")}${hint}`;
      return { ...problem(FOUNDATION_ATTRIBUTES_INVALID, message), path: [...path, key] };
    });
  });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function targetOf(parameters: z.output<typeof driverParameters>): Target {
  const { foundation, join } = parameters;
  return {
    id: foundation.id,
    name: foundation.name,
    hostname: foundation.hostname ?? foundation.name,
    addresses: foundation.addresses,
    ...(join === undefined ? {} : { join }),
  };
}

/** Runs what is given under one key one after the other, in the order of the calls. */
export function turns(): <T>(key: string, act: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, act) => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(act, act);
    last.set(key, mine);
    function forget(): void {
      if (last.get(key) === mine) last.delete(key);
    }
    mine.then(forget, forget);
    return mine;
  };
}

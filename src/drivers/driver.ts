import { z } from "zod";
import { GantryError, type Problem, problem } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { type FunctionContext, type Module, type ModuleFunction, moduleFunction } from "../link/index.ts";
import { secretNamesIn } from "../variables/index.ts";
import { FOUNDATION_ATTRIBUTES_INVALID, FOUNDATION_NOT_CREATED } from "./errors.ts";
import { pause } from "./wait.ts";

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
  /** Its real interfaces as the inventory knows them, for drivers that make them: the provisioning one first. */
  interfaces: z
    .array(z.strictObject({ device: z.string(), mac: z.string().nullable(), provisioning: z.boolean() }))
    .default([]),
  /** It was built before: what is there for it may not be taken away when nobody knows who made it. */
  built: z.boolean().default(false),
  /** The structure it is placed on, when a complex offers it. */
  host: z.strictObject({ name: z.string(), address: z.string().nullable() }).nullish(),
});

/** Parameters of every function of a driver. */
export const driverParameters = z.strictObject({ foundation: foundationSchema, join: joinSchema.optional() });

type DriverParameters = z.output<typeof driverParameters>;

/** A foundation as an operation sees it. */
export interface Target<Attributes = unknown> {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  /** Addresses of the structures on it, as text. */
  readonly addresses: readonly string[];
  /**
   * Its attributes with their defaults, read when they are first asked for: so that what was made with attributes that are no longer
   * right can still be taken down by a driver that does not need them. Throws `foundation_attributes_invalid`.
   */
  readonly attributes: Attributes;
  /** Its attributes as they were given, for what must be known of them even when they are not right. */
  readonly given: JsonObject;
  readonly interfaces: readonly {
    readonly device: string;
    readonly mac: string | null;
    readonly provisioning: boolean;
  }[];
  /** The structure it is placed on, when a complex offers it. */
  readonly host: { readonly name: string; readonly address: string | null } | null;
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
  /** `given`: what the script gave, by `createParameters`. */
  create(target: Target<Attributes>, context: FunctionContext, given: unknown): Promise<Json>;
  destroy(target: Target<Attributes>, context: FunctionContext): Promise<Json>;
  powerOn(target: Target<Attributes>, context: FunctionContext): Promise<Json>;
  powerOff(target: Target<Attributes>, context: FunctionContext): Promise<Json>;
  interfaceMap(target: Target<Attributes>, context: FunctionContext): Promise<readonly Interface[]>;
  observe(target: Target<Attributes>, context: FunctionContext): Promise<Observation>;
  /** Whether the way to the machine works: its BMC answers and lets us in. Left out: there is no way that could fail. */
  linkTest?(target: Target<Attributes>, context: FunctionContext): Promise<boolean>;
  close?(): Promise<void>;
}

/** Operations that are loaded when the first of them is called, so that a driver that nobody uses costs nothing. */
export function loadedOperations<Attributes>(
  load: () => Promise<DriverOperations<Attributes>>,
): DriverOperations<Attributes> {
  return {
    create: async (...given) => (await load()).create(...given),
    destroy: async (...given) => (await load()).destroy(...given),
    powerOn: async (...given) => (await load()).powerOn(...given),
    powerOff: async (...given) => (await load()).powerOff(...given),
    interfaceMap: async (...given) => (await load()).interfaceMap(...given),
    observe: async (...given) => (await load()).observe(...given),
    linkTest: async (...given) => (await (await load()).linkTest?.(...given)) ?? true,
  };
}

export interface DriverDefinition<Schema extends z.ZodObject> {
  /** The type of foundation it makes. */
  readonly name: string;
  /**
   * As in `foundationTypeFacts`; default `made`. What is found was there before it was created: taking a creation back leaves it as it is,
   * also when nobody knows how far it came.
   */
  readonly origin?: "made" | "found";
  /** Foundations it works on at the same time. */
  readonly limit: number;
  readonly attributes: Schema;
  readonly operations: DriverOperations<z.output<Schema>>;
  /** What a script may give `create`, beside the foundation. Left out: nothing. */
  readonly createParameters?: z.ZodObject;
  /** What only this driver can do, by the names scripts call it by: `foundation.NAME(...)`. Not the names every driver has. */
  readonly functions?: Readonly<Record<string, DriverFunction<z.output<Schema>>>>;
}

/** A function that not every driver has. It may be repeated like the others, and waits for its turn with what changes the foundation. */
export interface DriverFunction<Attributes> {
  readonly summary: string;
  /** What a script gives it, beside the foundation. */
  readonly parameters: z.ZodObject;
  /** Only reads, and waits for nobody. */
  readonly observes?: boolean;
  run(target: Target<Attributes>, given: unknown, context: FunctionContext): Promise<Json>;
}

/** Hides the types of what a script gives, after the executor's check of it. */
export function driverFunction<Attributes, Schema extends z.ZodObject>(definition: {
  readonly summary: string;
  readonly parameters: Schema;
  readonly observes?: boolean;
  run(target: Target<Attributes>, given: z.output<Schema>, context: FunctionContext): Promise<Json>;
}): DriverFunction<Attributes> {
  return { ...definition, run: (target, given, context) => definition.run(target, given as z.output<Schema>, context) };
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

/** Milliseconds between two looks at a machine that is to go off: there is nobody who would tell. */
const POWER_LOOK_MILLISECONDS = 1000;

/** Makes a module of a driver. Calls that change one foundation run one after the other; observing waits for nobody. */
export function defineDriver<Schema extends z.ZodObject>(definition: DriverDefinition<Schema>): Module {
  const { name, operations } = definition;
  const inTurn = turns();
  type Act = (target: Target<z.output<Schema>>, context: FunctionContext, given: unknown) => Promise<Json>;
  type Undo = (target: Target<z.output<Schema>>, before: JsonObject, context: FunctionContext) => Promise<Json>;

  function targetOf(parameters: DriverParameters): Target<z.output<Schema>> {
    return targetWith(parameters, (given) => parseAttributes(name, definition.attributes, given));
  }

  function changing(summary: string, act: Act, undo?: Undo, more?: z.ZodObject): ModuleFunction {
    return moduleFunction({
      summary,
      parameters: more === undefined ? driverParameters : driverParameters.extend(more.shape),
      safeToRepeat: true,
      run: (parameters, context) => {
        const { foundation, join, ...given } = parameters as DriverParameters;
        const target = targetOf(join === undefined ? { foundation } : { foundation, join });
        return inTurn(foundation.id, () => {
          context.signal.throwIfAborted();
          return act(target, context, given);
        });
      },
      ...(undo === undefined
        ? {}
        : {
            undo: (parameters: DriverParameters, value: Json | undefined, context: FunctionContext) =>
              inTurn(parameters.foundation.id, () =>
                value === undefined && parameters.foundation.built
                  ? // It may have been adopted: what lives on it is worth more than what is left over.
                    Promise.resolve(null)
                  : undo(targetOf(parameters), isJsonObject(value) ? value : {}, context),
              ),
          }),
    });
  }

  function observing(summary: string, ask: Act): ModuleFunction {
    return moduleFunction({
      summary,
      parameters: driverParameters,
      safeToRepeat: true,
      observes: true,
      run: (parameters, context) => ask(targetOf(parameters), context, {}),
    });
  }

  function own({ summary, parameters, observes = false, run }: DriverFunction<z.output<Schema>>): ModuleFunction {
    return moduleFunction({
      summary,
      parameters: driverParameters.extend(parameters.shape),
      safeToRepeat: true,
      ...(observes ? { observes } : {}),
      run: (parameters, context) => {
        const { foundation, join, ...given } = parameters as DriverParameters;
        const target = targetOf(join === undefined ? { foundation } : { foundation, join });
        if (observes) return run(target, given, context);
        return inTurn(foundation.id, () => {
          context.signal.throwIfAborted();
          return run(target, given, context);
        });
      },
    });
  }

  const functions: Record<string, ModuleFunction> = {
    ...Object.fromEntries(Object.entries(definition.functions ?? {}).map(([key, one]) => [key, own(one)])),
    create: changing(
      "Makes the foundation, or adopts what is there for it",
      (target, context, given) => {
        // What is wrong with attributes is said before anything is made.
        void target.attributes;
        return operations.create(target, context, given);
      },
      // What was there before is not taken away.
      async (target, { adopted }, context) =>
        adopted === true || definition.origin === "found" ? null : operations.destroy(target, context),
      definition.createParameters,
    ),
    destroy: changing("Removes the foundation and all that runs on it", operations.destroy),
    power_on: changing(
      "Starts the foundation and its agent",
      operations.powerOn,
      async (target, { adopted }, context) => (adopted === true ? null : operations.powerOff(target, context)),
    ),
    power_off: changing("Stops the foundation and all that runs on it", operations.powerOff),
    power_state: observing("Whether the foundation is on or off", async (target, context) => {
      const seen = await operations.observe(target, context);
      return { power: seen.power };
    }),
    wait_for_poweroff: moduleFunction({
      summary: "Waits until the foundation is off",
      parameters: driverParameters,
      safeToRepeat: true,
      // Not in turn: others may have to switch it off.
      run: async (parameters, context) => {
        const target = targetOf(parameters);
        while ((await operations.observe(target, context)).power === "on") {
          await pause(POWER_LOOK_MILLISECONDS, context);
        }
        return { power: "off" };
      },
    }),
    link_test: observing("Whether the way to the foundation works", async (target, context) =>
      operations.linkTest === undefined ? true : operations.linkTest(target, context),
    ),
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

/**
 * A text in attributes that may be kept as a secret. Documents refer to it by `{"$secret": NAME}`, which is right when they are checked and
 * becomes an empty text; a driver is given the text itself.
 */
export const secretText = z
  .union([z.string().min(1), z.strictObject({ $secret: z.string().min(1) })], {
    error: ({ input }) => (input === undefined ? "is missing" : 'is a text, or {"$secret": NAME}'),
  })
  .transform((value) => (typeof value === "string" ? value : ""));

/** Attributes with their defaults. Throws `foundation_attributes_invalid`. */
export function parseAttributes<Schema extends z.ZodObject>(
  type: string,
  schema: Schema,
  value: JsonObject,
): z.output<Schema> {
  const [sealed] = secretNamesIn(value);
  if (sealed !== undefined) {
    const why = `the secret '${sealed}' they refer to was not opened for this worker`;
    throw new GantryError(FOUNDATION_ATTRIBUTES_INVALID, `attributes of a ${type} foundation: ${why}`);
  }
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

function targetWith<Attributes>(
  { foundation, join }: DriverParameters,
  parse: (given: JsonObject) => Attributes,
): Target<Attributes> {
  let parsed: { readonly attributes: Attributes } | undefined;
  return {
    id: foundation.id,
    name: foundation.name,
    hostname: foundation.hostname ?? foundation.name,
    addresses: foundation.addresses,
    get attributes() {
      parsed ??= { attributes: parse(foundation.attributes as JsonObject) };
      return parsed.attributes;
    },
    given: foundation.attributes as JsonObject,
    interfaces: foundation.interfaces,
    host: foundation.host ?? null,
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

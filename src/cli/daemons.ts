import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Module } from "../link/index.ts";
import { createLogger } from "../platform/logging/index.ts";
import type { ModulePlace } from "../server/index.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { VERSION } from "./version.ts";

/** `gantry agent`. */
export async function agent(_context: unknown, options: Record<string, unknown>): Promise<number> {
  const [{ runAgent }, { agentConfiguration }] = await Promise.all([
    import("../agent/index.ts"),
    import("../executor/index.ts"),
  ]);
  const signal = stopping();
  const { logLevel, ...settled } = await agentConfiguration(
    { ...switches(options), home: options["home"] },
    process.env,
  );
  return runAgent({ ...settled, version: VERSION, log: createLogger(logLevel), signal });
}

/** `gantry worker [run]`. */
export async function worker(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  const [{ runWorker }, { workerConfiguration }] = await Promise.all([
    import("../worker/index.ts"),
    import("../executor/index.ts"),
  ]);
  const signal = stopping();
  const { logLevel, ...settled } = await workerConfiguration(
    { ...switches(options), site: options["site"], modules: options["modules"] },
    process.env,
  );
  const modules = await modulesNamed(context, settled.modules);
  const limits = limitsOf(options["limit"] as readonly string[] | undefined, modules);
  await runWorker({ ...settled, modules, limits, version: VERSION, log: createLogger(logLevel), signal });
  return EXIT.ok;
}

function stopping(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort(new Error("stopping")));
  return stop.signal;
}

/** Switches as commander names them, under the names settings have in a configuration file. */
function switches(options: Record<string, unknown>): Record<string, unknown> {
  const { server, join, name, state, transport, heartbeatInterval, logLevel, debug } = options;
  return {
    server_address: server,
    join_token: join,
    name,
    state,
    transport,
    heartbeat_interval: heartbeatInterval,
    log_level: logLevel,
    debug,
  };
}

/** The modules of these names, as this process can do them. */
async function modulesNamed(context: CommandContext, names: readonly string[]): Promise<Module[]> {
  const { makeModule, MODULE_NAMES } = await import("../server/index.ts");
  const place: ModulePlace = {
    dataFolder: context.dataFolder,
    agentCommand: [process.execPath, ...process.execArgv, process.argv[1]!, "agent"],
    environment: process.env,
  };
  return names.map((name) => {
    const made = makeModule(name, place);
    if (made !== undefined) return made;
    const near = nearest(name, MODULE_NAMES);
    throw new GantryError(USAGE, `there is no module '${name}'`, {
      hint: near === undefined ? `Modules are: ${MODULE_NAMES.join(", ")}.` : `Did you mean '${near}'?`,
    });
  });
}

function limitsOf(given: readonly string[] | undefined, modules: readonly Module[]): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const text of given ?? []) {
    const [, name = "", count = ""] = /^([a-z]+)=([1-9][0-9]{0,4})$/.exec(text) ?? [];
    if (!modules.some((module) => module.name === name))
      throw new GantryError(USAGE, `--limit ${text} is not MODULE=COUNT for a module this worker offers`);
    limits[name] = Number(count);
  }
  return limits;
}

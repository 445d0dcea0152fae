import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Module, Transport } from "../link/index.ts";
import { createLogger } from "../platform/logging/index.ts";
import type { ModulePlace } from "../server/index.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { VERSION } from "./version.ts";

/** `gantry agent`. */
export async function agent(_context: unknown, options: Record<string, unknown>): Promise<number> {
  const { runAgent } = await import("../agent/index.ts");
  await runAgent({ ...common(options), home: String(options["home"]) });
  return EXIT.ok;
}

/** `gantry worker [run]`. */
export async function worker(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  const { runWorker } = await import("../worker/index.ts");
  const modules = await modulesNamed(context, String(options["modules"]).split(","));
  const site = textOr(options["site"], undefined);
  await runWorker({
    ...common(options),
    ...(site === undefined ? {} : { site }),
    modules,
    limits: limitsOf(options["limit"] as readonly string[] | undefined, modules),
  });
  return EXIT.ok;
}

function common(options: Record<string, unknown>) {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort(new Error("stopping")));
  const token = textOr(options["join"], process.env["GANTRY_JOIN_TOKEN"]);
  const urls = (options["server"] as readonly string[] | undefined) ?? process.env["GANTRY_SERVER_ADDRESS"]?.split(",");
  // Nothing that is started from here gets to see the token.
  delete process.env["GANTRY_JOIN_TOKEN"];
  const name = textOr(options["name"], undefined);
  if ((token === undefined) !== (urls === undefined)) {
    throw new GantryError(USAGE, "to join, both the server's address and a join token are needed", {
      hint: "Give --server URL and --join TOKEN; `gantry join-token` makes one.",
    });
  }
  return {
    state: String(options["state"]),
    ...(name === undefined ? {} : { name }),
    ...(token === undefined || urls === undefined
      ? {}
      : { join: { urls: [...urls], token, ...(name === undefined ? {} : { name }) } }),
    transport: options["transport"] as Transport,
    version: VERSION,
    log: createLogger("info"),
    signal: stop.signal,
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

function textOr(value: unknown, other: string | undefined): string | undefined {
  return typeof value === "string" ? value : other;
}

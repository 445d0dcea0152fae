import { resolve } from "node:path";
import { createClient, type ClientOptions, type GantryClient } from "../client/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { endpointNamed, endpointsFile, readEndpoints } from "./endpoints.ts";
import { ENDPOINT_UNKNOWN, USAGE } from "./errors.ts";
import type { OutputFormat } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Absolute path of the folder that holds the local server's data, log, pid and socket. */
  readonly dataFolder: string;
  readonly output: OutputFormat;
  /** Which server is asked. Undefined: the one of the data folder. */
  readonly endpoint: { readonly name: string; readonly url: string } | undefined;
  /** Errors when it is used first: those of finding out which server is meant. */
  readonly client: GantryClient;
}

export interface GlobalOptions {
  readonly data?: string;
  readonly tenant?: string;
  readonly endpoint?: string;
  readonly output?: OutputFormat;
}

/** Bytes of a file with a token. */
const LONGEST_TOKEN = 4096;

type Target = Pick<CommandContext, "endpoint"> & {
  readonly address: ClientOptions;
  readonly tenant?: string | undefined;
};

/**
 * Flag, then environment, then default. `local`: the command is about the server of the data folder, whatever endpoint is in use.
 *
 * Errors: `usage`.
 */
export async function commandContext(
  terminal: Terminal,
  options: GlobalOptions,
  local = false,
): Promise<CommandContext> {
  const dataFolder = resolve(options.data ?? process.env["GANTRY_DATA"] ?? ".gantry");
  if (local && options.endpoint !== undefined && options.endpoint !== "local")
    throw new GantryError(USAGE, "this command is about the server of the data folder, and takes no --endpoint");
  const told = new Set<string>();
  /** Said once for each backend, however many pages lack it. */
  function missing(backends: readonly string[]): void {
    for (const name of backends) {
      if (told.has(name)) continue;
      told.add(name);
      terminal.error(`Not all is shown: backend '${name}' cannot be read (gantry backend status ${name})\n`);
    }
  }
  const here: Target = { endpoint: undefined, address: { dataFolder } };
  // A command that mends the endpoints must run while they are broken.
  const target = local ? here : await targetOf(options, here).catch((error: unknown) => ({ error }));
  let client: GantryClient | undefined;
  return {
    terminal,
    dataFolder,
    output: options.output ?? "table",
    endpoint: "error" in target ? undefined : target.endpoint,
    get client() {
      if ("error" in target) throw target.error;
      const tenant = options.tenant ?? (process.env["GANTRY_TENANT"] || undefined) ?? target.tenant;
      client ??= createClient({ ...target.address, tenant, missing });
      return client;
    },
  };
}

/** Which server is meant. */
async function targetOf(options: GlobalOptions, here: Target): Promise<Target> {
  const environment = process.env;
  if (options.endpoint === "local") return here;
  if (options.endpoint === undefined) {
    if (options.data !== undefined) return here;
    if (environment["GANTRY_URL"]) return inEnvironment(environment["GANTRY_URL"], environment);
    if (environment["GANTRY_DATA"]) return here;
  }
  const known = await readEndpoints(endpointsFile());
  const name = options.endpoint ?? known.current;
  if (name === undefined) return here;
  const { url, token, ca, tenant } = endpointNamed(known, name);
  if (token === undefined)
    throw new GantryError(ENDPOINT_UNKNOWN, `nobody is logged in to endpoint '${name}'`, {
      hint: `Log in: \`gantry login ${name}\`.`,
    });
  return { endpoint: { name, url }, address: { url, token, authority: ca }, tenant };
}

async function inEnvironment(url: string, environment: NodeJS.ProcessEnv): Promise<Target> {
  const { GANTRY_TOKEN: given, GANTRY_TOKEN_FILE: tokenFile, GANTRY_CA: file } = environment;
  const token = given || (tokenFile ? await tokenIn(tokenFile) : "");
  if (token === "")
    throw new GantryError(USAGE, "GANTRY_URL is set, and neither GANTRY_TOKEN nor GANTRY_TOKEN_FILE is");
  let authority: string | undefined;
  try {
    authority = file ? process.getBuiltinModule("node:fs").readFileSync(file, "utf8") : undefined;
  } catch (cause) {
    throw new GantryError(USAGE, `GANTRY_CA: ${messageOf(cause)}`, { cause });
  }
  return { endpoint: { name: "(GANTRY_URL)", url }, address: { url, token, authority } };
}

async function tokenIn(file: string): Promise<string> {
  const { readPrivateFile } = await import("../platform/files/index.ts");
  return (await readPrivateFile(file, LONGEST_TOKEN)).toString("utf8").trim();
}

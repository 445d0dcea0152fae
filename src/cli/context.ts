import { resolve } from "node:path";
import { createClient, type GantryClient } from "../client/index.ts";
import type { OutputFormat } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Absolute path of the folder that holds the local server's data, log, pid and socket. */
  readonly dataFolder: string;
  readonly output: OutputFormat;
  readonly client: GantryClient;
}

export interface GlobalOptions {
  readonly data?: string;
  readonly tenant?: string;
  readonly output?: OutputFormat;
}

/** Flag, then environment, then default. */
export function commandContext(terminal: Terminal, options: GlobalOptions): CommandContext {
  const dataFolder = resolve(options.data ?? process.env["GANTRY_DATA"] ?? ".gantry");
  return {
    terminal,
    dataFolder,
    output: options.output ?? "table",
    client: createClient({ dataFolder, tenant: options.tenant ?? (process.env["GANTRY_TENANT"] || undefined) }),
  };
}

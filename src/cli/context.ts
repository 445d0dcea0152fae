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
  const told = new Set<string>();
  /** Said once for each backend, however many pages lack it. */
  function missing(backends: readonly string[]): void {
    for (const name of backends) {
      if (told.has(name)) continue;
      told.add(name);
      terminal.error(`Not all is shown: backend '${name}' cannot be read (gantry backend status ${name})\n`);
    }
  }
  return {
    terminal,
    dataFolder,
    output: options.output ?? "table",
    client: createClient({
      dataFolder,
      tenant: options.tenant ?? (process.env["GANTRY_TENANT"] || undefined),
      missing,
    }),
  };
}

import { startServer } from "../../server/index.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../failure.ts";
import { untilSignal } from "../signals.ts";
import { VERSION } from "../version.ts";
import { SERVER_FLAGS } from "./background.ts";
import { compileForAgents } from "./compiled.ts";

/** `gantry server`: in the foreground until SIGTERM or Ctrl-C. What it built goes on running. */
export async function runForeground(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  const stop = untilSignal();
  const server = await startServer({ ...startOptions(context), flags: serverFlags(options) });
  await compileForAgents();
  context.terminal.error(`Listening on ${server.urls.join(", ")}; data in ${context.dataFolder}\n`);
  await stop;
  await server.close();
  return EXIT.ok;
}

/** Options as commander names them, under the names settings have in a configuration file. */
export function serverFlags(options: Record<string, unknown>): Record<string, unknown> {
  return {
    listen: options["listen"],
    tls_cert: options["tlsCert"],
    tls_key: options["tlsKey"],
    database: options["database"],
    log_level: options["logLevel"],
    debug: options["debug"],
    heartbeat_interval: options["heartbeatInterval"],
  };
}

/** What every server started by this program has in common. */
export function startOptions(context: CommandContext) {
  return {
    dataFolder: context.dataFolder,
    environment: process.env,
    version: VERSION,
    // An agent is this same program, and a small one.
    agentCommand: [
      process.execPath,
      ...process.execArgv.filter((flag) => !SERVER_FLAGS.includes(flag)),
      process.argv[1]!,
      "agent",
    ],
  };
}

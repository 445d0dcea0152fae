import "./memory.ts";
import { parseArgs } from "node:util";
import { agentConfiguration } from "../executor/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { createLogger } from "../platform/logging/index.ts";
import { runAgent } from "./agent.ts";

/**
 * The agent as a program of its own: what is sent to machines that have nothing. `gantry agent` of the command line does the same with more
 * comfort.
 */

const USAGE =
  "usage: agent [--state DIR] [--home DIR] [--server ADDRESS]… [--join TOKEN] [--name NAME] [--transport auto|websocket|poll] [--heartbeat-interval SECONDS] [--debug]";

async function main(): Promise<number> {
  const given = process.argv.slice(2);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort(new Error("stopping")));
  const { logLevel, ...settled } = await agentConfiguration(
    switches(given[0] === "agent" ? given.slice(1) : given),
    process.env,
  );
  return runAgent({
    ...settled,
    // Written into the bundle when it is made.
    version: process.env.GANTRY_VERSION ?? "unknown",
    log: createLogger(logLevel),
    signal: stop.signal,
  });
}

function switches(given: string[]): Readonly<Record<string, unknown>> {
  try {
    const { values } = parseArgs({
      args: given,
      options: {
        state: { type: "string" },
        home: { type: "string" },
        server: { type: "string", multiple: true },
        join: { type: "string" },
        name: { type: "string" },
        transport: { type: "string" },
        "heartbeat-interval": { type: "string" },
        debug: { type: "boolean" },
      },
    });
    const { server, join, "heartbeat-interval": heartbeat, ...same } = values;
    return { ...same, server_address: server, join_token: join, heartbeat_interval: heartbeat };
  } catch (error) {
    throw new Error(`${messageOf(error)}\n${USAGE}`, { cause: error });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const code = error instanceof GantryError ? ` (${error.code})\n${error.hint}` : "";
  process.stderr.write(`agent: ${messageOf(error)}${code}\n`);
  process.exitCode = 1;
}
// A timer or a socket of ours that is still open must not keep a stopped agent alive.
setImmediate(() => process.exit());

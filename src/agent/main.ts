import { parseArgs } from "node:util";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { createLogger } from "../platform/logging/index.ts";
import { runAgent } from "./agent.ts";

/**
 * The agent as a program of its own: what is sent to machines that have nothing. `gantry agent` of the command line does the same with more
 * comfort.
 */

const USAGE =
  "usage: agent --state DIR [--home DIR] [--server URL]… [--join TOKEN] [--name NAME] [--transport auto|websocket|poll]";

async function main(): Promise<number> {
  const given = process.argv.slice(2);
  const { values } = parseArgs({
    args: given[0] === "agent" ? given.slice(1) : given,
    options: {
      state: { type: "string" },
      home: { type: "string", default: "/" },
      server: { type: "string", multiple: true },
      join: { type: "string" },
      name: { type: "string" },
      transport: { type: "string", default: "auto" },
    },
  });
  const { state, home, server, name, transport } = values;
  if (state === undefined || !isTransport(transport)) throw new Error(USAGE);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort(new Error("stopping")));
  const token = values.join ?? process.env["GANTRY_JOIN_TOKEN"];
  const urls = server ?? process.env["GANTRY_SERVER_ADDRESS"]?.split(",");
  // Nothing the agent starts gets to see the token.
  delete process.env["GANTRY_JOIN_TOKEN"];
  await runAgent({
    state,
    home,
    transport,
    ...(name === undefined ? {} : { name }),
    ...(token === undefined || urls === undefined
      ? {}
      : { join: { urls, token, ...(name === undefined ? {} : { name }) } }),
    // Written into the bundle when it is made.
    version: process.env.GANTRY_VERSION ?? "unknown",
    log: createLogger("info"),
    signal: stop.signal,
  });
  return 0;
}

function isTransport(text: string): text is "auto" | "websocket" | "poll" {
  return text === "auto" || text === "websocket" || text === "poll";
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

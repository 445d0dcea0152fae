import { GantryError } from "../../kernel/errors.ts";
import type { CommandContext } from "../context.ts";
import { USAGE } from "../errors.ts";
import { EXIT } from "../failure.ts";
import { printData } from "../output.ts";
import { ensureServer, serverState, stopServer } from "./background.ts";

/** Options of `server start` are handed on to the server as they are. */
const PASSED_ON = {
  listen: "--listen",
  tlsCert: "--tls-cert",
  tlsKey: "--tls-key",
  database: "--database",
  logLevel: "--log-level",
  debug: "--debug",
  heartbeatInterval: "--heartbeat-interval",
} as const;

/** `gantry server start`. */
export async function start(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  const args = Object.entries(PASSED_ON).flatMap(([name, flag]) => {
    const value = options[name];
    if (value === undefined) return [];
    if (value === true) return [flag];
    return [value].flat().flatMap((one) => [flag, String(one)]);
  });
  const started = await ensureServer(context, args);
  if (!started && args.length > 0) {
    throw new GantryError(
      USAGE,
      "a server already runs with this data folder; options cannot be changed while it runs",
      {
        hint: "Stop it first: `gantry server stop`.",
      },
    );
  }
  const { record } = await serverState(context);
  context.terminal.out(
    `${started ? "Server started" : "Server already runs"}: pid ${record?.pid ?? "?"}, ${record?.urls.join(", ") ?? ""}\n`,
  );
  return EXIT.ok;
}

/** `gantry server stop`. */
export async function stop(context: CommandContext): Promise<number> {
  await stopServer(context);
  context.terminal.out("Server stopped. What it built goes on running.\n");
  return EXIT.ok;
}

/** `gantry server status`: exit 0 when it runs, 1 when not. */
export async function status(context: CommandContext): Promise<number> {
  const { running, record } = await serverState(context);
  const shown =
    running && record !== undefined
      ? { running, ...record, dataFolder: context.dataFolder, ...(await partsOf(context)) }
      : { running, dataFolder: context.dataFolder };
  printData(context.terminal, context.output, JSON.parse(JSON.stringify(shown)));
  return running ? EXIT.ok : EXIT.failed;
}

/** How parts of it are that do not keep it from its work: `secrets: locked`. */
async function partsOf(context: CommandContext): Promise<Readonly<Record<string, string>>> {
  const { status: _status, ...parts } = await context.client.get<Readonly<Record<string, string>>>("/readyz");
  return parts;
}

import { startServer } from "../../server/index.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../failure.ts";
import { startOptions } from "../server/run.ts";
import { untilSignal } from "../signals.ts";

/** `gantry up --foreground`: the server runs in this process, and stays until it is interrupted. */
export async function upInForeground(context: CommandContext, work: () => Promise<number>): Promise<number> {
  const server = await startServer({ ...startOptions(context), flags: {} });
  try {
    const code = await work();
    if (code === EXIT.interrupted) return code;
    context.terminal.error("The server runs in the foreground. Ctrl-C stops it; what it built goes on running.\n");
    await untilSignal();
    return code;
  } finally {
    await server.close();
  }
}

import { parseArgs } from "node:util";
import { agent } from "./daemons.ts";
import { reportFailure } from "./failure.ts";
import { processTerminal } from "./terminal.ts";

/** `gantry agent` as drivers start it. Every other way of writing it is left to the whole program. Returns the exit code. */
export async function run(parameters: readonly string[]): Promise<number> {
  const options = plainOptions(parameters.slice(1));
  if (options === undefined) return (await import("./program.ts")).run(parameters);
  try {
    return await agent(undefined, options);
  } catch (thrown) {
    return reportFailure(processTerminal(), thrown);
  }
}

/** `--state DIR --home DIR` and nothing else, else undefined. */
function plainOptions(given: string[]): Record<string, unknown> | undefined {
  try {
    const { values } = parseArgs({ args: given, options: { state: { type: "string" }, home: { type: "string" } } });
    return values.state === undefined || values.home === undefined ? undefined : values;
  } catch {
    return undefined;
  }
}

import { type Module, moduleFunction } from "../../link/index.ts";
import { httpCheckParameters, pingParameters, waitForPortParameters } from "./model.ts";

export interface NetOptions {
  /** The program that pings. Default: `ping`. */
  readonly pingProgram?: string;
}

/** Looks at a time. Those that wait for a machine to start are many, and cost nothing. */
const LIMIT = 256;

/** Looks at the network from where the worker is. */
export function createNetModule({ pingProgram = "ping" }: NetOptions = {}): Module {
  return {
    name: "net",
    limit: LIMIT,
    functions: {
      ping: moduleFunction({
        summary: "Percent of packets that a machine answers, 0 to 100",
        parameters: pingParameters,
        safeToRepeat: true,
        run: async (wanted, context) => (await import("./ping.ts")).ping(wanted, { program: pingProgram }, context),
      }),
      wait_for_port: moduleFunction({
        summary: "Waits until a TCP port takes connections",
        parameters: waitForPortParameters,
        safeToRepeat: true,
        run: async (wanted, context) => ({ seconds: await (await import("./port.ts")).waitForPort(wanted, context) }),
      }),
      http_check: moduleFunction({
        summary: "Whether an HTTP address answers as it should",
        parameters: httpCheckParameters,
        safeToRepeat: true,
        run: async (check, context) => (await import("./http.ts")).httpCheck(check, context),
      }),
    },
  };
}

import { type Module, moduleFunction } from "../../link/index.ts";
import { executeParameters, fileParameters } from "./model.ts";

export interface SshModuleOptions {
  /** Files of known_hosts. Default: those of OpenSSH, of the worker's user and of its machine. */
  readonly knownHostsFiles?: readonly string[];
}

/** Connections at a time. */
const LIMIT = 16;

/** Commands and files on machines that have no agent. */
export function createSshModule(given: SshModuleOptions = {}): Module {
  async function options() {
    const { usualKnownHosts } = await import("./connection.ts");
    return { knownHostsFiles: given.knownHostsFiles ?? usualKnownHosts() };
  }
  return {
    name: "ssh",
    limit: LIMIT,
    functions: {
      execute: moduleFunction({
        summary: "Runs a command on a machine",
        parameters: executeParameters,
        safeToRepeat: false,
        run: async (parameters, context) =>
          (await import("./execute.ts")).execute(parameters, await options(), context),
      }),
      file: moduleFunction({
        summary: "Reads a file of a machine, or puts content into it in one step",
        parameters: fileParameters,
        safeToRepeat: true,
        run: async (parameters, context) => (await import("./file.ts")).file(parameters, await options(), context),
      }),
    },
  };
}

export { fingerprintOf, type HostKeys, keysInFile, together, typeOf, verdictOn, wantedTypes } from "./known-hosts.ts";

import type { Restored } from "../backup/index.ts";
import type { ConfigurationSources } from "./configure.ts";
import type { RestoreOptions } from "./restore.ts";
import type { RunningServer, StartOptions } from "./server.ts";

export { knownHere } from "./known.ts";
export { makeModule, MODULE_NAMES, type ModulePlace } from "./modules.ts";
export { SERVER_SETTINGS } from "./settings.ts";
export type { RunningServer, StartOptions };

/** See `server.ts`, which is loaded only by who starts one. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  return (await import("./server.ts")).startServer(options);
}

/** See `openapi.ts`. */
export async function openApiDocument(version?: string): Promise<object> {
  return (await import("./openapi.ts")).openApiDocument(version);
}

/** See `load.ts`. */
export async function loadServer(): Promise<void> {
  await (await import("./load.ts")).loadServer();
}

/** See `configure.ts`. */
export async function prepareCertificates(sources: ConfigurationSources): Promise<void> {
  await (await import("./configure.ts")).prepareCertificates(sources);
}

/** See `restore.ts`. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  return (await import("./restore.ts")).restoreBackup(options);
}

import { type BundleFile, jsonFile, linesFile } from "./bundle.ts";
import { versions } from "./facts.ts";
import { endOfLog, errorsIn } from "./log.ts";

/** What can be said while no server runs. */
export async function offlineFiles(version: string, dataFolder: string): Promise<readonly BundleFile[]> {
  const log = (await endOfLog(dataFolder)) ?? [];
  return [
    jsonFile("versions.json", "Gantry, Node and the machine", versions(version)),
    linesFile("server.log", "the end of the log of a server in the background, without values", log),
    linesFile("errors.log", "warnings and errors among these lines", errorsIn(log)),
  ];
}

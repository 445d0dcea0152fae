// What commands use of this room: the front door leads through the whole inventory, which a command that only reads documents does not need.

export { checkBundle, loadBundle, type LoadedBundle } from "./loader.ts";
export { checkBlueprintFiles, requireFiles } from "./blueprint-files.ts";

// What commands use of this room: the front door leads through the whole inventory, which a command does not need.

export { loadSource, type LoadedSource } from "./import-files.ts";
export type { ImportFormat } from "./import-model.ts";
export { vaultFolder, type ReadSecret } from "./vaulted-folder.ts";
export { checkPlace, placeFile, placeFolder } from "./bundle-folder.ts";

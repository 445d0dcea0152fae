// What commands use of this room: the front door leads through the server's part of it.

export { readKey } from "./keys.ts";
export type { BackupKey, Begin, LeftOut, Manifest } from "./model.ts";
export { checkBackup } from "./restore.ts";

export { FILE_NOT_PRIVATE, FOLDER_NOT_PRIVATE, LOCK_HELD } from "./errors.ts";
export { ensurePrivateFolder, readPrivateFile, syncFolder, writePrivateFile } from "./private.ts";
export { acquireLock } from "./lock.ts";
export { alignedBuffer, BLOCK, type FileWriter, writeAll, writerPastCache } from "./past-cache.ts";
export { isSameProcess, ownProcess, processStart, signalGroup, type ProcessRecord } from "./processes.ts";

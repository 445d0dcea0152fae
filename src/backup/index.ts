export type { BackupKey } from "./model.ts";
export { backupRoutes } from "./routes.ts";
export { createBackupService, type BackupService, type BackupServiceParts } from "./service.ts";
export { restore, type Restored } from "./restore.ts";

import { backupRoutes, createBackupService, type BackupServiceParts } from "../backup/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { createSupportService, supportRoutes, type SupportParts } from "../support/index.ts";

/** `place`: the database as the server was told, a file or a URL. */
export type UpkeepParts = Omit<SupportParts, "urls"> &
  Omit<BackupServiceParts, "database"> & { readonly place: BackupServiceParts["database"] };

/** What looks after the server itself: backups, and what helps to find faults. */
export function composeUpkeep(http: HttpServer, parts: UpkeepParts): { close(): Promise<void> } {
  const backups = createBackupService({ ...parts, database: parts.place });
  backupRoutes(http, backups);
  supportRoutes(http, createSupportService({ ...parts, urls: () => http.listeners.map((listener) => listener.url) }));
  return { close: () => backups.close() };
}

import type { Readable } from "node:stream";
import { type Audit, type Principal, SERVER_CHAIN } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/ids.ts";
import { createBackupMaker } from "./backup-thread.ts";
import { SCRYPT } from "./keys.ts";
import { type BackupKey, FORMAT } from "./model.ts";

export interface BackupServiceParts {
  readonly clock: Clock;
  readonly random: Random;
  /** The version of this program. */
  readonly version: string;
  /** File or URL, as the server has it. */
  readonly database: string;
  readonly dataFolder: string;
  readonly audit: Audit;
}

export interface BackupService {
  /**
   * A backup of this moment, sealed, while everything goes on. One at a time.
   *
   * Errors: `backup_running`, `backup_failed`, `database_in_memory`, `database_unreachable`.
   */
  begin(
    principal: Principal,
    key: BackupKey,
    withMasterKey: boolean,
  ): Promise<{ readonly name: string; readonly content: Readable }>;
  close(): Promise<void>;
}

export function createBackupService(parts: BackupServiceParts): BackupService {
  const { clock, random, version, audit, database, dataFolder } = parts;
  const maker = createBackupMaker(clock);
  return {
    async begin(principal, key, withMasterKey) {
      const made = new Date(clock.now()).toISOString();
      const header = {
        format: FORMAT,
        gantry: version,
        made,
        salt: random.token(16),
        scrypt: key.kind === "passphrase" ? SCRYPT : null,
      } as const;
      const content = await maker.begin({ database, dataFolder, key, withMasterKey, header });
      const subject = { kind: "server", id: null, name: "server" };
      await audit
        .record(principal, [{ chain: SERVER_CHAIN, action: "backup.made", subject, data: { made, withMasterKey } }])
        .catch((error: unknown) => {
          // What nobody could see later is not given away.
          content.destroy();
          throw error;
        });
      return { name: `gantry-${made.slice(0, 19).replaceAll(/[-:]/g, "")}Z.backup`, content };
    },
    close: () => maker.close(),
  };
}

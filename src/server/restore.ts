import { createAudit, SERVER_CHAIN } from "../access/index.ts";
import { restore, type BackupKey, type Restored } from "../backup/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createLogger } from "../platform/logging/index.ts";
import { MIGRATIONS } from "./migrations.ts";
import { settingsOf, type ConfigurationSources } from "./configure.ts";

export interface RestoreOptions extends ConfigurationSources {
  /** The backup. */
  readonly file: string;
  readonly key: BackupKey;
}

/** Makes the data folder, and the database a server is told of, from a backup. Errors: `configuration_invalid`, and those of `restore`. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const settings = await settingsOf(options);
  return restore({
    file: options.file,
    key: options.key,
    dataFolder: options.dataFolder,
    database: settings.database ?? undefined,
    migrations: MIGRATIONS,
    clock: systemClock,
    random: systemRandom,
    log: createLogger("warn"),
    restored(tx, database, { gantry, made }) {
      const subject = { kind: "server", id: null, name: "server" };
      const draft = { chain: SERVER_CHAIN, action: "backup.restored", subject, data: { gantry, made } };
      return createAudit({ database, clock: systemClock }).append(tx, [draft]);
    },
  });
}

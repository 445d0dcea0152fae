import { join } from "node:path";
import { auditMigrations, createAudit, NOWHERE } from "../../src/access/index.ts";
import { ADMINISTRATOR } from "../../src/access/testing.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { systemRandom } from "../../src/kernel/ids.ts";
import { createInProcessBus } from "../../src/platform/bus/index.ts";
import { migrate, openDatabase, type Database } from "../../src/platform/database/index.ts";
import { createEventStream, eventMigrations } from "../../src/platform/events/index.ts";
import { silentLogger } from "../../src/platform/logging/index.ts";
import { createSecrets, masterKeyInFolder, secretMigrations, type Secrets } from "../../src/secrets/index.ts";

/** The room of secrets alone, on a database and with a master key in a folder. */
export async function openSecretsIn(
  folder: string,
): Promise<{ readonly secrets: Secrets; readonly database: Database; close(): Promise<void> }> {
  const log = silentLogger();
  const clock = systemClock;
  const database = await openDatabase(join(folder, "gantry.db"), { clock, log });
  await migrate(database, [...eventMigrations, ...auditMigrations, ...secretMigrations], clock);
  const bus = createInProcessBus(log);
  const tenant = { kind: "tenant", id: ADMINISTRATOR.tenantId, name: "default", place: NOWHERE } as const;
  const secrets = createSecrets({
    database,
    events: createEventStream({ database, bus, clock, random: systemRandom }),
    audit: createAudit({ database, clock, bus }),
    owners: { of: async () => ({ byKey: () => tenant, named: () => tenant }) },
    once: (_tx, _tenantId, _request, _now, work) => work(),
    settings: masterKeyInFolder(folder),
    clock,
    random: systemRandom,
    log,
  });
  await secrets.start();
  return {
    secrets,
    database,
    async close() {
      await secrets.stop();
      await bus.close();
      await database.close();
    },
  };
}

// node secrets-crash-child.ts server FOLDER data|master: rotates, and ends. `server` is what die-at-commit.mjs looks for.
if (process.argv[2] === "server") {
  const [, , , folder = "", what] = process.argv;
  const { secrets, close } = await openSecretsIn(folder);
  if (what === "data") await secrets.keys.rotateData(ADMINISTRATOR);
  else await secrets.keys.rotateMaster(ADMINISTRATOR);
  await secrets.settled();
  await close();
}

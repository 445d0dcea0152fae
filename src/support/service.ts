import type { Readable } from "node:stream";
import { type Audit, type Principal, SERVER_CHAIN } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import { bundleOf, folderName, jsonFile } from "./bundle.ts";
import { resources, sizes } from "./facts.ts";
import { offlineFiles } from "./offline.ts";
import { toldSettings } from "./redact.ts";
import { countRows, jobStates, migrations, nodes } from "./store.ts";

export interface SupportParts {
  readonly clock: Clock;
  /** The version of this program. */
  readonly version: string;
  readonly database: Database;
  readonly dataFolder: string;
  readonly audit: Audit;
  /** What the server was told, by name. */
  readonly settings: Readonly<Record<string, unknown>>;
  ready(): Promise<boolean>;
  /** Where it listens. */
  urls(): readonly string[];
  /** For Prometheus. */
  metrics(): Promise<string>;
}

export interface SupportService {
  /** Everything that helps to find a fault, and nothing that is secret. */
  bundle(principal: Principal): Promise<{ readonly name: string; readonly content: Readable }>;
}

export function createSupportService(parts: SupportParts): SupportService {
  const { clock, database, dataFolder } = parts;

  async function health(): Promise<JsonObject> {
    const ready = await parts.ready().catch(() => false);
    return { ready, urls: parts.urls(), database: database.dialect, ...resources(), disk: await sizes(dataFolder) };
  }

  return {
    async bundle(principal) {
      const made = new Date(clock.now());
      const files = [
        ...(await offlineFiles(parts.version, dataFolder)),
        jsonFile("settings.json", "what the server was told", toldSettings(parts.settings)),
        jsonFile("health.json", "whether it is ready, what it uses, what is left", await health()),
        jsonFile("tables.json", "rows in each table, and the migrations of the database", {
          rows: await countRows(database),
          migrations: await migrations(database),
        }),
        jsonFile("nodes.json", "agents and workers, and when they were last seen", await nodes(database)),
        jsonFile("jobs.json", "how many jobs are in which state, and the newest ones", await jobStates(database)),
        { name: "metrics.txt", says: "the server's metrics at that moment", content: await parts.metrics() },
      ];
      const subject = { kind: "server", id: null, name: "server" };
      await parts.audit.record(principal, [{ chain: SERVER_CHAIN, action: "support.bundle_made", subject }]);
      const folder = folderName(made);
      return { name: `${folder}.tgz`, content: bundleOf(folder, files, made) };
    },
  };
}

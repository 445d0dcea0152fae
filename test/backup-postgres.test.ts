import { restoreSuite } from "../src/backup/restore.suite.ts";
import { postgresUrl } from "./support/databases.ts";
import { describeReal } from "./support/real.ts";

// From SQLite into SQLite it is run beside the code.

const file = { name: "SQLite", url: async () => undefined };
const server = { name: "PostgreSQL", url: postgresUrl };

describeReal("postgresql", "backups with PostgreSQL", () => {
  restoreSuite(server, server);
  restoreSuite(file, server);
  restoreSuite(server, file);
});

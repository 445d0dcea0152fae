import { globSync } from "node:fs";
import { join } from "node:path";
import type { OpenEmptyDatabase } from "../src/platform/database/index.ts";
import { openPostgres } from "./support/databases.ts";
import { describeReal } from "./support/real.ts";

// Every store, on PostgreSQL. On SQLite each room runs its own beside its code.

const root = join(import.meta.dirname, "..");

for (const path of globSync("src/**/{store,*-store}.suite.ts", { cwd: root }).sort()) {
  const { storeSuite } = (await import(join(root, path))) as { storeSuite: (open: OpenEmptyDatabase) => void };
  describeReal("postgresql", path, () => storeSuite(openPostgres));
}

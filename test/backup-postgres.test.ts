import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { restoreSuite } from "../src/backup/restore.suite.ts";
import { postgresUrl } from "./support/databases.ts";
import { createBench, fetchPage } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

// From SQLite into SQLite it is run beside the code, and with whole servers in backup.test.ts.

const file = { name: "SQLite", url: async () => undefined };
const server = { name: "PostgreSQL", url: postgresUrl };

describeReal("postgresql", "backups with PostgreSQL", () => {
  restoreSuite(server, server);
  restoreSuite(file, server);
  restoreSuite(server, file);

  describe("a whole server", () => {
    it("moves from SQLite to PostgreSQL, to another one, and back, and its agents do not notice", async () => {
      const bench = createBench();
      const sealed = ["--passphrase-file", "passphrase"];
      try {
        writeFileSync(join(bench.folder, "passphrase"), "correct horse battery staple", { mode: 0o600 });
        const site = bench.example("quickstart", "127.144");
        let environment: NodeJS.ProcessEnv = {};
        expect((await bench.gantry(["up", site, "--yes"])).code).toBe(0);
        for (const next of [await postgresUrl(), await postgresUrl(), undefined]) {
          const name = `${next === undefined ? "back" : new URL(next).pathname.slice(1)}.backup`;
          const made = await bench.gantry(["backup", "--out", name, ...sealed], environment);
          expect([made.code, made.error]).toEqual([0, ""]);
          expect((await bench.gantry(["server", "stop"], environment)).code).toBe(0);
          const kept = join(bench.folder, "foundations");
          renameSync(join(bench.dataFolder, "foundations"), kept);
          rmSync(bench.dataFolder, { recursive: true });
          environment = next === undefined ? {} : { GANTRY_DATABASE: next };
          const restored = await bench.gantry(["restore", name, ...sealed], environment);
          expect([restored.code, restored.error]).toEqual([0, ""]);
          const again = await bench.gantry(["restore", name, ...sealed, "--data", "other"], environment);
          if (next !== undefined) expect(again.error).toContain("restore_target_not_empty");
          renameSync(kept, join(bench.dataFolder, "foundations"));
          expect((await bench.gantry(["server", "start"], environment)).code).toBe(0);
          for (;;) {
            const { out } = await bench.gantry(["get", "nodes", "-o", "json"], environment);
            if ((JSON.parse(out) as { state: string }[]).every((node) => node.state === "connected")) break;
          }
          expect((await bench.gantry(["plan", site], environment)).out).toMatch(/no changes/);
          const audit = await bench.gantry(["audit", "verify"], environment);
          expect([audit.code, audit.error]).toEqual([0, ""]);
        }
        expect((await fetchPage("127.144.0.100"))?.status).toBe(200);
        expect((await bench.gantry(["down", "--purge", "--yes"])).code).toBe(0);
      } finally {
        expect(await bench.clear()).toEqual([]);
      }
    });
  });
});

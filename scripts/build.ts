import { chmodSync, copyFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { buildAgentBundle } from "../src/executor/index.ts";
import { writeClientTypes } from "./client-types.ts";
import { repository } from "./generated.ts";

// Makes `dist`, which is what is published: Node runs no TypeScript below node_modules. Dependencies stay outside, but for the agent: it is
// carried to machines that have nothing, so it is one file that holds everything.

const dist = join(repository, "dist");

/** What is started by itself: the program, the threads it starts by the name of their file; and what others import: the client. */
const ENTRIES = {
  main: "src/cli/main.js",
  client: "src/client/index.ts",
  "template-worker": "src/templates/worker.ts",
  "import-worker": "src/exchange/import-worker.ts",
  "export-worker": "src/exchange/export-worker.ts",
  "backup-worker": "src/backup/backup-worker.ts",
  "certificate-worker": "src/platform/http/certificate-worker.ts",
};

rmSync(dist, { recursive: true, force: true });
// Commands stay apart, so that each is loaded only when it is called. All files lie flat in one folder.
await build({
  absWorkingDir: repository,
  entryPoints: ENTRIES,
  outdir: dist,
  bundle: true,
  splitting: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node24",
  chunkNames: "[name]-[hash]",
  legalComments: "none",
  logLevel: "warning",
});
writeFileSync(join(dist, "agent.mjs"), await buildAgentBundle());
writeClientTypes(join(dist, "types"));
copyFileSync(join(repository, "scripts/published.sh"), join(dist, "gantry"));
chmodSync(join(dist, "gantry"), 0o755);

const files = readdirSync(dist, { recursive: true, encoding: "utf8" });
const bytes = files.reduce((sum, file) => sum + statSync(join(dist, file)).size, 0);
console.log(`dist: ${files.length} files, ${Math.round(bytes / 1024)} KiB`);

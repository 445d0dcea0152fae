import { spawnSync } from "node:child_process";
import { repository } from "./generated.ts";
import { CHECKS } from "./checks.ts";

// Runs every check, shows the output of those that fail, and fails when one did.

let failed = 0;
for (const check of CHECKS) {
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", check], {
    cwd: repository,
    encoding: "utf8",
  });
  console.log(`${status === 0 ? "ok    " : "failed"} ${check}`);
  if (status === 0) continue;
  failed += 1;
  console.log(stdout + stderr);
}
process.exitCode = failed === 0 ? 0 : 1;

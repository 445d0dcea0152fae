// Stands in for the agent in tests of drivers. It joins at the first address of its join file that answers, and runs until it is told to
// end. The variable STAND_IN changes what it does: `broken` ends at once, `lonely` never joins.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [, , verb, , state, , home] = process.argv;
if (process.env.STAND_IN === "broken") {
  console.error("cannot find my own feet");
  process.exit(3);
}
if (verb !== "agent") throw new Error(`not started as an agent: ${process.argv.join(" ")}`);
mkdirSync(home, { recursive: true });
process.on("SIGTERM", () => process.exit(0));
setInterval(() => undefined, 60_000);

const joining = join(state, "join.json");
if (process.env.STAND_IN !== "lonely" && existsSync(joining)) {
  const found = JSON.parse(readFileSync(joining, "utf8"));
  for (const url of found.urls) {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(found) }).catch(() => undefined);
    if (answer?.ok !== true) continue;
    writeFileSync(join(state, "identity.new"), JSON.stringify({ url, name: found.name }));
    renameSync(join(state, "identity.new"), join(state, "identity.json"));
    rmSync(joining);
    break;
  }
}

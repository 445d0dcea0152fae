// Loaded into a program by a test (node --import=file:…/die-at-commit.mjs?who=…), and by it into the programs it starts: ends a process by
// SIGKILL before or after its n-th durable write. A server's durable writes are commits, an agent's are syncs of files.
//   who=server|agent  at=n  when=before|after, or count=FILE to write down how many there were
import { writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { DatabaseSync, StatementSync } from "node:sqlite";

const options = new URL(import.meta.url).searchParams;
const at = Number(options.get("at") ?? 0);
const when = options.get("when") ?? "after";
const countFile = options.get("count") ?? undefined;
const who = options.get("who");
let writes = 0;
let inTransaction = false;

function durable(write) {
  writes += 1;
  if (countFile !== undefined) writeFileSync(countFile, String(writes));
  if (writes === at && when === "before") process.kill(process.pid, "SIGKILL");
  const own = writes;
  const result = write();
  const dies = own === at && when === "after";
  if (!(result instanceof Promise)) {
    if (dies) process.kill(process.pid, "SIGKILL");
    return result;
  }
  return result.then((value) => {
    if (dies) process.kill(process.pid, "SIGKILL");
    return value;
  });
}

if (who === "agent" && process.argv.includes("agent")) {
  const file = await open("/dev/null");
  const prototype = Object.getPrototypeOf(file);
  await file.close();
  for (const method of ["sync", "datasync"]) {
    const original = prototype[method];
    prototype[method] = async function () {
      return durable(() => original.call(this));
    };
  }
}

if (who === "server" && process.argv.includes("server")) {
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (sql) {
    const word = /^\s*(\w+)/.exec(sql)?.[1]?.toLowerCase();
    if (word === "commit") {
      inTransaction = false;
      return durable(() => exec.call(this, sql));
    }
    if (word === "begin") inTransaction = true;
    if (word === "rollback" && !/\bto\b/i.test(sql)) inTransaction = false;
    return exec.call(this, sql);
  };
  for (const method of ["run", "all", "get"]) {
    const original = StatementSync.prototype[method];
    StatementSync.prototype[method] = function (...values) {
      const word = /^\s*(\w+)/.exec(this.sourceSQL)?.[1]?.toLowerCase();
      const writesAlone = !inTransaction && ["insert", "update", "delete"].includes(word);
      return writesAlone ? durable(() => original.apply(this, values)) : original.apply(this, values);
    };
  }
}

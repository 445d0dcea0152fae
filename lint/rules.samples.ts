/**
 * Samples for the linter, by path. A line that ends in `// bad: RULE` breaks that rule; every other line is good. They stand in texts,
 * so that the linter does not find them here.
 */
export const samples: Readonly<Record<string, string>> = {
  "src/kernel/ids.ts": `import { invariant } from "./errors.ts";
import { readFileSync } from "node:fs"; // bad: gantry/pure-files
import { createHash } from "node:crypto";
import { place } from "../inventory/index.ts"; // bad: gantry/rooms
export const ids = [invariant, readFileSync, createHash, place, Date.now()];
`,
  "src/jobs/service.ts": `import { GantryError } from "../kernel/errors.ts";
import { database } from "../platform/database/index.ts";
import { migrations } from "../platform/database/migrations.ts"; // bad: gantry/rooms
import { lint } from "../tscript/index.ts";
import { parse } from "../tscript/parse.ts"; // bad: gantry/rooms
import { fleet } from "../fleet/index.ts"; // bad: gantry/rooms
import type { Node } from "../fleet/model.ts"; // bad: gantry/rooms
import { helper } from "../../test/support/helper.ts"; // bad: gantry/rooms
import { sample } from "./service.test.ts"; // bad: gantry/rooms
export * from "../runs/index.ts"; // bad: gantry/rooms
export { one } from "../design/index.ts"; // bad: gantry/rooms
import * as store from "./store.ts";
export type Later = import("../cli/index.ts").Cli; // bad: gantry/rooms
export const all = [GantryError, database, migrations, lint, parse, fleet, helper, sample, store];
export type { Node };
export async function late(): Promise<unknown> {
  return import("../worker/index.ts"); // bad: gantry/rooms
}
`,
  "src/jobs/service.test.ts": `import { fleet } from "../fleet/service.ts";
import { helper } from "../../test/support/helper.ts";
export const all = [fleet, helper, Date.now()];
`,
  "src/attic/index.ts": `import { GantryError } from "../kernel/errors.ts"; // bad: gantry/rooms
export const attic = GantryError;
`,
  "src/worker/index.ts": `import { attic } from "../attic/index.ts"; // bad: gantry/rooms
import { docker } from "../drivers/docker/index.ts";
import { engine } from "../drivers/docker/engine.ts"; // bad: gantry/rooms
import { all } from "../drivers/index.ts";
export const worker = [attic, docker, engine, all];
`,
  "src/drivers/docker/index.ts": `import { engine } from "./engine.ts";
import { local } from "../local/index.ts";
import { folder } from "../local/folder.ts"; // bad: gantry/rooms
import { shared } from "../shared.ts";
export const docker = [engine, local, folder, shared];
`,
  "src/drivers/shared.ts": `import { folder } from "./local/folder.ts";
export const shared = folder;
`,
  "src/cli/tscript.ts": `import { check } from "../tscript/commands.ts";
import { parse } from "../tscript/parse.ts"; // bad: gantry/rooms
export const commands = [check, parse];
`,
  "src/tscript/lint.ts": `import { resolve } from "../variables/index.ts"; // bad: gantry/rooms
export const lint = resolve;
`,
  "src/templates/render.ts": `import { log } from "../platform/logging/index.ts"; // bad: gantry/rooms
export const render = log;
`,
  "src/inventory/model.ts": `import { z } from "zod";
import { join } from "node:path/posix";
import { get } from "node:http"; // bad: gantry/pure-files
import { spawn } from "node:child_process"; // bad: gantry/pure-files
import { sql } from "kysely"; // bad: gantry/pure-files
import type { FastifyInstance } from "fastify"; // bad: gantry/pure-files
import { save } from "./store.ts"; // bad: gantry/pure-files
import type { Place } from "../kernel/errors.ts";
export * from "./names.ts";
export const all = [z, join, get, spawn, sql, save];
export type { FastifyInstance, Place };
`,
  "src/inventory/store.ts": `import { sql } from "kysely";
import { readFile } from "node:fs/promises";
export const store = [sql, readFile];
`,
  "src/agent/run.ts": `import { exec } from "node:child_process"; // bad: gantry/no-shell
import { execSync as now, execFile, spawn } from "node:child_process"; // bad: gantry/no-shell
import * as processes from "node:child_process";
export const one = processes.exec("ls"); // bad: gantry/no-shell
export const two = spawn("ls", ["-l"], { shell: true }); // bad: gantry/no-shell
export const three = spawn("ls", ["-l"], { "shell": "/bin/sh" }); // bad: gantry/no-shell
export const four = [spawn("ls", [], { shell: false }), /a/.exec("a"), exec, now, execFile, processes.spawn("ls")];
export const expires = new Date(); // bad: gantry/time-and-chance
export const known = new Date(0);
export const seen = Date.now(); // bad: gantry/time-and-chance
export const dice = Math.random(); // bad: gantry/time-and-chance
`,
  "src/server/start.ts": `import type { Logger } from "../platform/logging/index.ts";
export function start(log: Logger, port: number, server: { readonly log: Logger }): void {
  log.info({ port }, "listening");
  log.info(\`listening\`);
  log.info(\`listening on \${port}\`); // bad: gantry/constant-log-message
  server.log.warn({ port }, "listening on " + port); // bad: gantry/constant-log-message
  console.log("listening"); // bad: eslint/no-console
}
`,
  "src/server/any.ts": `export default function start(): void {} // bad: import/no-default-export
export const anything: any = 1; // bad: typescript/no-explicit-any
`,
  "src/server/circle.ts": `import { other } from "./other.ts"; // bad: import/no-cycle
export const circle: unknown = () => other;
`,
  "src/server/other.ts": `import { circle } from "./circle.ts"; // bad: import/no-cycle
export const other: unknown = () => circle;
`,
  "test/wait.test.ts": `import { setInterval, setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
it("waits", async () => {
  await delay(10); // bad: gantry/no-sleep
  await new Promise((resolve) => setTimeout(resolve, 10)); // bad: gantry/no-sleep
  await new Promise<void>((done) => { setTimeout(() => done(), 10); }); // bad: gantry/no-sleep
  await new Promise<void>((resolve, reject) => {
    setTimeout(() => reject(new Error("too late")), 1000);
    resolve();
  });
  let looks = 0;
  while (looks < 3) {
    looks += 1;
    await delay(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); // bad: gantry/no-sleep
  expect([setInterval, looks]).toHaveLength(2);
});
`,
};

import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMINISTRATOR } from "../src/access/testing.ts";
import { ROOT } from "./support/gantry.ts";
import { openSecretsIn } from "./support/secrets-crash-child.ts";

/** A program that is killed (`kill -9`) at any durable write of a rotation loses nothing, and goes on when it is started again. */

const SECRETS = 600;

let folder: string;
let ids: readonly string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-secrets-crash-"));
  const { secrets, close } = await openSecretsIn(folder);
  const made: string[] = [];
  for (let number = 0; number < SECRETS; number += 1) {
    const name = `n${number}`;
    const owner = { kind: "tenant", name: "default" } as const;
    const data = { kind: "text", value: Buffer.from(`value of ${name}`), description: "", expiresAt: null } as const;
    made.push((await secrets.service.create(ADMINISTRATOR, { name, owner, ...data })).id);
  }
  ids = made.sort();
  await close();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Rotates in a process of its own. Returns how it ended: `SIGKILL`, or nothing. */
function rotate(what: "data" | "master", doom: Record<string, string>): Promise<string | null> {
  const hook = pathToFileURL(join(ROOT, "test/support/die-at-commit.mjs"));
  hook.search = new URLSearchParams({ who: "server", ...doom }).toString();
  const child = join(ROOT, "test/support/secrets-crash-child.ts");
  const words = [`--import=${hook.href}`, "--disable-warning=ExperimentalWarning", child, "server", folder, what];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, words, (error, _out, said) => {
      if (error !== null && error.signal !== "SIGKILL") reject(new Error(said));
      else resolve(error?.signal ?? null);
    });
  });
}

async function expectWhole(point: string): Promise<void> {
  const { secrets, database, close } = await openSecretsIn(folder);
  await secrets.settled();
  const status = await secrets.keys.status(ADMINISTRATOR);
  expect([point, status]).toEqual([point, expect.objectContaining({ state: "open", secrets: SECRETS, left: 0 })]);
  const rows = await database.kysely.selectFrom("secret").selectAll().execute();
  expect([point, rows.map(({ id }) => id).sort()]).toEqual([point, ids]);
  for (const { name, sealed } of rows) {
    const context = ["secret", "tenant", ADMINISTRATOR.tenantId, name];
    const value = (await secrets.sealer.open(ADMINISTRATOR.tenantId, sealed, context)).toString();
    if (value !== `value of ${name}`) expect([point, name, value]).toEqual([point, name, `value of ${name}`]);
  }
  await close();
  expect([point, readdirSync(folder).filter((name) => name.endsWith(".next"))]).toEqual([point, []]);
}

describe.each(["data", "master"] as const)("a new %s key", (what) => {
  it("may be cut off at any durable write", async () => {
    const count = join(folder, "count");
    expect(await rotate(what, { count })).toBeNull();
    const writes = Number(readFileSync(count, "utf8"));
    // The key and its entry in the audit are one write; each batch of secrets is another.
    expect(writes).toBeGreaterThan(what === "data" ? 3 : 0);
    let killed = 0;
    for (let at = 1; at <= writes; at += 1)
      for (const when of ["before", "after"]) {
        killed += (await rotate(what, { at: String(at), when })) === "SIGKILL" ? 1 : 0;
        await expectWhole(`killed ${when} write ${at} of ${writes}`);
      }
    expect(killed).toBeGreaterThan(what === "data" ? 6 : 1);
  });
});

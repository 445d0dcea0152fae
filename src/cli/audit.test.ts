import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { auditMigrations, createAudit, createAuditReader } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { systemClock } from "../kernel/clock.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { run } from "./program.ts";
import { testTerminal } from "./testing.ts";

const chain = ADMINISTRATOR.tenantId;
let file: string;
let lines: string[];
let head: string;

beforeEach(async () => {
  const database = await openSqlite(auditMigrations);
  const bus = createInProcessBus(silentLogger());
  onTestFinished(() => bus.close());
  const audit = createAudit({ database, clock: systemClock });
  const names = ["one", "two\u2028", "three", "four"];
  const drafts = names.map((name) => ({ chain, action: "thing.done", subject: { kind: "thing", id: null, name } }));
  await audit.record(ADMINISTRATOR, drafts);
  const folder = mkdtempSync(join(tmpdir(), "gantry-audit-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  file = join(folder, "audit.jsonl");
  lines = [];
  for await (const line of createAuditReader({ database, audit, bus, clock: systemClock }).lines(chain, 1, {}))
    lines.push(line);
  const { seq, hash } = await audit.head(chain);
  head = `${seq}:${hash}`;
});

async function verify(kept: readonly string[], ...options: readonly string[]) {
  writeFileSync(file, kept.map((line) => `${line}\n`).join(""));
  const { terminal, out, error } = testTerminal();
  const code = await run(["audit", "verify", file, ...options], terminal);
  return { code, said: `${out()}${error()}` };
}

describe("gantry audit verify FILE", () => {
  it("finds an export as it was written, whole or a part of it", async () => {
    expect(await verify(lines, "--head", head)).toEqual({
      code: 0,
      said: `4 entries as they were written, up to ${head}\n`,
    });
    expect((await verify(lines.slice(2))).said).toContain("2 entries (from entry 3 on) as they were written");
    expect(await verify([])).toEqual({ code: 0, said: "0 entries as they were written\n" });
  });

  it("ends with 1 and names the first entry that is not", async () => {
    const changed = lines.map((line, at) => (at === 2 ? line.replace("three", "3") : line));
    expect(await verify(changed)).toEqual({
      code: 1,
      said: "The audit was tampered with: entry 3 was changed: it does not have its hash.\n2 entries before it as they were written.\n",
    });
    expect(await verify(lines.filter((_, at) => at !== 1))).toMatchObject({ code: 1 });
    expect((await verify(lines.slice(0, 3), "--head", head)).said).toContain("entry 4 is missing");
    expect((await verify([...lines, "{}"])).said).toContain("line 5 is not a line of an export");
  });

  it("refuses what cannot be compared, and a head that is none", async () => {
    const early = `1:${"0".repeat(64)}`;
    expect(await verify(lines.slice(2), "--head", early)).toMatchObject({ code: 2 });
    expect((await verify(lines, "--head", "4")).said).toContain("is not SEQ:HASH");
    expect(await verify(lines, "--server")).toMatchObject({ code: 2 });
  });
});

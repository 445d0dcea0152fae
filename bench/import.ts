/**
 * An import of 100,000 structures in 1,000 groups, 20 variables each: from the bytes of a request to the commit, and again, when nothing has
 * changed. Beside it the same rows written by node:sqlite alone, and JSON.parse of the same text.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImportReader } from "../src/exchange/import-reader.ts";
import { openImportBench } from "../src/exchange/testing/imports.ts";
import { systemClock } from "../src/kernel/clock.ts";
import type { JsonObject } from "../src/kernel/json.ts";
import type { Measurement } from "../scripts/measurement.ts";
import { inventoryData, type InventoryData } from "./inventory-data.ts";

const STRUCTURES = 100_000;

export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  try {
    const data = inventoryData(STRUCTURES);
    const text = inventoryText(data);
    const parse = seconds(() => JSON.parse(text));
    const raw = seconds(() => insertRows(join(folder, "raw.db"), data));
    const bench = await openImportBench(`sqlite:${join(folder, "import.db")}`, createImportReader(systemClock));
    try {
      const source = { name: "bench", files: [{ path: "inventory.json", text }] };
      const planned = await secondsOf(() => bench.plan(source));
      const applied = await secondsOf(() => bench.apply(source));
      const again = await secondsOf(async () => {
        if (!(await bench.plan(source)).empty) throw new Error("the second import changes something");
      });
      const rows = "the same rows by node:sqlite alone";
      return [
        measured("100,000 structures, written, SQLite", applied, raw, rows, 30),
        measured("100,000 structures, planned", planned, parse, "JSON.parse of the same text"),
        measured("100,000 structures, planned again: no changes", again, parse, "JSON.parse of the same text"),
      ];
    } finally {
      await bench.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measured(name: string, value: number, baseline: number, baselineName: string, limit?: number): Measurement {
  const ratio = value / baseline;
  return { name, value, unit: "s", baseline, baselineName, ratio, ...(limit === undefined ? {} : { limit }) };
}

function seconds(work: () => unknown): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** As a dynamic inventory of Ansible says it. */
function inventoryText({ groups, structures }: InventoryData): string {
  const inventory = new Map<string, { hosts: string[]; children: string[]; vars: JsonObject }>();
  for (const { name, variables } of groups) inventory.set(name, { hosts: [], children: [], vars: variables });
  for (const { name, parent } of groups) if (parent !== null) inventory.get(parent)?.children.push(name);
  for (const { name, groups: names } of structures) for (const group of names) inventory.get(group)?.hosts.push(name);
  const hostvars = Object.fromEntries(structures.map(({ name, variables }) => [name, variables]));
  return JSON.stringify({ ...Object.fromEntries(inventory), _meta: { hostvars } });
}

function insertRows(file: string, { groups, structures }: InventoryData): void {
  const database = new DatabaseSync(file);
  database.exec(
    "pragma journal_mode = wal; pragma synchronous = full; create table row (id text primary key, name text not null unique, groups text, variables text)",
  );
  const insert = database.prepare("insert into row values (?, ?, ?, ?)");
  database.exec("begin immediate");
  for (const { id, name, variables } of groups) insert.run(id, `group ${name}`, "[]", JSON.stringify(variables));
  for (const { id, name, groups: names, variables } of structures)
    insert.run(id, name, JSON.stringify(names), JSON.stringify(variables));
  database.exec("commit");
  database.close();
}

import { globSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { basename, join } from "node:path";
import { repository } from "./generated.ts";
import { withSection } from "./sections.ts";
import { isBroken, isRate, type Measurement } from "./measurement.ts";

// Runs the benchmarks in bench/ (all, or those named on the command line), prints a table, and exits with 1 when a limit is broken.
// `--write` puts the table into bench/README.md.

const README = join(repository, "bench/README.md");

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const files = globSync("bench/*.ts", { cwd: repository })
  .filter((file) => !/(?:\.test|-data)\.ts$/.test(file))
  .toSorted()
  .filter((file) => names.length === 0 || names.includes(basename(file, ".ts")));
if (files.length === 0) throw new Error(`no benchmark of this name in bench/: ${names.join(", ")}`);

const measurements: Measurement[] = [];
for (const file of files) {
  const name = basename(file, ".ts");
  console.error(`${name} …`);
  const module = (await import(join(repository, file))) as { run?: () => Promise<readonly Measurement[]> };
  if (module.run === undefined) throw new Error(`${file} does not export run()`);
  for (const one of await module.run()) measurements.push({ ...one, name: `${name}: ${one.name}` });
}

const text = table(measurements);
console.log(text);
if (process.argv.includes("--write")) write(text);
const broken = measurements.filter(isBroken);
for (const one of broken)
  console.error(`over its limit: ${one.name}: ${number(one.value)} ${one.unit}, limit ${limitText(one)}`);
process.exitCode = broken.length === 0 ? 0 : 1;

function table(rows: readonly Measurement[]): string {
  const head = ["what", "value", "limit", "baseline", "value ÷ baseline"];
  const cells = rows.map((row) => [
    row.name,
    `${number(row.value)} ${row.unit}`,
    limitText(row),
    `${number(row.baseline)} ${row.unit} (${row.baselineName})`,
    number(row.ratio),
  ]);
  const lines = [head, head.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`);
  return [`On ${machine()}:`, "", ...lines].join("\n");
}

function limitText(one: Measurement): string {
  if (one.limit === undefined) return "";
  return `${isRate(one) ? "≥" : "≤"} ${number(one.limit)} ${one.unit}`;
}

function number(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
}

function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${first?.model.trim() ?? "unknown"}), ${memory} GiB memory, Node ${process.versions.node}`;
}

function write(numbers: string): void {
  writeFileSync(README, withSection(readFileSync(README, "utf8"), "numbers", numbers));
  console.error("bench/README.md written");
}

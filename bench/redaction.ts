/** Redaction: what 1,000 opened secrets cost a stream of output, beside the same stream without it; and how long a value takes to be known. */
import { randomBytes } from "node:crypto";
import { createRedactor } from "../src/platform/redaction/index.ts";
import type { Measurement } from "../scripts/measurement.ts";

const SECRETS = 1000;
const MEGABYTES = 256;
const CHUNK = 64 * 1024;

/** Lines as programs write them, with a secret in every hundredth. */
function output(values: readonly string[]): readonly Buffer[] {
  const lines = Array.from({ length: 20_000 }, (_, at) => {
    const value = at % 100 === 0 ? values[at % values.length]! : randomBytes(12).toString("base64");
    return `2026-01-01T00:00:${String(at % 60).padStart(2, "0")}Z info request ${at} from 10.0.${at % 256}.7 took ${at % 97} ms: ${value}`;
  });
  const all = Buffer.from(lines.join("\n"));
  return Array.from({ length: Math.floor(all.length / CHUNK) }, (_, at) => all.subarray(at * CHUNK, (at + 1) * CHUNK));
}

/** Megabytes a second that `take` lets through. */
function rate(chunks: readonly Buffer[], take: (chunk: Buffer) => Uint8Array): number {
  const target = Buffer.alloc(CHUNK * 2);
  const count = (MEGABYTES * 1024 * 1024) / CHUNK;
  const start = performance.now();
  for (let at = 0; at < count; at += 1) target.set(take(chunks[at % chunks.length]!));
  return MEGABYTES / ((performance.now() - start) / 1000);
}

export async function run(): Promise<readonly Measurement[]> {
  const values = Array.from({ length: SECRETS }, () => randomBytes(24).toString("base64"));
  const chunks = output(values);
  const empty = createRedactor().stream();
  const redactor = createRedactor();
  const start = performance.now();
  for (const [index, value] of values.entries()) redactor.add(`s${index}`, value);
  const known = performance.now() - start;
  const stream = redactor.stream();
  rate(chunks, (chunk) => chunk);
  const without = rate(chunks, (chunk) => chunk);
  const idle = rate(chunks, (chunk) => empty.push(chunk));
  const hiding = rate(chunks, (chunk) => stream.push(chunk));
  return [
    {
      name: `output through a redactor of ${SECRETS.toLocaleString("en")} secrets`,
      value: hiding,
      unit: "MB/s",
      baseline: without,
      baselineName: "the same stream copied, without it",
      ratio: hiding / without,
      limit: 20,
    },
    {
      name: "output through a redactor that knows no secret",
      value: idle,
      unit: "MB/s",
      baseline: without,
      baselineName: "the same stream copied, without it",
      ratio: idle / without,
    },
    {
      name: `${SECRETS.toLocaleString("en")} secrets become known`,
      value: known,
      unit: "ms",
      baseline: 1000 * (SECRETS / hiding / 1024),
      baselineName: "1 kB of output for each",
      ratio: known / (1000 * (SECRETS / hiding / 1024)),
      limit: 2000,
    },
  ];
}

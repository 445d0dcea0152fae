import { randomBytes } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Values that are planted, and looked for in all that was written. Written apart from the forms the product knows. */
export interface Canary {
  readonly name: string;
  readonly value: string;
  /** What of it must stand nowhere, with the form it has. */
  readonly traces: readonly { readonly form: string; readonly bytes: Buffer }[];
}

export function canary(name: string, value: string): Canary {
  const raw = Buffer.from(value);
  const escaped = JSON.stringify(value).slice(1, -1);
  const forms: [string, string][] = [
    ["as it is", value],
    ["JSON", escaped],
    ["JSON in JSON", JSON.stringify(escaped).slice(1, -1)],
    ["a URL", encodeURIComponent(value)],
    ["hexadecimal", raw.toString("hex")],
    ["large hexadecimal", raw.toString("hex").toUpperCase()],
  ];
  for (const before of [0, 1, 2]) {
    // Three bytes are four characters: those that other bytes have a part in are left out.
    const text = Buffer.concat([Buffer.alloc(before), raw]).toString("base64");
    const inner = text.slice(before === 0 ? 0 : 4, Math.floor((before + raw.length) / 3) * 4);
    forms.push([`base64 behind ${before}`, inner.slice(0, 48)]);
    forms.push([`base64url behind ${before}`, inner.slice(0, 48).replaceAll("+", "-").replaceAll("/", "_")]);
  }
  for (const line of value.split("\n")) {
    if (line.length < 16 || line.startsWith("-----")) continue;
    forms.push(["one line", line], ["JSON of one line", JSON.stringify(line).slice(1, -1)]);
  }
  return { name, value, traces: forms.map(([form, text]) => ({ form, bytes: Buffer.from(text) })) };
}

/** Random text that no rule knows. */
export function random(length: number): string {
  return randomBytes(length).toString("base64url").slice(0, length);
}

/** Where traces of canaries are, as `PLACE: NAME as FORM`. */
export function tracesIn(place: string, content: Uint8Array, canaries: readonly Canary[]): readonly string[] {
  const bytes = Buffer.from(content);
  const found = canaries.flatMap(({ name, traces }) => {
    const trace = traces.find((one) => bytes.includes(one.bytes));
    return trace === undefined ? [] : [`${place}: ${name} as ${trace.form}`];
  });
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? [...found, ...tracesIn(`${place} unpacked`, gunzipSync(bytes), canaries)] : found;
}

/** The same for every file in a folder and below. */
export function tracesBelow(
  folder: string,
  canaries: readonly Canary[],
  allowed: (path: string) => boolean,
): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || allowed(path) || lstatSync(path).size > 64 * 1024 * 1024) return [];
    return tracesIn(path, readFileSync(path), canaries);
  });
}

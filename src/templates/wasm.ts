/**
 * Starts the template engine, a WebAssembly module, with a ceiling on its memory. The engine counts instructions (fuel), but
 * one instruction may make a text of any length: `"a" * 100000000`. A memory that cannot grow refuses it at once, wherever
 * it comes from.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { initSync } from "minijinja-js/dist/web/minijinja_js.js";
import { GantryError } from "../kernel/errors.ts";
import { TEMPLATE_ENGINE_FAILED } from "./errors.ts";

const FILE = "minijinja_js_bg.wasm";
const PAGE_BYTES = 65_536;
const MEMORY_SECTION = 5;

/** Starts the engine of this thread; again, it does nothing. Throws `template_engine_failed`. */
export function startEngine(memoryBytes: number): void {
  initSync({ module: withMemoryLimit(readFileSync(findEngine()), Math.floor(memoryBytes / PAGE_BYTES)) });
}

/** Beside the bundle in what is published, else in the package. */
function findEngine(): string {
  const beside = fileURLToPath(new URL(FILE, import.meta.url));
  if (existsSync(beside)) return beside;
  try {
    return createRequire(import.meta.url).resolve(`minijinja-js/dist/web/${FILE}`);
  } catch (error) {
    throw new GantryError(TEMPLATE_ENGINE_FAILED, `${FILE} is missing`, { cause: error });
  }
}

/** The module with a maximum on its one memory (WebAssembly core specification, 5.5.8). */
export function withMemoryLimit(module: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  for (let at = 8; at < module.length;) {
    const length = readNumber(module, at + 1);
    const end = length.next + length.value;
    if (module[at] !== MEMORY_SECTION) {
      at = end;
      continue;
    }
    const count = readNumber(module, length.next);
    const least = readNumber(module, count.next + 1);
    if (count.value !== 1 || least.value > pages) break;
    // One memory; flag 1: it has a least and a most number of pages.
    const body = [1, 1, ...writeNumber(least.value), ...writeNumber(pages)];
    const section = [MEMORY_SECTION, ...writeNumber(body.length), ...body];
    const limited = new Uint8Array(at + section.length + module.length - end);
    limited.set(module.subarray(0, at));
    limited.set(section, at);
    limited.set(module.subarray(end), at + section.length);
    return limited;
  }
  throw new GantryError(TEMPLATE_ENGINE_FAILED, `${FILE} is not the module this program knows`);
}

/** LEB128, unsigned. */
function readNumber(bytes: Uint8Array, from: number): { value: number; next: number } {
  let value = 0;
  for (let index = from, scale = 1; index < bytes.length; index += 1, scale *= 128) {
    const byte = bytes[index] ?? 0;
    value += (byte % 128) * scale;
    if (byte < 128) return { value, next: index + 1 };
  }
  return { value, next: bytes.length };
}

function writeNumber(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...writeNumber(Math.floor(value / 128))];
}

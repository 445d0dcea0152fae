/** For the tests of this room: the engine in this very thread. */
import type { JsonObject } from "../kernel/json.ts";
import type { Health } from "./engine.ts";
import { openEngine } from "./engine.ts";
import type { TemplateMode } from "./model.ts";
import { DEFAULT_LIMITS } from "./model.ts";
import { startEngine } from "./wasm.ts";

export function renderHere(text: string, values: JsonObject = {}, mode: TemplateMode = "strict"): string {
  startEngine(DEFAULT_LIMITS.memoryBytes);
  const health: Health = { broken: false, panic: undefined };
  const engine = openEngine(values, mode, DEFAULT_LIMITS, health);
  try {
    return engine.render(text);
  } finally {
    engine.close();
  }
}

/** What rendering takes and gives. */
import type { JsonObject } from "../kernel/json.ts";

/**
 * `strict`, for files and orchestrations: rendered once; an undefined name is an error.
 * `lenient`, for configuration: what is missing renders as nothing; the values are rendered first, then the text for as long as
 * it contains a tag.
 */
export type TemplateMode = "strict" | "lenient";

export interface Template {
  /** The file, or what else the text is, for messages. */
  readonly name: string;
  readonly text: string;
  readonly values: JsonObject;
  readonly mode: TemplateMode;
  /** The line of the file the text begins on, when it is a part of one. Default 1. */
  readonly firstLine?: number;
}

export interface TemplateLimits {
  /** UTF-8 bytes of a template. */
  readonly textBytes: number;
  /** UTF-16 units in all texts and names of the values together, and levels of maps and lists. */
  readonly valuesSize: number;
  readonly valuesDepth: number;
  /** UTF-8 bytes of what is rendered; of all texts together where values are rendered. */
  readonly outputBytes: number;
  /** What the engine may use for its copy of the values, for everything made on the way, and for the output. */
  readonly memoryBytes: number;
  /** Instructions of the engine, for each text rendered. */
  readonly steps: number;
  /** Wall time of one rendering, the wait for a free thread not counted. */
  readonly milliseconds: number;
  /** How often values, or a lenient text, are rendered before they count as never settling. A chain of 2^n references needs n. */
  readonly rounds: number;
  readonly threads: number;
  /** An idle thread stops after this time. */
  readonly idleMilliseconds: number;
}

const MEBIBYTE = 2 ** 20;

export const DEFAULT_LIMITS: TemplateLimits = {
  textBytes: MEBIBYTE,
  valuesSize: 16 * MEBIBYTE,
  valuesDepth: 100,
  outputBytes: 16 * MEBIBYTE,
  memoryBytes: 96 * MEBIBYTE,
  steps: 20_000_000,
  milliseconds: 5_000,
  rounds: 20,
  threads: 2,
  idleMilliseconds: 10_000,
};

export interface Renderer {
  /** Renders one text. Rejects with a `template_*` error that names the template's file, line and column as far as known. */
  render(template: Template): Promise<string>;
  /** Renders every text within values, with the values as variables, until nothing changes; leniently. The input is not changed. */
  renderValues(values: JsonObject): Promise<JsonObject>;
  /** Stops the threads. What still waits is rejected with `template_renderer_closed`. */
  close(): Promise<void>;
}

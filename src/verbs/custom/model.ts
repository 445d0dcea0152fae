import { z } from "zod";
import type { Json, JsonObject } from "../../kernel/json.ts";
import { commonOf, withGiven } from "../common.ts";
import type { ParsedVerb } from "../model.ts";
import { parseOptions, present, wrong } from "../options.ts";
import { checkInput, optionKinds, verbName, type VerbManifest } from "./manifest.ts";

/** A call of a verb of one's own: which one, in which package, with what. Pure. */

export const customParameters = z.object({
  verb: verbName.describe("Name of the verb"),
  package: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe("SHA-256 of the package that the server signed"),
  options: z.record(z.string(), z.json()).default({}).describe("Its options by name"),
  text: z.string().max(1_048_576).optional().describe("What stands behind the options"),
});
export type CustomParameters = z.output<typeof customParameters>;

/** A verb of one's own as the server knows it. */
export interface KnownVerb {
  readonly manifest: VerbManifest;
  /** SHA-256 of its package. */
  readonly package: string;
}

/**
 * Reads the text form of such a verb; all that it says of its options is checked. `given`: a job's `vars`. Throws `verb_text_wrong`.
 */
export function parseCustomVerb(known: KnownVerb, text: string, given: JsonObject = {}): ParsedVerb {
  const { manifest } = known;
  const { name } = manifest;
  const parsed = withGiven(name, parseOptions(name, text, optionKinds(manifest)), given);
  const options: Record<string, Json> = {};
  for (const option of Object.keys(manifest.options)) {
    const value = parsed.flags.has(option) ? true : (parsed.lists.get(option) ?? parsed.values.get(option));
    if (value !== undefined) options[option] = typeof value === "object" ? [...value] : value;
  }
  const checked = checkInput(manifest, { options, text: parsed.rest });
  if (typeof checked === "string") throw wrong(name, checked);
  const common = commonOf(name, parsed);
  return {
    module: "agent",
    function: "custom",
    parameters: present<Json>({
      verb: name,
      package: known.package,
      options: checked.options,
      text: parsed.rest === "" ? undefined : parsed.rest,
      ...common,
      // What is not cacheable is done each time, whatever the run says.
      cache: manifest.cacheable ? common["cache"] : "none",
    }),
    runOnce: parsed.flags.has("run-once"),
  };
}

import { z } from "zod";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import { argumentName } from "../model.ts";
import { type ParsedOptions, secondsOption, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** QUERY_WAIT NAME: until an argument is there. Pure. */

export const queryWaitParameters = z.object({
  name: argumentName.describe("Name of the argument that is waited for"),
  identity: z
    .array(z.string().min(1).max(253))
    .max(10_000)
    .optional()
    .describe("Nodes that must have it, as QUERY collected it; without: this node itself or any other"),
  query_timeout: z.number().positive().max(86_400).default(600).describe("Seconds it waits at most"),
});
export type QueryWaitParameters = z.output<typeof queryWaitParameters>;

export const queryWaitOptions = { identity: "values", "query-timeout": "value" } as const;

/** `--identity NODE…` may also stand behind the name, with several nodes. Throws `verb_text_wrong`. */
export function readQueryWait(options: ParsedOptions): ReadVerb {
  const [name, ...more] = splitWords("QUERY_WAIT", options.rest);
  if (name === undefined) throw wrong("QUERY_WAIT", "needs the name of an argument");
  const [flag, ...behind] = more;
  if (flag !== undefined && (flag !== "--identity" || behind.length === 0))
    throw wrong("QUERY_WAIT", `cannot read ${more.join(" ")}`);
  const identity = [...(options.lists.get("identity") ?? []), ...behind];
  return {
    parameters: {
      name,
      identity: identity.length === 0 ? undefined : identity,
      query_timeout: secondsOption("QUERY_WAIT", options, "query-timeout"),
    },
    barrier: "query",
  };
}

/** Nodes that lack the argument; empty when what is waited for is there. */
export function missingNodes(
  { name, identity }: QueryWaitParameters,
  values: Readonly<Record<string, Json>>,
): readonly string[] {
  const collected = values["query"];
  const nodes = isJsonObject(collected) ? collected : {};
  function has(node: string): boolean {
    const answered = Object.hasOwn(nodes, node) ? nodes[node] : undefined;
    return isJsonObject(answered) && Object.hasOwn(answered, name);
  }
  if (identity !== undefined) return identity.filter((node) => !has(node));
  return Object.hasOwn(values, name) || Object.keys(nodes).some(has) ? [] : ["any node"];
}

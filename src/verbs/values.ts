import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { collectFacts } from "./facts/index.ts";
import type { CommonParameters } from "./model.ts";
import { type Overlay, overlaid } from "./overlay.ts";
import { hasExpressions, renderText, type Values } from "./render.ts";
import type { Surroundings } from "./surroundings.ts";

/** What `{{ }}` sees on a node, and the filling in of a verb's parameters. */

/** What the items of a list share: told by the server, the same for all of them. */
export interface Shared {
  /** Only say what would change. */
  readonly plan: boolean;
  /** Earlier results do not stand in, whatever a verb asks for. */
  readonly ignoreCache: boolean;
  /** Values of the orchestration's entry. */
  readonly values: JsonObject;
  /** Variables of this node in the inventory. */
  readonly variables: JsonObject;
}

export function readShared(shared: JsonObject | undefined): Shared {
  const { plan, cache, values, variables } = shared ?? {};
  return {
    plan: plan === true,
    ignoreCache: cache === "ignore",
    values: isJsonObject(values) ? values : {},
    variables: isJsonObject(variables) ? variables : {},
  };
}

/** All values, the stronger ones over the weaker: job, entry, arguments of the node, inventory, facts. These take a while to find out. */
export async function valuesOf(
  own: JsonObject | undefined,
  shared: Shared,
  surroundings: Pick<Surroundings, "arguments">,
  overlay: Overlay | undefined,
  withFacts: boolean,
): Promise<Values> {
  return {
    ...(withFacts ? { facts: await collectFacts() } : {}),
    ...shared.variables,
    ...overlaid(await surroundings.arguments.all(), overlay, "arguments"),
    ...shared.values,
    ...own,
  };
}

/** Parameters of all verbs that may be templates in lists of verbs. */
export const COMMON_TEXTS = ["cwd", "user", "environment"] as const;

/** Whether any of these parameters is a template. */
export function holdTemplates(texts: readonly string[], parameters: CommonParameters): boolean {
  const all = parameters as Readonly<Record<string, Json | undefined>>;
  return texts.some((name) => all[name] !== undefined && holdsExpressions(all[name]));
}

/** The parameters with their templates filled in; the very same when there are none. Throws `argument_undefined`. */
export async function renderParameters(
  texts: readonly string[],
  parameters: CommonParameters,
  values: (withFacts: boolean) => Promise<Values>,
): Promise<CommonParameters> {
  const all = parameters as Readonly<Record<string, Json | undefined>>;
  let rendered: Record<string, Json | undefined> | undefined;
  for (const name of texts) {
    const value = all[name];
    if (value === undefined || !holdsExpressions(value)) continue;
    rendered ??= { ...all };
    rendered[name] = await renderJson(value, await values(JSON.stringify(value).includes("facts")));
  }
  return (rendered as CommonParameters | undefined) ?? parameters;
}

function holdsExpressions(value: Json): boolean {
  if (typeof value === "string") return hasExpressions(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(holdsExpressions);
}

async function renderJson(value: Json, values: Values): Promise<Json> {
  if (typeof value === "string") return renderText(value, values);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const members: Json[] = [];
    for (const one of value as readonly Json[]) members.push(await renderJson(one, values));
    return members;
  }
  const entries: [string, Json][] = [];
  for (const [key, one] of Object.entries(value)) entries.push([key, await renderJson(one as Json, values)]);
  return Object.fromEntries(entries);
}

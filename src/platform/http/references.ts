import type { Json, JsonObject } from "../../kernel/json.ts";
import { isJsonObject } from "../../kernel/json.ts";

const COMPONENT = "#/components/schemas/";

/**
 * An OpenAPI document in which every reference leads somewhere. The library names the schema of any JSON, which holds itself, but does not
 * keep it: what refers to it allows anything (`{}`).
 */
export function withoutDangling(document: JsonObject): JsonObject {
  const components = isJsonObject(document["components"]) ? document["components"]["schemas"] : undefined;
  const known = new Set(isJsonObject(components) ? Object.keys(components) : []);
  return mended(document) as JsonObject;

  function mended(value: Json): Json {
    if (Array.isArray(value)) return value.map(mended);
    if (!isJsonObject(value)) return value;
    const reference = value["$ref"];
    if (
      typeof reference === "string" &&
      reference.startsWith(COMPONENT) &&
      !known.has(reference.slice(COMPONENT.length))
    )
      return {};
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mended(one)]));
  }
}

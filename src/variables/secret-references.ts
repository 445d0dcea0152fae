/**
 * References to secrets: a value `{"$secret": "NAME"}`, anywhere inside a variable's value, stands for the nearest secret of that name. The
 * reference is what everybody sees; what it stands for is put in its place only where a job uses it.
 */
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";

const MEMBER = "$secret";

/** The name a value refers to. Undefined: it is no reference. Empty: it looks like one, and has no name or members beside it. */
export function secretNameOf(value: Json): string | undefined {
  if (!isJsonObject(value) || !Object.hasOwn(value, MEMBER)) return undefined;
  const name = value[MEMBER];
  return typeof name === "string" && Object.keys(value).length === 1 ? name : "";
}

/** Every name that is referred to in a value, once each, in the order in which they stand there. */
export function secretNamesIn(value: Json): readonly string[] {
  const names = new Set<string>();
  collect(value, names);
  return [...names];
}

function collect(value: Json, names: Set<string>): void {
  const name = secretNameOf(value);
  if (name !== undefined) names.add(name);
  else if (Array.isArray(value)) for (const item of value) collect(item, names);
  else if (isJsonObject(value)) for (const member of Object.values(value)) collect(member, names);
}

/** The value with each reference replaced; the same object where there is none. */
export function replaceSecrets(value: Json, replace: (name: string) => Json): Json {
  const name = secretNameOf(value);
  if (name !== undefined) return replace(name);
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => replaceSecrets(item, replace));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isJsonObject(value)) return value;
  const made: JsonObject = Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, replaceSecrets(member, replace)]),
  );
  return Object.keys(value).every((key) => made[key] === value[key]) ? value : made;
}

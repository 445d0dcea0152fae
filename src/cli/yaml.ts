import { createRequire } from "node:module";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { USAGE } from "./errors.ts";

/** What a text means as YAML. The library is loaded only when it is needed. @throws GantryError `usage` */
export function parseYaml(text: string, where: string): Json {
  const { parseDocument } = createRequire(import.meta.url)("yaml") as typeof import("yaml");
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined)
    throw new GantryError(USAGE, `${where} is not YAML: ${(error.message.split("\n")[0] ?? "").replace(/:$/, "")}`);
  // Twenty aliases of a thing are a convenience, a million a trap.
  return document.toJS({ maxAliasCount: 100 }) as Json;
}

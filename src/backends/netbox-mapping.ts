import { parse } from "yaml";
import { z } from "zod";
import { NETBOX_KINDS } from "../exchange/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { BACKEND_MAPPING } from "./errors.ts";

/** Which lists of NetBox's API are read as what. Pure. */

const ENDPOINT = z.strictObject({
  /** Below the URL: `api/dcim/devices/`. */
  path: z
    .string()
    .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[\w./-]+$/, "must be a path below the URL: api/dcim/devices/"),
  /** What its objects are. */
  as: z.enum(NETBOX_KINDS),
  query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  /** Members of an object that are taken from elsewhere in it: `role: custom_fields.purpose`. */
  members: z.record(z.string(), z.string()).default({}),
});

const MAPPING = z.strictObject({ endpoints: z.array(ENDPOINT).min(1).max(100) });

export type Endpoint = z.output<typeof ENDPOINT>;

/** Errors: `backend_mapping`. */
export function parseMapping(text: string, file: string): readonly Endpoint[] {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw new GantryError(BACKEND_MAPPING, `${file}: ${messageOf(cause)}`, { cause });
  }
  const parsed = MAPPING.safeParse(value);
  if (parsed.success) return parsed.data.endpoints;
  const [issue] = parsed.error.issues;
  throw new GantryError(
    BACKEND_MAPPING,
    `${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}`,
  );
}

/** The object with the members that the mapping takes from elsewhere in it. */
export function mapped(object: JsonObject, members: Endpoint["members"]): JsonObject {
  const taken = Object.entries(members).map(([member, path]) => [member, valueOf(object, path)] as const);
  return { ...object, ...Object.fromEntries(taken) };
}

function valueOf(object: JsonObject, path: string): Json {
  let value: Json = object;
  for (const part of path.split(".")) {
    if (!isJsonObject(value) || !Object.hasOwn(value, part)) return null;
    value = value[part] ?? null;
  }
  return value;
}

import { createHash } from "node:crypto";
import { canonicalJson, type Json } from "../kernel/json.ts";

/** A fingerprint of a value: equal values have equal ones. 128 bits as hex. */
export function hashOf(value: Json): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 32);
}

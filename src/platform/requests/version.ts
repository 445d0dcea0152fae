import type { FastifyRequest } from "fastify";
import { GantryError } from "../../kernel/errors.ts";
import { VERSION_MISMATCH, VERSION_REQUIRED } from "./errors.ts";

/** The version in `If-Match`: `"3"`. `*`: any. Errors: `version_required`. */
export function versionOf(request: Pick<FastifyRequest, "headers">): number | null {
  const header = request.headers["if-match"]?.trim();
  if (header === "*") return null;
  const version = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header ?? "")?.[1];
  if (version === undefined)
    throw new GantryError(VERSION_REQUIRED, "the header If-Match must hold the version that was read");
  return Number(version);
}

/** Errors: `version_mismatch`, unless `asked` is the version that is there, or null. `what`: `role 'builder'`. */
export function requireVersion(what: string, there: number, asked: number | null): void {
  if (asked === null || asked === there) return;
  throw new GantryError(VERSION_MISMATCH, `${what} is at version ${there}, not ${asked}`);
}

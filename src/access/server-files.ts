import { canonicalJson, type JsonObject } from "../kernel/json.ts";
import { GantryError } from "../kernel/errors.ts";
import { SERVER_FILE_FORBIDDEN } from "./errors.ts";
import { serverRights } from "./giving.ts";
import type { Principal } from "./model.ts";

/**
 * Settings that name files of the server's machine: keys, tokens, folders. Whoever may name one makes the server read it, and send what it
 * reads where other settings say; so it is for those who manage the server, whatever else somebody may do in a tenant. Pure.
 */

/** The settings whose values are paths. */
function namedFiles(settings: JsonObject): readonly string[] {
  return Object.keys(settings).filter((name) => {
    const value = settings[name];
    return typeof value === "string" && value.startsWith("/");
  });
}

/**
 * Lets pass what names no file, what stays as it was, and who manages the server.
 *
 * `before`: what was kept until now. Errors: `server_file_forbidden`.
 */
export function requireToNameFiles(
  principal: Pick<Principal, "name" | "rightsIn">,
  settings: JsonObject,
  before?: JsonObject,
): void {
  const named = namedFiles(settings);
  if (named.length === 0 || serverRights(principal).everywhere("server.manage")) return;
  // Also another address beside the same file would send it elsewhere.
  if (before !== undefined && canonicalJson(before) === canonicalJson(settings)) return;
  throw new GantryError(
    SERVER_FILE_FORBIDDEN,
    `${principal.name} does not hold the permission server.manage on the whole server: ${named.join(", ")} ${named.length === 1 ? "names a file" : "name files"} there`,
  );
}

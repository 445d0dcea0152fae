import { GantryError, problem, type ErrorKind } from "../kernel/errors.ts";
import { isJsonObject, jsonText, type Json } from "../kernel/json.ts";
import { IMPORT_INVALID, IMPORT_SHAPE, IMPORT_TOO_LARGE } from "./errors.ts";
import { nearestText } from "./import-ansible.ts";
import { IMPORT_FORMATS, type ImportFormat, type ImportRequest } from "./import-model.ts";
import { decodeText, parseJson } from "./import-text.ts";

/** The body of `POST /v1/imports`: read off the main thread, so it is checked by hand. Pure. */

/** Characters of all files together, and how many they may be. */
export const MOST_CHARACTERS = 256 * 1024 * 1024;
export const MOST_FILES = 10_000;

/** The same rule as for sites: an import's name becomes one. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/;

const MEMBERS = ["name", "format", "site", "files", "fingerprint"];

export interface ImportBody extends ImportRequest {
  /** Of the plan that was shown; undefined: none was. */
  readonly fingerprint: string | undefined;
}

/** Errors: `import_invalid`, `import_not_text`, `import_too_large`. */
export function readBody(bytes: Uint8Array): ImportBody {
  const body = parseJson(decodeText(bytes, "request"), "request");
  if (!isJsonObject(body)) throw wrong("the request is no object");
  for (const member of Object.keys(body)) {
    if (!MEMBERS.includes(member))
      throw wrong(`there is no '${member.slice(0, 60)}' in an import${nearestText(member, MEMBERS)}`);
  }
  const { name, format, fingerprint, site = name } = body;
  if (typeof name !== "string" || !NAME.test(name)) throw wrong(`'name' ${NAME_RULE}`);
  if (typeof site !== "string" || !NAME.test(site)) throw wrong(`'site' ${NAME_RULE}`);
  if (format !== undefined && !IMPORT_FORMATS.some((one) => one === format))
    throw wrong(
      `there is no format '${jsonText(format).slice(0, 60)}'${nearestText(jsonText(format), IMPORT_FORMATS)}`,
    );
  if (fingerprint !== undefined && typeof fingerprint !== "string") throw wrong("'fingerprint' is no text");
  const files = filesOf(body["files"]);
  return { name, site, files, fingerprint, ...(format === undefined ? {} : { format: format as ImportFormat }) };
}

const NAME_RULE = "must be 1 to 63 letters, digits, - and _, beginning with a letter or digit";

function filesOf(value: Json | undefined): ImportRequest["files"] {
  if (!Array.isArray(value) || value.length === 0) throw wrong("'files' must be a list of at least one {path, text}");
  if (value.length > MOST_FILES) throw tooLarge(`there are ${value.length} files, and at most ${MOST_FILES} are read`);
  let size = 0;
  const files = (value as readonly Json[]).map((file) => {
    const { path, text } = isJsonObject(file) ? file : {};
    if (typeof path !== "string" || path === "" || typeof text !== "string")
      throw wrong("a file is {path, text}, both texts");
    size += text.length;
    // A mark at the beginning of a file is no part of its text.
    return { path, text: text.startsWith("\uFEFF") ? text.slice(1) : text };
  });
  if (size > MOST_CHARACTERS)
    throw tooLarge(`the files hold ${size} characters, and at most ${MOST_CHARACTERS} are read`);
  return files;
}

function wrong(message: string): GantryError {
  return of(IMPORT_INVALID, message);
}

function of(kind: ErrorKind, message: string): GantryError {
  return new GantryError(kind, message, { problems: [problem(IMPORT_SHAPE, message)] });
}

function tooLarge(message: string): GantryError {
  return new GantryError(IMPORT_TOO_LARGE, message);
}

import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { ENDPOINT_UNKNOWN, ENDPOINTS_INVALID } from "./errors.ts";

// Most commands find no such file, and wait for nothing that is needed to read one.
const { lstatSync, mkdirSync } = process.getBuiltinModule("node:fs");
const files = () => import("../platform/files/index.ts");

/** Servers that were logged in to, in a file of the user's alone: it holds tokens. */

export interface Endpoint {
  /** `https://gantry.example:7411` */
  readonly url: string;
  /** As whom: the name of the account. */
  readonly id: string;
  /** Undefined: logged out. */
  readonly token?: string | undefined;
  /** PEM of the authority to trust, and no other. Undefined: those of the system. */
  readonly ca?: string | undefined;
  /** Whose inventory is meant where nothing else is said. */
  readonly tenant?: string | undefined;
}

export interface Endpoints {
  /** The one that is meant where none is named. Undefined: the server of the data folder. */
  readonly current: string | undefined;
  readonly endpoints: Readonly<Record<string, Endpoint>>;
}

const NOTHING: Endpoints = { current: undefined, endpoints: {} };
/** Bytes. */
const LONGEST_FILE = 1024 * 1024;
const MEMBERS: readonly string[] = ["url", "id", "token", "ca", "tenant"];

/** `GANTRY_ENDPOINTS`, else `gantry/endpoints.json` in the user's folder for such files. */
export function endpointsFile(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment["GANTRY_ENDPOINTS"];
  if (named !== undefined && named !== "") return named;
  const given = environment["XDG_CONFIG_HOME"];
  // A relative path there is to be ignored (XDG Base Directory Specification).
  const folder = given?.startsWith("/") === true ? given : join(homedir(), ".config");
  return join(folder, "gantry", "endpoints.json");
}

/** Errors: `file_not_private`, `folder_not_private`, `endpoints_invalid`. */
export async function readEndpoints(path: string): Promise<Endpoints> {
  if (!isThere(path)) return NOTHING;
  await requireOwnFolder(dirname(path));
  const { readPrivateFile } = await files();
  const text = (await readPrivateFile(path, LONGEST_FILE)).toString("utf8");
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    // Its message may quote the line, and so a token.
    throw new GantryError(ENDPOINTS_INVALID, `${path} is no JSON`, { cause });
  }
  return checked(path, content);
}

/** Changes the file; nobody else does meanwhile. Errors: those of `readEndpoints`, `lock_held`. */
export async function changeEndpoints(path: string, change: (before: Endpoints) => Endpoints): Promise<void> {
  const { acquireLock, writePrivateFile } = await files();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await requireOwnFolder(dirname(path));
  const release = await acquireLock(`${path}.lock`);
  try {
    const { current, endpoints } = change(await readEndpoints(path));
    const content = { ...(current !== undefined && { current }), endpoints };
    await writePrivateFile(path, `${JSON.stringify(content, null, 2)}\n`);
  } finally {
    await release();
  }
}

/** Errors: `endpoint_unknown`. */
export function endpointNamed({ endpoints }: Endpoints, name: string): Endpoint {
  const found = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
  if (found !== undefined) return found;
  const near = nearest(name, Object.keys(endpoints));
  throw new GantryError(
    ENDPOINT_UNKNOWN,
    `there is no endpoint '${name}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
  );
}

/** What is wrong with the name of an endpoint; undefined when nothing is. */
export function endpointNameProblem(name: string): string | undefined {
  if (name === "local") return "is the server of the data folder: `gantry use --local`";
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)
    ? undefined
    : "must be letters, digits, and . _ -, beginning with a letter or digit";
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** Who may write the folder may put another file there. */
async function requireOwnFolder(folder: string): Promise<void> {
  const found = lstatSync(folder);
  const { FOLDER_NOT_PRIVATE } = await files();
  const own = process.getuid?.();
  if (own !== undefined && found.uid !== own && found.uid !== 0)
    throw new GantryError(FOLDER_NOT_PRIVATE, `${folder} belongs to another user (uid ${found.uid})`);
  if (found.isDirectory() && (found.mode & 0o022) !== 0)
    throw new GantryError(FOLDER_NOT_PRIVATE, `${folder} may be written by others than its owner`);
}

function checked(path: string, content: unknown): Endpoints {
  const wrong = (text: string): GantryError => new GantryError(ENDPOINTS_INVALID, `${path}: ${text}`);
  if (!isMap(content)) throw wrong("it holds `current` and `endpoints`");
  const { current, endpoints = {}, ...others } = content;
  const [other] = Object.keys(others);
  if (other !== undefined) throw wrong(`there is nothing called '${other}'`);
  if (current !== undefined && typeof current !== "string") throw wrong("`current` is the name of an endpoint");
  if (!isMap(endpoints)) throw wrong("`endpoints` holds endpoints by their names");
  for (const [name, one] of Object.entries(endpoints)) {
    if (!isMap(one) || typeof one["url"] !== "string" || typeof one["id"] !== "string")
      throw wrong(`endpoint '${name}' needs \`url\` and \`id\``);
    for (const [member, value] of Object.entries(one))
      if (!MEMBERS.includes(member) || typeof value !== "string")
        throw wrong(`endpoint '${name}': \`${member}\` is ${MEMBERS.includes(member) ? "no text" : "not known"}`);
  }
  return { current, endpoints: endpoints as Readonly<Record<string, Endpoint>> };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

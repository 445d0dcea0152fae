/** What to start, and how a launcher is asked for it. */
export interface LaunchRequest {
  /** Looked up in the PATH of `environment` when it has no slash. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** Absolute. */
  readonly folder: string;
  /** All of it; undefined is as good as missing. Never changed: the very same object is the same environment. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Bytes of a request: what a pipe of Linux takes at once, so that nobody waits. What needs more is started another way. */
const REQUEST_LIMIT = 60 * 1024;
/** Digits of its length in front of it. */
const LENGTH_DIGITS = 8;

/** The environment as a launcher takes it; undefined when it holds what only Node's own way says clearly is wrong: names with `=`. */
export function environmentText(environment: NodeJS.ProcessEnv): string | undefined {
  const fields: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (name === "" || name.includes("=") || name.includes("\0") || value.includes("\0")) return undefined;
    fields.push(`${name}=${value}`);
  }
  return fields.join("\0");
}

/**
 * A request as text. Undefined: something holds a zero byte, or it is too large.
 *
 * @param environment empty when it is that of the request before
 */
export function requestText(request: LaunchRequest, environment: string): string | undefined {
  const { folder, program, arguments: words } = request;
  if (folder.includes("\0") || program.includes("\0") || words.some((word) => word.includes("\0"))) return undefined;
  const start = `${folder}\0${words.length + 1}\0${program}`;
  const text = `${start}${words.length === 0 ? "" : `\0${words.join("\0")}`}${environment === "" ? "" : `\0${environment}`}`;
  const size = Buffer.byteLength(text);
  return size + LENGTH_DIGITS > REQUEST_LIMIT ? undefined : `${String(size).padStart(LENGTH_DIGITS, "0")}${text}`;
}

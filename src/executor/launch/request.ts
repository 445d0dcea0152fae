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
export const REQUEST_LIMIT = 60 * 1024;
const LENGTH_BYTES = 4;

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
 * Writes a request. Returns its bytes; undefined: something holds a zero byte, or it is too large.
 *
 * @param environment empty when it is that of the request before
 */
export function writeRequest(request: LaunchRequest, environment: string, into: Buffer): number | undefined {
  const { folder, program, arguments: rest } = request;
  if (folder.includes("\0") || program.includes("\0")) return undefined;
  let text = `${folder}\0${rest.length + 1}\0${program}`;
  for (const word of rest) {
    if (word.includes("\0")) return undefined;
    text += `\0${word}`;
  }
  if (environment !== "") text += `\0${environment}`;
  // A character has three bytes at most.
  if (text.length * 3 + LENGTH_BYTES > REQUEST_LIMIT && Buffer.byteLength(text) + LENGTH_BYTES > REQUEST_LIMIT)
    return undefined;
  const size = into.write(text, LENGTH_BYTES);
  into.writeUInt32BE(size);
  return LENGTH_BYTES + size;
}

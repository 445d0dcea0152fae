/** What to start, and how a launcher is asked for it. */
export interface LaunchRequest {
  /** Looked up in the PATH of `environment` when it has no slash. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** Absolute. */
  readonly folder: string;
  /** All of it; undefined is as good as missing. */
  readonly environment: NodeJS.ProcessEnv;
}

/** The bytes of a request; undefined when it holds what only Node's own way says clearly is wrong: zero bytes, names with `=`. */
export function encodeRequest(request: LaunchRequest): Buffer | undefined {
  const words = [request.program, ...request.arguments];
  const fields = [request.folder, String(words.length), ...words];
  for (const [name, value] of Object.entries(request.environment)) {
    if (value === undefined) continue;
    if (name === "" || name.includes("=")) return undefined;
    fields.push(`${name}=${value}`);
  }
  if (fields.some((field) => field.includes("\0"))) return undefined;
  const body = Buffer.from(fields.join("\0"));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

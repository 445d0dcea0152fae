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

/** The environment as a launcher takes it; undefined when it holds what only Node's own way says clearly is wrong: names with `=`. */
export function environmentFields(environment: NodeJS.ProcessEnv): readonly string[] | undefined {
  const fields: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (name === "" || name.includes("=")) return undefined;
    fields.push(`${name}=${value}`);
  }
  return fields;
}

/** The bytes of a request. `environment`: empty when it is that of the request before. Undefined: something holds a zero byte. */
export function encodeRequest(request: LaunchRequest, environment: readonly string[]): Buffer | undefined {
  const words = [request.program, ...request.arguments];
  const fields = [request.folder, String(words.length), ...words, ...environment];
  if (fields.some((field) => field.includes("\0"))) return undefined;
  const text = fields.join("\0");
  const size = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(4 + size);
  bytes.writeUInt32BE(size);
  bytes.write(text, 4);
  return bytes;
}

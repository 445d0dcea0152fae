import type { LoadedSource } from "./import-files.ts";
import type { ImportDocument, ImportFormat, ImportRequest } from "./import-model.ts";

/** Sources that this process reads itself. Few do, and the readers of all formats are half of this room: they are loaded with the first source. */

/** Reads a source. Errors: `import_invalid` with every problem, `import_format_unknown`. */
export async function readSource(request: ImportRequest): Promise<ImportDocument> {
  return (await import("./import-format.ts")).readSource(request);
}

/** Reads a file, a folder or an archive. Errors: those of `loadSource` in `import-files.ts`. */
export async function loadSource(path: string, format?: ImportFormat): Promise<LoadedSource> {
  return (await import("./import-files.ts")).loadSource(path, format);
}

// Importing node:fs evaluates all its exports, among them streams of files.
const { readFileSync } = process.getBuiltinModule("node:fs");

/** The version of the package: of the checkout when run from source, of what was installed otherwise. */
export const VERSION: string = readVersion();

function readVersion(): string {
  for (const folder of ["../../", "../"]) {
    try {
      const text = readFileSync(new URL(`${folder}package.json`, import.meta.url), "utf8");
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // Source lies two folders below the package's root, the built program one.
    }
  }
  return "unknown";
}

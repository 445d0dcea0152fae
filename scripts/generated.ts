import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The repository's root. */
export const repository = join(import.meta.dirname, "..");

/**
 * Writes a generated file, or with `--check` on the command line only compares it: then the process exits with 1 when the file is not
 * what the code says now.
 */
export function keepGenerated(path: string, text: string, command: string): void {
  const file = join(repository, path);
  if (!process.argv.includes("--check")) {
    writeFileSync(file, text);
    console.log(`${path} written`);
  } else if (read(file) === text) {
    console.log(`${path} is up to date`);
  } else {
    console.error(`${path} is not what the code says now; run \`${command}\` and commit it`);
    process.exitCode = 1;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { repository } from "./generated.ts";

/**
 * Writes the declarations of `gantry/client` into a folder, as the compiler makes them: those that its front door leads to, and no others.
 */
export function writeClientTypes(folder: string): void {
  const made = mkdtempSync(join(tmpdir(), "gantry-types-"));
  try {
    const project = join(made, "tsconfig.json");
    writeFileSync(
      project,
      JSON.stringify({
        extends: join(repository, "tsconfig.json"),
        compilerOptions: {
          noEmit: false,
          declaration: true,
          emitDeclarationOnly: true,
          rootDir: join(repository, "src"),
          outDir: join(made, "out"),
          typeRoots: [join(repository, "node_modules/@types")],
        },
        include: [],
        files: [join(repository, "src/client/index.ts")],
      }),
    );
    execFileSync(join(repository, "node_modules/.bin/tsc"), ["-p", project], { stdio: "inherit" });
    const out = join(made, "out");
    for (const file of reachable(join(out, "client/index.d.ts"))) {
      const target = join(folder, relative(out, file));
      mkdirSync(dirname(target), { recursive: true });
      // What is installed has no source beside it: imports lead to what the compiler finds there.
      writeFileSync(target, readFileSync(file, "utf8").replaceAll(IMPORT, '$1"$2.js"'));
    }
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

const IMPORT = /((?:from|import)\s*\(?\s*)"(\.{1,2}\/[^"]+)\.ts"/g;

function reachable(first: string): ReadonlySet<string> {
  const found = new Set([first]);
  for (const file of found) {
    for (const [, , target = ""] of readFileSync(file, "utf8").matchAll(IMPORT))
      found.add(join(dirname(file), `${target}.d.ts`));
  }
  return found;
}

import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { openedSecrets } from "../platform/redaction/index.ts";

/** One file of a bundle. */
export interface BundleFile {
  readonly name: string;
  /** One line for the README. */
  readonly says: string;
  readonly content: string;
}

/** A gzipped tar archive: a folder with these files and a README that says what each one is. */
export function bundleOf(folder: string, files: readonly BundleFile[], made: Date): Readable {
  const archive = pack();
  for (const { name, content } of [{ name: "README.md", content: readme(files, made) }, ...files])
    archive.entry({ name: `${folder}/${name}`, mode: 0o600, mtime: made }, openedSecrets.text(content));
  archive.finalize();
  return (archive as unknown as Readable).pipe(createGzip());
}

export function folderName(made: Date): string {
  return `gantry-support-${made.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

export function jsonFile(name: string, says: string, value: unknown): BundleFile {
  return { name, says, content: `${JSON.stringify(value, null, 2)}\n` };
}

export function linesFile(name: string, says: string, lines: readonly string[]): BundleFile {
  return { name, says, content: lines.map((line) => `${line}\n`).join("") };
}

function readme(files: readonly BundleFile[], made: Date): string {
  const lines = files.map(({ name, says }) => `- \`${name}\`: ${says}`);
  return `# Support bundle of Gantry

Made ${made.toISOString()}. Read it before you pass it on: it names nodes, blueprints and addresses of this installation.

${lines.join("\n")}

Not in it: variables, secrets, tokens, keys, passwords, the environment, parameters and output of tasks, messages of errors and jobs. Of
settings and of log records only what is known to be harmless is told; \`[left out]\` stands for the rest.
`;
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { fileHash } from "../executor/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Machine } from "./connection.ts";
import { BOOTSTRAP_FAILED } from "./errors.ts";
import type { BootstrapJob } from "./model.ts";
import { putScript, quoted } from "./scripts.ts";

/** The jobs of a catalogue: over SSH, because there is no agent yet. */

/** Characters of a job's text in a message. */
const TEXT = 60;

/** Errors: `bootstrap_failed`, with what the job was. @param folder where paths of this machine begin */
export async function doJob(machine: Machine, job: BootstrapJob, folder: string): Promise<void> {
  try {
    await done(machine, job, folder);
  } catch (error) {
    const [line = ""] = job.text.trim().split("\n");
    const text = line.length > TEXT || line !== job.text.trim() ? `${line.slice(0, TEXT)}…` : line;
    throw new GantryError(BOOTSTRAP_FAILED, `${job.verb} ${text}: ${messageOf(error)}`, { cause: error });
  }
}

async function done(machine: Machine, job: BootstrapJob, folder: string): Promise<void> {
  if (job.verb === "RUN") return void (await machine.run(job.text, { forwards: true }));
  const words = wordsOf(job.text);
  const [from = "", to = ""] = words;
  if (words.length !== 2) throw new Error("is not FROM TO");
  if (job.verb === "ADD") await add(machine, resolve(folder, from), to);
  else await get(machine, from, resolve(folder, to), to.endsWith("/"));
}

async function add(machine: Machine, from: string, to: string): Promise<void> {
  const { mode } = await stat(from);
  const path = to.endsWith("/") ? `${to}${basename(from)}` : to;
  const script = putScript(path, (mode & 0o777).toString(8), await fileHash(from));
  await machine.run(script, { input: createReadStream(from) });
}

async function get(machine: Machine, from: string, to: string, intoFolder: boolean): Promise<void> {
  const bytes = await machine.run(`cat -- ${quoted(from)}`);
  const said = (await machine.run(`sha256sum <${quoted(from)}`)).toString().split(" ")[0];
  if (said !== createHash("sha256").update(bytes).digest("hex"))
    throw new Error("the file came in another form than it is");
  const path = intoFolder ? resolve(to, basename(from)) : to;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes, { mode: 0o600 });
}

/** Words as the shell parts them, with quotes of both kinds and backslashes. */
function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/g)].map(([word]) =>
    word.replaceAll(/\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"/g, (_all, escaped, single, double: string | undefined) =>
      String(escaped ?? single ?? double?.replaceAll(/\\(["\\$`])/g, "$1")),
    ),
  );
}

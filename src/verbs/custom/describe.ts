import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import { readLine } from "./answers.ts";
import { CUSTOM_VERB_WRONG } from "./errors.ts";
import { harnessArguments } from "./harness.ts";
import { kindOf, readManifest, verbFileName, type VerbManifest } from "./manifest.ts";
import type { VerbFile } from "./package.ts";

/** Milliseconds a verb has to say what it is. */
const PATIENCE = 15_000;

/**
 * What a file says of itself as a verb: of a module what it exports, of a program what stands in `FILE.json` beside it, else what it
 * answers to `{"action":"describe"}`. Runs the file on this machine. `taken`: names of verbs there are already. Throws `custom_verb_wrong`.
 */
export async function describeVerb(path: string, taken: readonly string[]): Promise<VerbFile> {
  const file = basename(path);
  if (!verbFileName.safeParse(file).success)
    throw new GantryError(
      CUSTOM_VERB_WRONG,
      `${file}: a name of letters, digits, dots, dashes and underscores is needed`,
    );
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new GantryError(CUSTOM_VERB_WRONG, `${path} cannot be read: ${messageOf(error)}`);
  });
  const kind = kindOf(file);
  const beside = kind === "module" ? undefined : await readFile(`${path}.json`, "utf8").catch(() => undefined);
  const said = beside === undefined ? await asked(path) : parsed(beside, `${file}.json`);
  const manifest: VerbManifest = readManifest(said, file, taken);
  return { manifest, file, kind, bytes };
}

function parsed(text: string, file: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new GantryError(CUSTOM_VERB_WRONG, `${file}: ${messageOf(error)}`);
  }
}

async function asked(path: string): Promise<Json> {
  const full = resolve(path);
  const [program, ...words] = kindOf(full) === "module" ? [process.execPath, ...harnessArguments(full)] : [full];
  const { stdout, error } = await new Promise<{ stdout: string; error: Error | null }>((end) => {
    const child = execFile(program as string, words, { timeout: PATIENCE, maxBuffer: 1 << 20 }, (failure, out) =>
      end({ stdout: out, error: failure }),
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(JSON.stringify({ action: "describe" }));
  });
  const lines = stdout.split("\n").map(readLine);
  const problem = lines.find((line) => line.kind === "error");
  if (problem?.kind === "error") throw new GantryError(CUSTOM_VERB_WRONG, `${basename(path)}: ${problem.text}`);
  const result = lines.findLast((line) => line.kind === "result");
  if (result?.kind === "result") return result.value;
  const why = error === null ? "it does not answer" : messageOf(error);
  throw new GantryError(
    CUSTOM_VERB_WRONG,
    `${basename(path)} does not say what it is: ${why}. A program answers {"action":"describe"} on its standard input with one line {"result":{"name":…,"summary":…}}, or has ${basename(path)}.json beside it`,
  );
}

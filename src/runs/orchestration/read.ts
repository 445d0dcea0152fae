import { dirname, resolve } from "node:path";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type Pair } from "yaml";
import { GantryError, problem, type Problem } from "../../kernel/errors.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import { nearest } from "../../kernel/nearest.ts";
import { ORCHESTRATION_INVALID } from "../errors.ts";
import { entry as entrySchema, type Entry, type JobLine } from "./model.ts";

/**
 * Orchestration files: a list of entries, as Director writes them, and what goes beyond that. Every problem names file, line and column. What
 * verbs mean is not looked at here. Reads no file itself.
 */

/** Reads a file by its absolute path. Rejects for one that cannot be read. */
export type ReadFile = (path: string) => Promise<string>;

/** Characters of one file. */
const LONGEST_FILE = 16 * 1024 * 1024;
const MOST_FILES = 1000;
const DEEPEST = 20;

/** Keys that Director knows: a file with no others is in its form, and its nodes go on after a verb failed. */
const DIRECTOR_KEYS: readonly string[] = ["name", "targets", "jobs", "async", "assign"];
const KEYS: readonly string[] = [
  ...DIRECTOR_KEYS,
  "vars",
  "parallel",
  "batch",
  "max_failures",
  "on_failure",
  "include",
];
const JOB_KEYS: readonly string[] = ["name", "vars"];

/** Entries of all files, in order. @param shown how a path is written in messages. Errors: `orchestration_invalid`, with every problem and its place. */
export async function readOrchestration(
  paths: readonly string[],
  read: ReadFile,
  shown: (path: string) => string = (path) => path,
): Promise<readonly Entry[]> {
  const problems: Problem[] = [];
  const entries: Entry[] = [];
  const state: Reading = { read, shown, problems, files: 0 };
  for (const path of paths) entries.push(...(await readFile(state, resolve(path), undefined, [])));
  if (problems.length === 0 && entries.length === 0)
    problems.push(
      problem(
        ORCHESTRATION_INVALID,
        "there is no entry in it",
        paths[0] === undefined ? undefined : { file: shown(resolve(paths[0])) },
      ),
    );
  if (problems.length > 0) throw invalid(problems);
  return entries;
}

interface Reading {
  readonly read: ReadFile;
  readonly shown: (path: string) => string;
  readonly problems: Problem[];
  files: number;
}

/** A file that is being read. */
interface Source {
  readonly reading: Reading;
  readonly path: string;
  readonly lines: LineCounter;
  /** Files that include it, the outermost first, and itself. */
  readonly chain: readonly string[];
  document?: Document;
}

type Where = Exclude<JobLine["where"], undefined>;

async function readFile(
  reading: Reading,
  path: string,
  from: Where | undefined,
  above: readonly string[],
): Promise<readonly Entry[]> {
  const { problems, shown } = reading;
  function refuse(message: string): readonly Entry[] {
    problems.push(problem(ORCHESTRATION_INVALID, message, placed(from) ?? { file: shown(path) }));
    return [];
  }
  if (above.includes(path)) return refuse(`${shown(path)} includes itself: ${[...above, path].map(shown).join(" → ")}`);
  if (above.length >= DEEPEST) return refuse(`files include each other more than ${DEEPEST} deep`);
  reading.files += 1;
  if (reading.files > MOST_FILES) return refuse(`more than ${MOST_FILES} files`);
  let text: string;
  try {
    text = await reading.read(path);
  } catch (error) {
    return refuse(`cannot read ${shown(path)}: ${reasonOf(error)}`);
  }
  if (text.length > LONGEST_FILE) return refuse(`${shown(path)} has more than ${LONGEST_FILE} characters`);
  const source: Source = { reading, path, lines: new LineCounter(), chain: [...above, path] };
  const root = rootOf(source, text);
  if (root === undefined) return [];
  const director = root.items.every(
    (one) => isMap(one) && one.items.every(({ key }) => DIRECTOR_KEYS.includes(textOf(key))),
  );
  const found: Entry[] = [];
  for (const item of root.items) found.push(...(await readEntry(source, item as Node, director ? "continue" : "stop")));
  return found;
}

function rootOf(source: Source, text: string): { readonly items: readonly unknown[] } | undefined {
  try {
    const document = parseDocument(text, { lineCounter: source.lines, prettyErrors: false, keepSourceTokens: false });
    source.document = document;
    for (const error of document.errors) tell(source, error.pos[0], firstLine(error.message));
    if (document.errors.length > 0) return undefined;
    const root = document.contents;
    if (root === null || (isScalar(root) && root.value === null)) return { items: [] };
    if (!isSeq(root)) {
      tell(source, root.range?.[0], "an orchestration is a list of entries, each with `jobs`");
      return undefined;
    }
    return root;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    tell(source, 0, "nested too deeply");
    return undefined;
  }
}

async function readEntry(source: Source, item: Node, onFailure: Entry["onFailure"]): Promise<readonly Entry[]> {
  if (!isMap(item)) {
    tell(source, item.range?.[0], "an entry is a mapping with `jobs`");
    return [];
  }
  const members = membersOf(source, item.items as Pair<Node, Node | null>[], KEYS, "an entry");
  const include = members.get("include");
  if (include !== undefined) {
    if (members.size > 1) tell(source, item.range?.[0], "`include` stands alone in its entry");
    return included(source, include.value);
  }
  const jobs = members.get("jobs");
  if (jobs === undefined) {
    tell(source, item.range?.[0], "this entry has no `jobs`");
    return [];
  }
  const draft: Record<string, unknown> = { async: false, onFailure };
  for (const [key, { value, at }] of members) {
    if (key === "jobs" || key === "assign") continue;
    const plain = plainOf(source, value);
    if (plain === null) continue;
    draft[MEMBERS[key] ?? key] = key === "async" ? truthOf(source, plain, at) : plain;
  }
  const assigned = assignments(source, members.get("assign"));
  const found = isSeq(jobs.value) ? jobs.value.items.map((job) => readJob(source, job as Node)) : [];
  if (!isSeq(jobs.value) && plainOf(source, jobs.value) !== null) tell(source, jobs.at, "`jobs` is a list of verbs");
  const checked = entrySchema.safeParse({ ...draft, jobs: [...assigned, ...found.filter((job) => job !== undefined)] });
  if (checked.success) return [checked.data];
  for (const issue of checked.error.issues) {
    const [key = "", ...rest] = issue.path.map(String);
    const name = Object.keys(MEMBERS).find((one) => MEMBERS[one] === key) ?? key;
    tell(
      source,
      members.get(name)?.at ?? item.range?.[0],
      `${[name, ...rest].join(".")}: ${SAID[name] ?? issue.message}`,
    );
  }
  return [];
}

/** Members of an entry that the API writes in another way. */
const MEMBERS: Readonly<Record<string, string>> = { max_failures: "maxFailures", on_failure: "onFailure" };

/** What is expected, in words. */
const SAID: Readonly<Record<string, string>> = {
  targets: "a list of targets is expected",
  parallel: "a number of nodes is expected, 1 or more",
  batch: "a number of nodes or a share like 20% is expected",
  max_failures: "a number of nodes or a share like 20% is expected",
  on_failure: "`stop` or `continue` is expected",
  vars: "a mapping is expected",
  name: "a text is expected",
};

async function included(source: Source, value: Node | null): Promise<readonly Entry[]> {
  const nodes = isSeq(value) ? (value.items as Node[]) : value === null ? [] : [value];
  const found: Entry[] = [];
  for (const node of nodes) {
    const where = whereOf(source, node.range?.[0]);
    const path = isScalar(node) ? node.value : undefined;
    if (typeof path !== "string" || path === "")
      tell(source, node.range?.[0], "`include` takes the path of a file, or a list of them");
    else found.push(...(await readFile(source.reading, resolve(dirname(source.path), path), where, source.chain)));
  }
  return found;
}

function readJob(source: Source, item: Node): JobLine | undefined {
  if (!isMap(item)) {
    tell(source, item.range?.[0], "a job is a mapping: `VERB: text`");
    return undefined;
  }
  const pairs = item.items as Pair<Node, Node | null>[];
  const verbs = pairs.filter(({ key }) => !JOB_KEYS.includes(textOf(key)));
  const [pair] = verbs;
  if (pair === undefined || verbs.length > 1) {
    const names = verbs.map(({ key }) => textOf(key)).join(", ");
    tell(
      source,
      item.range?.[0],
      pair === undefined ? "this job has no verb" : `a job has one verb, and this has ${verbs.length}: ${names}`,
    );
    return undefined;
  }
  const others = membersOf(
    source,
    pairs.filter((one) => one !== pair),
    JOB_KEYS,
    "a job",
  );
  const text = jobText(source, pair);
  const vars = plainOf(source, others.get("vars")?.value ?? null);
  const name = plainOf(source, others.get("name")?.value ?? null);
  if (vars !== null && (typeof vars !== "object" || Array.isArray(vars)))
    tell(source, others.get("vars")?.at, "`vars` is a mapping");
  if (text === undefined) return undefined;
  return {
    verb: textOf(pair.key),
    text,
    ...(name === null ? {} : { name: String(name) }),
    ...(vars === null ? {} : { vars: vars as NonNullable<JobLine["vars"]> }),
    where: whereOf(source, pair.key.range?.[0]),
  };
}

/** A verb's text, as it is written: `5` and `yes` are texts here. */
function jobText(source: Source, { key, value }: Pair<Node, Node | null>): string | undefined {
  if (value === null) return "";
  const node = isAlias(value) ? undefined : value;
  if (isScalar(node)) {
    if (typeof node.value === "string") return node.value;
    return node.value === null ? "" : (node.source ?? String(node.value));
  }
  const plain = plainOf(source, value);
  if (typeof plain === "string") return plain;
  tell(
    source,
    value.range?.[0] ?? key.range?.[0],
    `the text of ${textOf(key)} is expected here; quote it where it looks like something else`,
  );
  return undefined;
}

/** `assign: {NAME: VALUE}`: arguments that are set before the jobs of the entry. */
function assignments(source: Source, member: Member | undefined): readonly JobLine[] {
  if (member === undefined) return [];
  const value = plainOf(source, member.value);
  if (value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) {
    tell(source, member.at, "`assign` is a mapping of arguments to their values");
    return [];
  }
  const where = whereOf(source, member.at);
  return Object.entries(value as JsonObject).map(([name, one]) => ({
    verb: "ARG",
    text: `${name} ${typeof one === "string" ? one : JSON.stringify(one)}`,
    where,
  }));
}

interface Member {
  readonly value: Node | null;
  /** Offset of the key. */
  readonly at: number | undefined;
}

function membersOf(
  source: Source,
  pairs: readonly Pair<Node, Node | null>[],
  known: readonly string[],
  of: string,
): ReadonlyMap<string, Member> {
  const found = new Map<string, Member>();
  for (const { key, value } of pairs) {
    const name = textOf(key);
    const at = key.range?.[0];
    if (!known.includes(name)) {
      const near = nearest(name, known);
      tell(
        source,
        at,
        `${of} has no '${name}'${near === undefined ? `: it has ${known.join(", ")}` : `; did you mean '${near}'?`}`,
      );
    } else if (found.has(name)) tell(source, at, `'${name}' stands here twice`);
    else found.set(name, { value, at });
  }
  return found;
}

/** A value without its place; null: none. */
function plainOf(source: Source, node: Node | null): Json {
  if (node === null) return null;
  try {
    // Twenty aliases of a thing are a convenience, a million a trap.
    return node.toJS(source.document!, { maxAliasCount: 100 }) as Json;
  } catch (error) {
    tell(source, node.range?.[0], error instanceof Error ? firstLine(error.message) : String(error));
    return null;
  }
}

const TRUE: readonly unknown[] = [true, "true", "yes", "on", "y", "t", "1", 1];
const FALSE: readonly unknown[] = [false, "false", "no", "off", "n", "f", "0", 0];

function truthOf(source: Source, value: Json, at: number | undefined): boolean {
  const plain = typeof value === "string" ? value.toLowerCase() : value;
  if (!TRUE.includes(plain) && !FALSE.includes(plain)) tell(source, at, "async: `true` or `false` is expected");
  return TRUE.includes(plain);
}

function textOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function whereOf({ reading, path, lines }: Source, offset: number | undefined): Where {
  const { line, col } = lines.linePos(offset ?? 0);
  return { file: reading.shown(path), line, column: col };
}

function placed(where: Where | undefined): { file: string; line?: number; column?: number } | undefined {
  if (where === undefined) return undefined;
  const { file, line, column } = where;
  return { file, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) };
}

function tell(source: Source, offset: number | undefined, message: string): void {
  const where = placed(whereOf(source, offset));
  source.reading.problems.push(problem(ORCHESTRATION_INVALID, message, where));
}

function reasonOf(error: unknown): string {
  const code = (error as { readonly code?: unknown }).code;
  if (code === "ENOENT") return "there is no such file";
  return error instanceof Error ? error.message : String(error);
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/:$/, "");
}

function invalid(problems: readonly Problem[]): GantryError {
  const [first] = problems;
  const message = problems.length === 1 ? first!.message : `${problems.length} things are wrong`;
  return new GantryError(ORCHESTRATION_INVALID, message, {
    problems,
    ...(first?.where === undefined ? {} : { where: first.where }),
  });
}

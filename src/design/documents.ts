import { posix } from "node:path";
import { isAlias, isMap, isScalar, isSeq, LineCounter, Scalar, type Document, type Pair, type YAMLMap } from "yaml";
import type { Origin } from "../blueprints/index.ts";
import { problem, type Place, type Problem } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { convertDocument, type ConvertedDocument, isMergeKey, keyText, placeAt } from "./convert.ts";
import { BUNDLE_TOO_LARGE, YAML_SYNTAX } from "./errors.ts";
import { parseYaml } from "./parse.ts";

/** All texts of a bundle together, in characters. Looked at before anything is parsed. */
export const BUNDLE_LIMIT = 8 * 1024 * 1024;

export type Path = readonly (string | number)[];

/** One YAML document as plain data that remembers where everything is written. */
export interface SourceDocument {
  readonly file: string;
  readonly value: Json;
  /** Where the value at a path is written; of a path that is not there, its nearest parent. */
  placeOf(path: Path): Place;
  /** Where the key at a path is written. */
  placeOfKey(path: Path): Place;
  /** Where the text at a path stands, so that its lines can be told. */
  originOf(path: Path): Origin;
}

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** The path of a file that a document names, written as the document's own path is. */
export function pathBeside(documentPath: string, file: string): string {
  return posix.isAbsolute(file)
    ? posix.normalize(file)
    : posix.normalize(posix.join(posix.dirname(documentPath), file));
}

/** Says when texts are too large to be looked at: 8 MiB in all. */
export function sizeProblem(texts: Iterable<string>): Problem | undefined {
  let size = 0;
  for (const text of texts) size += text.length;
  if (size <= BUNDLE_LIMIT) return undefined;
  const mebibytes = (size / 1024 / 1024).toFixed(1);
  return problem(BUNDLE_TOO_LARGE, `the documents and files hold ${mebibytes} MiB; at most 8 MiB are read`);
}

export interface ReadDocuments {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly Problem[];
  /** Whether all that the files define is in the documents. */
  readonly complete: boolean;
}

/**
 * Reads every document of the files, and finds all that is wrong with them as YAML. Documents that cannot be read are left out; of a key
 * that is written twice in one map, the first counts.
 */
export function readDocuments(files: readonly TextFile[]): ReadDocuments {
  const problems: Problem[] = [];
  const read = files.map((file) => readFile(file, problems));
  return {
    documents: read.flatMap(({ documents }) => documents),
    problems,
    complete: read.every(({ complete }) => complete),
  };
}

function readFile(file: TextFile, problems: Problem[]): { documents: SourceDocument[]; complete: boolean } {
  const lines = new LineCounter();
  const parsed = parseYaml(file.text, file.path, lines);
  if ("problem" in parsed) {
    problems.push(parsed.problem);
    return { documents: [], complete: false };
  }
  const documents: SourceDocument[] = [];
  let complete = true;
  for (const document of parsed.documents) {
    const before = problems.length;
    for (const error of [...document.errors, ...document.warnings]) {
      problems.push(problem(YAML_SYNTAX, firstLine(error.message), placeAt(file.path, lines, error.pos[0])));
    }
    if (problems.length > before) {
      complete = false;
      continue;
    }
    const converted = convertDocument(document, file.path, lines, problems);
    complete &&= converted.complete;
    // An empty document is a file with nothing but comments, or the space before a leading `---`.
    if (converted.readable && converted.value !== null)
      documents.push(sourceDocument(file, document, lines, converted));
  }
  return { documents, complete };
}

function sourceDocument(
  file: TextFile,
  document: Document,
  lines: LineCounter,
  converted: ConvertedDocument,
): SourceDocument {
  const find = finder(document, converted.named);
  function offsetOf(node: unknown): number | undefined {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return range?.[0];
  }
  function place(offset: number | undefined): Place {
    return placeAt(file.path, lines, offset ?? offsetOf(document.contents) ?? 0);
  }
  return {
    file: file.path,
    value: converted.value,
    placeOf(path) {
      const found = find(path);
      return place(offsetOf(found.node) ?? offsetOf(found.key));
    },
    placeOfKey(path) {
      const found = find(path);
      return place(offsetOf(found.key) ?? offsetOf(found.node));
    },
    originOf(path) {
      const { node, key } = find(path);
      const start = offsetOf(node) ?? offsetOf(key) ?? 0;
      return originOf(file, lines, node, start);
    },
  };
}

interface Found {
  readonly node: unknown;
  readonly key: unknown;
}

/** Finds the node at a path, or the deepest one on the way to it, through aliases and merge keys. Maps are indexed once. */
function finder(document: Document, named: ConvertedDocument["named"]): (path: Path) => Found {
  const indexes = new Map<YAMLMap, ReadonlyMap<string, Pair>>();

  function follow(node: unknown): unknown {
    return isAlias(node) ? named.get(node) : node;
  }

  function indexOf(map: YAMLMap): ReadonlyMap<string, Pair> {
    const known = indexes.get(map);
    if (known !== undefined) return known;
    const index = new Map<string, Pair>();
    for (const pair of map.items) {
      const name = isMergeKey(pair.key) ? undefined : keyText(pair.key);
      if (name !== undefined && !index.has(name)) index.set(name, pair);
    }
    for (const pair of map.items) {
      if (!isMergeKey(pair.key)) continue;
      const base = follow(pair.value);
      for (const one of isSeq(base) ? base.items : [base]) {
        const merged = follow(one);
        if (!isMap(merged)) continue;
        for (const [name, inherited] of indexOf(merged)) if (!index.has(name)) index.set(name, inherited);
      }
    }
    indexes.set(map, index);
    return index;
  }

  return (path) => {
    let node: unknown = document.contents;
    let key: unknown;
    for (const step of path) {
      const parent = follow(node);
      if (isMap(parent)) {
        const pair = indexOf(parent).get(String(step));
        if (pair === undefined) break;
        key = pair.key;
        node = pair.value;
      } else if (isSeq(parent) && typeof step === "number" && step < parent.items.length) {
        node = parent.items[step];
        key = node;
      } else break;
    }
    return { node, key };
  };
}

/** Of a block scalar every line is known; of a text on one line without escapes, that line; of others, where they begin. */
function originOf(file: TextFile, lines: LineCounter, node: unknown, start: number): Origin {
  const { line, col } = lines.linePos(start);
  if (!isScalar(node) || typeof node.value !== "string") return { file: file.path, line, column: col, exact: false };
  if (node.type === Scalar.BLOCK_LITERAL) {
    const header = file.text.indexOf("\n", start);
    const body = file.text.slice(header + 1, node.range?.[1] ?? file.text.length);
    return { file: file.path, line: line + 1, column: indentOf(body, node.value) + 1, exact: true };
  }
  const quote = node.type === Scalar.QUOTE_SINGLE || node.type === Scalar.QUOTE_DOUBLE ? 1 : 0;
  const verbatim = file.text.startsWith(node.value, start + quote) && !node.value.includes("\n");
  return { file: file.path, line, column: col + quote, exact: verbatim };
}

/** How far a block scalar is indented: what its first line that is not blank has before its value. */
function indentOf(body: string, value: string): number {
  const source = body.split("\n");
  const texts = value.split("\n");
  const index = texts.findIndex((text) => text.trim() !== "");
  const written = source[index] ?? "";
  return Math.max(0, written.replace(/\r$/, "").length - (texts[index] ?? "").length);
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? text;
}

/** In which forms the value of a secret may turn up in what others write. Pure. */

/** Bytes below which a value is not looked for: it would be found everywhere. */
export const SHORTEST_VALUE = 6;
/** Characters of a line that is looked for by itself. */
export const SHORTEST_LINE = 16;
/** Bytes of the longest pattern, and so of what a stream may hold back; what is longer is looked for in pieces. */
export const LONGEST_PATTERN = 4096;
const PIECE = 2048;
/** Bytes of a value above which only its usual forms are looked for. */
const LARGE = 64 * 1024;

/** What is looked for. */
export interface Form {
  readonly pattern: Buffer;
  /** Line ends may stand anywhere in it: base64 is wrapped wherever its text began. */
  readonly wrapped: boolean;
}

/** Patterns to look for; none for a value that is too short. */
export function formsOf(value: Uint8Array): readonly Form[] {
  const text = textIn(value);
  const bytes = text === undefined ? Buffer.from(value) : Buffer.from(text, "utf8");
  if (bytes.length < SHORTEST_VALUE) return [];
  const texts = new Set<string>([bytes.toString("hex")]);
  if (text !== undefined && bytes.length <= LARGE) for (const form of written(text)) texts.add(form);
  if (bytes.length <= LARGE) texts.add(bytes.toString("hex").toUpperCase());
  const plain = [bytes, ...[...texts].map((form) => Buffer.from(form, "utf8"))];
  const base64 = base64Forms(bytes).map((form) => Buffer.from(form, "utf8"));
  return [
    ...plain.flatMap(inPieces).map((pattern) => ({ pattern, wrapped: false })),
    // The first characters of a pattern are looked for in one piece: where a line ends in them, the rest is found by itself.
    ...base64
      .flatMap(inPieces)
      .flatMap((pattern) => [pattern, pattern.subarray(4)])
      .map((pattern) => ({ pattern, wrapped: true })),
  ].filter(({ pattern }) => pattern.length >= SHORTEST_VALUE);
}

/** The value as text without space around it, which is hardly ever printed with it; undefined when it is none. */
function textIn(value: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(value).trim();
  } catch {
    return undefined;
  }
}

function written(text: string): readonly string[] {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && !line.startsWith("-----"));
  const whole = [text, text.replaceAll(/\r?\n/g, "\r\n")];
  return [...whole, ...(text.includes("\n") ? lines : [])].flatMap((one) => [
    one,
    escaped(one),
    escaped(escaped(one)),
    inAscii(escaped(one)),
    escaped(inAscii(escaped(one))),
    ...inUrls(one),
    one.replaceAll("'", String.raw`'\''`),
    one.replaceAll("'", `'"'"'`),
    ...inMarkup(one),
  ]);
}

/** As it stands between the quotes of JSON. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** JSON as some programs write it: nothing but ASCII. */
function inAscii(json: string): string {
  return json.replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function inUrls(text: string): readonly string[] {
  let plain: string;
  try {
    plain = encodeURIComponent(text);
  } catch {
    return [];
  }
  const strict = plain.replaceAll(/[!'()*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  return [plain, strict].flatMap((one) => {
    const lower = one.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
    return [one, lower, one.replaceAll("%20", "+"), one.replaceAll("%2F", "/")];
  });
}

function inMarkup(text: string): readonly string[] {
  const base = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  return [base, base.replaceAll("'", "&#39;"), base.replaceAll("'", "&#x27;")];
}

/**
 * Base64 of the value by itself and inside of other bytes (`user:password`): what stands before it moves it by 0, 1 or 2 bytes. Characters
 * that hold bits of neighbours are left out.
 */
function base64Forms(bytes: Buffer): readonly string[] {
  const forms = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  return [...new Set(forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]))];
}

/** A long pattern as pieces that follow each other: where it stands, they stand. */
function inPieces(pattern: Buffer): readonly Buffer[] {
  if (pattern.length <= LONGEST_PATTERN) return [pattern];
  const pieces: Buffer[] = [];
  for (let at = 0; at < pattern.length; at += PIECE) {
    const left = pattern.length - at;
    if (left <= LONGEST_PATTERN) return [...pieces, pattern.subarray(at)];
    pieces.push(pattern.subarray(at, at + PIECE));
  }
  return pieces;
}

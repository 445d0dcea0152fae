/**
 * Coded errors. Every error a user can meet has a kind: a stable code, an HTTP status and a remedy. Kinds live in the `errors.ts`
 * of the room they belong to; `docs/errors.md` is generated from this registry and a test holds the two equal.
 */

/** A place in a text the user wrote. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** What is known about one kind of error before it happens. */
export interface ErrorKind {
  /** Stable, `snake_case`, unique in the whole program. */
  readonly code: string;
  /** HTTP status of the problem document. */
  readonly status: number;
  /** One sentence for the documentation: what went wrong. */
  readonly summary: string;
  /** One sentence for the user: what to do. */
  readonly remedy: string;
}

const kinds = new Map<string, ErrorKind>();

/** Registers a kind of error. A code that is taken is a programming error. */
export function errorKind(code: string, kind: Omit<ErrorKind, "code">): ErrorKind {
  if (!/^[a-z][a-z0-9_]*$/.test(code)) throw new Error(`error code ${code} is not snake_case`);
  if (kinds.has(code)) throw new Error(`error code ${code} is defined twice`);
  const complete = Object.freeze({ code, ...kind });
  kinds.set(code, complete);
  return complete;
}

/** Every kind registered so far, by code. */
export function errorKinds(): readonly ErrorKind[] {
  return [...kinds.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** One thing that is wrong, as data: what `gantry` prints as `file:line:column: what is wrong (code)`. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly where?: Place;
  /** What to do, when it says more than the message. */
  readonly hint?: string;
}

export interface GantryErrorOptions {
  readonly where?: Place;
  /** Replaces the remedy of the kind where the case at hand allows a better one. */
  readonly hint?: string;
  /** Facts for programs, never secrets. Become members of the problem document. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** All problems found, when there is more than one. */
  readonly problems?: readonly Problem[];
  readonly cause?: unknown;
}

/** An error meant for the user. */
export class GantryError extends Error {
  readonly kind: ErrorKind;
  readonly where: Place | undefined;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];

  constructor(kind: ErrorKind, message: string, options: GantryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GantryError";
    this.kind = kind;
    this.where = options.where;
    this.hint = options.hint ?? kind.remedy;
    this.details = options.details ?? {};
    this.problems = options.problems ?? [];
  }

  get code(): string {
    return this.kind.code;
  }
}

/** Makes a problem of a kind, for lists that report everything at once. */
export function problem(kind: ErrorKind, message: string, where?: Place, hint?: string): Problem {
  return {
    code: kind.code,
    message,
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** `file:line:column`, as far as known. */
export function placeText(place: Place): string {
  if (place.line === undefined) return place.file;
  if (place.column === undefined) return `${place.file}:${place.line}`;
  return `${place.file}:${place.line}:${place.column}`;
}

/** `file:line:column: what is wrong (code)`. */
export function problemText(one: Problem): string {
  const what = `${one.message} (${one.code})`;
  return one.where === undefined ? what : `${placeText(one.where)}: ${what}`;
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** A failure nobody foresaw: a bug. Its details go to the log, not to the user. */
export const INTERNAL = errorKind("internal", {
  status: 500,
  summary: "Something failed that Gantry did not foresee.",
  remedy: "Look into the server's log for the same time, and report it with that part of the log.",
});

/** Breaks an invariant of our own code. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

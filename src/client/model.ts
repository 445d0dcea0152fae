import type { Json } from "../kernel/json.ts";
import type { Resources } from "./operations.generated.ts";

/** The shapes of the client. */

/** Where the server is, and as whom it is asked. */
export type Address =
  /** The Unix socket of a server on this machine: whoever may open it is its owner. */
  | { readonly socket: string }
  | {
      /** `https://gantry.example:7411` */
      readonly url: string;
      /** What is in the file `admin.token` of the server's data folder. */
      readonly token: string;
      /** PEM of the authority to trust, `tls/ca.pem` of the server's data folder, and no other. Left out: those the system trusts. */
      readonly authority?: string | undefined;
    };

/** What every call takes. */
export interface CallOptions {
  /** Ends the call. */
  readonly signal?: AbortSignal | undefined;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** The cursor of the next page; null: this is the last one. */
  readonly next: string | null;
}

/** A list: it asks for page after page while it is read. Each reading begins anew. */
export interface Listing<Item, Whole extends Page<Item> = Page<Item>> extends AsyncIterable<Item> {
  /** Everything, at once in memory. */
  all(): Promise<Item[]>;
  /** The first one, or undefined. */
  first(): Promise<Item | undefined>;
  /** One page as the server gives it: the first, or the one of a cursor. */
  page(cursor?: string): Promise<Whole>;
}

/** What happened, as `GET /v1/events` tells it. */
export interface Event {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** `job.finished` */
  readonly type: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly data: Json;
  /** Where to read on behind it. */
  readonly cursor: string;
}

/** Which events are wanted. */
export interface EventWish extends CallOptions {
  /** `job.finished`, or `job.*` for all of a room. */
  readonly type?: string | readonly string[] | undefined;
  /** `structure`, or `structure/ID`. */
  readonly subject?: string | undefined;
  /** Go on behind this cursor. Left out: only what comes from now on. */
  readonly after?: string | undefined;
  /** Milliseconds for which a server that went away is looked for; 60,000 when left out. */
  readonly patience?: number | undefined;
}

/**
 * Events as they happen. It begins at once, and goes on over broken connections and restarts of the server: none is missed, none comes
 * twice. It ends when its signal is aborted, or it is no longer read. Errors: `events_gone`, and those of any call.
 */
export interface EventFeed extends AsyncIterable<Event> {
  /** Resolves once the server has begun: what happens from then on is in it. */
  readonly opened: Promise<void>;
}

/** One line of a run's output: what a node wrote, how it ended a stage, how far the run is; the last one is the run as it ended. */
export interface RunLine {
  readonly kind: "output" | "ended" | "progress" | "run";
  readonly node?: string;
  /** Of output: the number of the verb in the run, from 1; null where nobody can say. */
  readonly job?: number | null;
  readonly stream?: "stdout" | "stderr";
  readonly text?: string;
  /** Of an end. */
  readonly entry?: number;
  readonly stage?: number;
  readonly state?: "done" | "failed" | "cancelled" | "skipped" | "unreachable";
  readonly counts?: Readonly<Record<"ok" | "changed" | "failed" | "skipped" | "interrupted" | "unreachable", number>>;
  readonly exitCode?: number | null;
  readonly message?: string | null;
  /** Of progress: verbs on nodes that ended, of so many. */
  readonly done?: number;
  readonly total?: number;
  readonly run?: EndedRun;
}

/** As `GET /v1/runs/ID` tells it. */
export type EndedRun = Awaited<ReturnType<Resources["runs"]["get"]>>;

/** One line of a run's export: `kind` says what of. */
export interface RunExportLine {
  readonly kind: "run" | "verb" | "result";
  readonly [member: string]: unknown;
}

/** One endpoint, as the program needs it. */
export interface OperationEntry {
  readonly method: string;
  /** With places in braces, which the call's first parameters fill in order. */
  readonly path: string;
  readonly answer: "page" | "json" | "lines" | "bytes" | "none";
  readonly body?: "json" | "bytes";
  /** Left out: `application/json`. */
  readonly bodyTypes?: readonly string[];
  /** Header by option; every other option goes into the query. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The most a page may hold. */
  readonly largestPage?: number;
}

export type OperationTable = Readonly<Record<string, Readonly<Record<string, OperationEntry>>>>;

/** Requests by path: what the resources are made of. */
export interface Requests {
  get<Answer = Json>(path: string, options?: CallOptions): Promise<Answer>;
  send<Answer = Json>(
    method: "POST" | "PATCH" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<Answer>;
  /** Sends bytes as they are. */
  upload<Answer = Json>(
    path: string,
    bytes: AsyncIterable<Uint8Array> | Uint8Array | string,
    headers?: Readonly<Record<string, string>>,
    options?: CallOptions,
    /** Left out: POST. */
    method?: "POST" | "PUT",
  ): Promise<Answer>;
  /** The bytes of an answer, as they come. Resolves once the server has begun it. */
  download(path: string, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  /** The same of an endpoint that is told what to make. */
  fetch(method: "POST", path: string, body: unknown, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  /** The lines of an answer that goes on (NDJSON). Resolves once the server has begun it. */
  lines<Line = Json>(path: string, options?: CallOptions): Promise<AsyncGenerator<Line, void, undefined>>;
}

/** What the server says of a design that is being made (`GET /v1/designs/NAME/status`). */
export interface DesignStatus {
  /** Nothing is being done any more: all is as wanted, or has failed, or waits for a person. */
  readonly settled: boolean;
  readonly items: readonly StatusItem[];
}

export interface StatusItem {
  readonly name: string;
  /** A foundation is listed only when no structure stands on it. */
  readonly kind: "structure" | "foundation" | "dependency";
  readonly blueprint: string;
  readonly addresses: readonly string[];
  /** `planned`, `waiting`, `building`, `built`, `changing`, `paused`, `failed`, `destroying`. */
  readonly state: string;
  /** What is being done, or waited for. */
  readonly step: string;
  /** 0 to 100, over foundation and structure. */
  readonly percent: number;
  readonly failure: StatusFailure | null;
  /** Milliseconds spent since the design was last applied, null when nothing was done. */
  readonly milliseconds: number | null;
}

export interface StatusFailure {
  readonly jobId: string;
  readonly message: string;
  /** The script and its line: `web-create.t:7`. */
  readonly place: string | null;
  /** The last output of the step that failed. */
  readonly output: string;
}

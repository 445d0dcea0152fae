/** A real thing tests run against: programs from Debian, and perhaps a server that the whole test run shares. */
export interface RealPart {
  /** What tests ask for: `describeReal("postgresql", …)`. */
  readonly name: string;
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Whether what the packages bring is there. */
  present(): boolean;
  /** Starts what the test run shares. Throws, with the reason, when this machine cannot. */
  start?(): Promise<StartedPart>;
}

export interface StartedPart {
  /** How tests reach it: `addressOf("postgresql")`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Whether a part can be used in this run. */
export type PartState = { readonly address: string } | { readonly missing: string };

import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Logger } from "../../platform/logging/index.ts";
import { accountNameProblem } from "../account-model.ts";
import { SERVER_CHAIN, type AuditActor } from "../audit-model.ts";
import type { Audit } from "../audit.ts";

/** A login that failed, for the audit. */
export interface Failure {
  readonly way: LoginWay;
  /** As it was typed; what cannot be the name of an account is not kept: it may be a password in the wrong field. */
  readonly name: string;
  readonly accountId: Id | null;
  readonly address: string;
  /** `wrong`, `disabled`, `waiting` …: one word or a short sentence, never a secret. */
  readonly reason: string;
}

export type LoginWay = "password" | "ldap" | "oidc" | "device";

/** Failed logins in the audit: the first of a burst at once, those that follow within a minute as one entry with their count. */
export interface Failures {
  add(failure: Failure): void;
  /** Writes what is held back. */
  close(): Promise<void>;
}

const MINUTE = 60_000;
/** Bursts that are told apart at a time; what is more is summed up as one. */
const MOST_BURSTS = 100;
const NOBODY: AuditActor = { kind: "anonymous", id: null, name: "anonymous" };

interface Burst {
  readonly failure: Failure;
  /** Those that are not written yet. */
  count: number;
  cancel: () => void;
}

export function createFailures(parts: {
  readonly audit: Pick<Audit, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}): Failures {
  const { audit, clock, log } = parts;
  const bursts = new Map<string, Burst>();
  const writing = new Set<Promise<void>>();

  function write({ way, name, accountId, address, reason }: Failure, count: number): void {
    const shown = accountNameProblem(name) === undefined ? name : "";
    const subject = { kind: "person", id: accountId, name: shown };
    const data = { way, address, reason, count };
    const done = audit
      .record(NOBODY, [{ chain: SERVER_CHAIN, action: "login.failed", subject, data }])
      .catch((error: unknown) => log.error({ error: messageOf(error) }, "a failed login was not written to the audit"))
      .finally(() => writing.delete(done));
    writing.add(done);
  }

  function end(key: string, burst: Burst): void {
    burst.cancel();
    bursts.delete(key);
    if (burst.count > 0) write(burst.failure, burst.count);
  }

  function begin(key: string, failure: Failure, count: number): void {
    const burst: Burst = { failure, count, cancel: () => {} };
    burst.cancel = clock.after(MINUTE, () => end(key, burst));
    bursts.set(key, burst);
  }

  return {
    add(failure) {
      const known = [failure.way, failure.address, failure.accountId ?? failure.name, failure.reason].join(" ");
      const many = !bursts.has(known) && bursts.size >= MOST_BURSTS;
      const key = many ? "" : known;
      const burst = bursts.get(key);
      if (burst !== undefined) burst.count += 1;
      else if (many) begin(key, { ...failure, name: "", accountId: null, address: "many", reason: "many" }, 1);
      else {
        write(failure, 1);
        begin(key, failure, 0);
      }
    },
    async close() {
      for (const [key, burst] of bursts) end(key, burst);
      await Promise.all(writing);
    },
  };
}

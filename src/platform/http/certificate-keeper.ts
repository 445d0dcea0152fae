import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { ensureCertificates, readCertificates, type Certificates } from "./certificates.ts";
import { AUTHORITY_SUPPLIED } from "./errors.ts";
import { dropFormer, rotateAuthority } from "./rotation.ts";

/** The certificates of a server that runs: looked at again and again, so that new ones are shown without a restart. */
export interface CertificateKeeper {
  readonly current: Certificates;
  /** `own`: from a CA of this server; `supplied`: files that a person replaces. */
  readonly source: "own" | "supplied";
  /** Called with every new `current`. */
  onChange(listener: (certificates: Certificates) => void): void;
  /** A new CA; the present one is good for so many milliseconds more. Errors: `authority_rotating`, `authority_supplied`. */
  rotate(overlap: number): Promise<void>;
  /** Errors: `authority_former_none`, `authority_supplied`. */
  dropFormer(): Promise<void>;
  /** Looks now. What cannot be read is told in the log, and what was there before stays in use. */
  look(): Promise<void>;
  stop(): void;
}

export interface KeeperParts {
  readonly clock: Clock;
  readonly log: { warn(fields: object, text: string): void; info(fields: object, text: string): void };
}

/** Milliseconds between two looks: at files that a person replaces, and at how long our own are good. */
const LOOK_AT_FILES = 10_000;
const LOOK_AT_OWN = 60 * 60 * 1000;

/** Certificates of a CA in a folder, for the names and addresses. */
export async function keepOwnCertificates(
  folder: string,
  names: readonly string[],
  parts: KeeperParts,
): Promise<CertificateKeeper> {
  const { clock } = parts;
  return keep("own", () => ensureCertificates(folder, names, clock), LOOK_AT_OWN, parts, {
    rotate: (overlap) => rotateAuthority(folder, clock.now() + overlap, clock.now()),
    dropFormer: () => dropFormer(folder, clock.now()),
  });
}

/** Certificates that a person made, and replaces while the server runs. */
export async function keepSuppliedCertificates(
  files: { readonly chain: string; readonly key: string },
  parts: KeeperParts,
): Promise<CertificateKeeper> {
  async function refused(): Promise<never> {
    throw new GantryError(AUTHORITY_SUPPLIED, `the certificate is in ${files.chain}`);
  }
  return keep("supplied", () => readCertificates(files.chain, files.key), LOOK_AT_FILES, parts, {
    rotate: refused,
    dropFormer: refused,
  });
}

async function keep(
  source: CertificateKeeper["source"],
  load: () => Promise<Certificates>,
  every: number,
  { clock, log }: KeeperParts,
  change: Pick<CertificateKeeper, "rotate" | "dropFormer">,
): Promise<CertificateKeeper> {
  const listeners: ((certificates: Certificates) => void)[] = [];
  let current = await load();
  let stopped = false;
  let cancel = (): void => {};
  /** One after the other: two that write the same files would mix them. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  }

  async function take(): Promise<void> {
    const loaded = await load();
    if (loaded.chain === current.chain && loaded.key === current.key && loaded.former?.until === current.former?.until)
      return;
    current = loaded;
    log.info({ authority: loaded.pin }, "another certificate is shown from now on");
    for (const listener of listeners) listener(loaded);
  }

  async function look(): Promise<void> {
    try {
      await inTurn(take);
    } catch (error) {
      log.warn({ error: messageOf(error) }, "new certificates cannot be used, those in use stay");
    }
    later();
  }

  function later(): void {
    cancel();
    const over = current.former === undefined ? every : Math.max(1000, current.former.until - clock.now());
    if (!stopped) cancel = clock.after(Math.min(every, over), () => void look());
  }
  later();

  async function changed(work: () => Promise<void>): Promise<void> {
    await inTurn(async () => {
      await work();
      await take();
    });
    later();
  }

  return {
    get current() {
      return current;
    },
    source,
    onChange: (listener) => void listeners.push(listener),
    rotate: (overlap) => changed(() => change.rotate(overlap)),
    dropFormer: () => changed(() => change.dropFormer()),
    look,
    stop() {
      stopped = true;
      cancel();
    },
  };
}

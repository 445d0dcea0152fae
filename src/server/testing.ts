import { join } from "node:path";
import { hashToken } from "../access/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { keepOwnCertificates, type CertificateKeeper } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { compose, type ComposeParts, type Composition } from "./compose.ts";

/** For tests: all rooms of a server, wired in this process, and nothing started. */
export interface TestComposition {
  readonly composition: Composition;
  readonly keeper: CertificateKeeper;
  close(): Promise<void>;
}

/** @param folder empty; the test removes it */
export async function testComposition(
  folder: string,
  token: string,
  more: Partial<ComposeParts> = {},
): Promise<TestComposition> {
  const log = silentLogger();
  const keeper = await keepOwnCertificates(join(folder, "tls"), ["127.0.0.1"], { clock: systemClock, log });
  const composition = await compose({
    clock: systemClock,
    random: systemRandom,
    log,
    version: "1",
    database: ":memory:",
    dataFolder: folder,
    settings: {},
    administrator: hashToken(token),
    certificates: keeper,
    heartbeat: 10_000,
    reachWithin: 1000,
    keepEvents: 1000,
    keepJobs: 1000,
    git: { folder: join(folder, "git"), local: false },
    ...more,
  });
  return {
    composition,
    keeper,
    async close() {
      await composition.close();
      keeper.stop();
    },
  };
}

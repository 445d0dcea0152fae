import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hashToken } from "../access/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { ensurePrivateFolder, writePrivateFile } from "../platform/files/index.ts";
import { keepOwnCertificates, type CertificateKeeper } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { compose, type ComposeParts, type Composition } from "./compose.ts";

/** For tests: all rooms of a server, wired in this process, and nothing started. */
export interface TestComposition {
  readonly composition: Composition;
  readonly keeper: CertificateKeeper;
  close(): Promise<void>;
}

/** Certificates of the first server: making them for each would take most of the time of its tests. */
let made: readonly { readonly name: string; readonly text: string }[] | undefined;

async function certificatesIn(folder: string): Promise<CertificateKeeper> {
  if (made !== undefined) {
    await ensurePrivateFolder(folder);
    for (const { name, text } of made) await writePrivateFile(join(folder, name), text);
  }
  const keeper = await keepOwnCertificates(folder, ["127.0.0.1"], { clock: systemClock, log: silentLogger() });
  made ??= await Promise.all(
    (await readdir(folder)).map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })),
  );
  return keeper;
}

/** @param folder empty; the test removes it */
export async function testComposition(
  folder: string,
  token: string,
  more: Partial<ComposeParts> = {},
): Promise<TestComposition> {
  const log = silentLogger();
  const keeper = await certificatesIn(join(folder, "tls"));
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

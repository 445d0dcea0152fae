/**
 * Secrets: 100,000 of them sealed anew after a new data key, while their values are read over HTTP (each reading is audited); and 1,000 data
 * keys wrapped by a new master key.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADMINISTRATOR, admitTo, testDoor } from "../src/access/testing.ts";
import { createClient, type GantryClient } from "../src/client/index.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import type { Database } from "../src/platform/database/index.ts";
import { createHttpServer } from "../src/platform/http/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { secretRoutes, type Secrets } from "../src/secrets/index.ts";
import { openSecretsIn } from "../test/support/secrets-crash-child.ts";
import type { Measurement } from "../scripts/measurement.ts";

const SECRETS = 100_000;
const BYTES = 200;
const DATA_KEYS = 1000;
const READERS = 4;
const BEFORE = 2000;
const TENANT = ADMINISTRATOR.tenantId;

/** Written straight into the table: keeping them one by one is not what is measured. */
async function fill(database: Database, secrets: Secrets): Promise<readonly string[]> {
  const sealer = await secrets.sealer.sealing(TENANT, SECRETS);
  const ids = Array.from({ length: SECRETS }, () => systemRandom.id());
  const columns = ["id", "tenant_id", "owner_kind", "owner_id", "name", "kind", "size", "description"];
  const more = ["generation", "sealed", "version", "created_at", "updated_at"];
  const rows = ids.map((id, index) => {
    const name = `n${index}`;
    const sealed = sealer.seal(Buffer.alloc(BYTES, index), ["secret", "tenant", TENANT, name]);
    return [id, TENANT, "tenant", TENANT, name, "blob", BYTES, "", sealer.generation, sealed, 1, 1, 1];
  });
  await database.transaction((tx) =>
    database.bulkInsert(tx, { table: "secret", columns: [...columns, ...more], rows }),
  );
  return ids;
}

/** Reads values, one after the other by each reader, until `until` ends. Returns how many in a second. */
async function reading(client: GantryClient, ids: readonly string[], until: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  let ended = false;
  let count = 0;
  const end = until.finally(() => {
    ended = true;
  });
  async function reader(number: number): Promise<void> {
    for (let at = number * 7919; !ended; at += 104_729) {
      await client.get(`/v1/secrets/${ids[at % ids.length]}/value`);
      count += 1;
    }
  }
  await Promise.all([end, ...Array.from({ length: READERS }, (_, number) => reader(number))]);
  return count / ((performance.now() - begun) / 1000);
}

/** Opening and sealing as many bytes, and nothing else. */
function bareSeconds(): number {
  const [from, to] = [randomBytes(32), randomBytes(32)];
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", from, nonce);
  const sealed = Buffer.concat([cipher.update(Buffer.alloc(BYTES, 1)), cipher.final()]);
  const tag = cipher.getAuthTag();
  const begun = performance.now();
  for (let count = 0; count < SECRETS; count += 1) {
    const opening = createDecipheriv("aes-256-gcm", from, nonce);
    opening.setAuthTag(tag);
    const value = Buffer.concat([opening.update(sealed), opening.final()]);
    const sealing = createCipheriv("aes-256-gcm", to, randomBytes(12));
    Buffer.concat([sealing.update(value), sealing.final(), sealing.getAuthTag()]);
  }
  return (performance.now() - begun) / 1000;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

async function wrapping(secrets: Secrets): Promise<readonly Measurement[]> {
  for (let count = 1; count < DATA_KEYS; count += 1) await secrets.sealer.sealing(`tenant ${count}`, 1);
  const few = await timed(() => secrets.keys.rotateMaster(ADMINISTRATOR));
  const bare = await timed(async () => {
    const key = randomBytes(32);
    for (let count = 0; count < DATA_KEYS * 2; count += 1)
      createCipheriv("aes-256-gcm", key, randomBytes(12)).update(randomBytes(64));
  });
  return [
    {
      name: "1,000 data keys wrapped by a new master key, SQLite",
      value: few * 1000,
      unit: "ms",
      limit: 10_000,
      baseline: bare * 1000,
      baselineName: "twice as many AES-GCM of their bytes alone",
      ratio: few / bare,
    },
  ];
}

export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-secrets-"));
  const { database, secrets, close } = await openSecretsIn(folder);
  const http = await createHttpServer({
    log: silentLogger(),
    version: "0",
    authenticate: admitTo(testDoor("right")),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  secretRoutes(http, secrets.service, secrets.keys);
  await http.listenOnSocket(join(folder, "gantry.sock"));
  const client = createClient({ dataFolder: folder });
  try {
    const ids = await fill(database, secrets);
    const alone = await reading(
      client,
      ids,
      new Promise((resolve) => {
        setTimeout(resolve, BEFORE);
      }),
    );
    await secrets.keys.rotateData(ADMINISTRATOR);
    const begun = performance.now();
    const during = await reading(client, ids, secrets.settled());
    const seconds = (performance.now() - begun) / 1000;
    const { left } = await secrets.keys.status(ADMINISTRATOR);
    if (left !== 0) throw new Error(`${left} secrets were not sealed anew`);
    const bare = bareSeconds();
    return [
      {
        name: "100,000 secrets sealed by a new data key while they are read, SQLite",
        value: seconds,
        unit: "s",
        limit: 60,
        baseline: bare,
        baselineName: "AES-GCM of the same bytes alone",
        ratio: seconds / bare,
      },
      {
        name: "values read over HTTP, each audited, meanwhile",
        value: during,
        unit: "reads/s",
        baseline: alone,
        baselineName: "while nothing is sealed anew",
        ratio: during / alone,
      },
      ...(await wrapping(secrets)),
    ];
  } finally {
    client.close();
    await http.close();
    await close();
    rmSync(folder, { recursive: true });
  }
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, type GantryClient } from "../src/client/index.ts";
import { until } from "./support/names.ts";
import { createBench, ROOT, type Bench } from "./support/gantry.ts";

/** A server that is killed (`kill -9`) at any durable write of a rotation loses nothing, and goes on when it is started again. */

const SECRETS = 300;

interface Status {
  readonly state: string;
  readonly dataKey: { readonly generation: number };
  readonly secrets: number;
  readonly left: number;
}

let bench: Bench;
const ids = new Map<string, string>();

beforeAll(async () => {
  bench = createBench();
  await started([], async (client) => {
    const names = Array.from({ length: SECRETS }, (_, number) => `n${number}`);
    for (let from = 0; from < SECRETS; from += 50)
      await Promise.all(
        names.slice(from, from + 50).map(async (name) => {
          const body = { name, owner: { kind: "tenant" }, value: `value of ${name}` };
          ids.set(name, (await client.send<{ id: string }>("POST", "/v1/secrets", body)).id);
        }),
      );
  });
});

afterAll(async () => {
  expect(await bench.clear()).toEqual([]);
});

/** A server with options for Node, as long as `work` takes. It may be dead by then. */
async function started(node: readonly string[], work: (client: GantryClient) => Promise<void>): Promise<void> {
  await bench.gantryWith(node, ["server", "start"]);
  const client = createClient({ dataFolder: bench.dataFolder });
  try {
    await work(client);
  } finally {
    client.close();
    await bench.gantry(["server", "stop"]);
  }
}

function doom(options: Record<string, string>): readonly string[] {
  const url = pathToFileURL(join(ROOT, "test/support/die-at-commit.mjs"));
  url.search = new URLSearchParams({ who: "server", ...options }).toString();
  return [`--import=${url.href}`];
}

function status(client: GantryClient): Promise<Status> {
  return client.get<Status>("/v1/secrets/status");
}

/** Asks for it, and waits until it is done, or the server is dead. */
async function rotate(client: GantryClient, what: "data" | "master"): Promise<void> {
  try {
    await client.send("POST", `/v1/secrets/rotate-${what}`, what === "master" ? {} : undefined);
    await until(
      () => status(client),
      ({ left }) => left === 0,
    );
  } catch {
    // It was killed.
  }
}

async function expectWhole(client: GantryClient, what: string): Promise<void> {
  const found = await until(
    () => status(client),
    ({ left }) => left === 0,
  );
  expect([what, found]).toEqual([what, expect.objectContaining({ state: "open", secrets: SECRETS })]);
  const names = [...ids.keys()];
  for (let from = 0; from < SECRETS; from += 50)
    await Promise.all(
      names.slice(from, from + 50).map(async (name) => {
        const { value } = await client.get<{ value: string }>(`/v1/secrets/${ids.get(name)}/value`);
        if (value !== `value of ${name}`) expect([what, name, value]).toEqual([what, name, `value of ${name}`]);
      }),
    );
}

describe.each(["data", "master"] as const)("a new %s key", (what) => {
  it("may be cut off at any durable write", async () => {
    // How many writes there are before, and until it is done.
    const count = join(bench.folder, `count-${what}`);
    let [before, after] = [0, 0];
    await started(doom({ count }), async (client) => {
      await status(client);
      before = Number(readFileSync(count, "utf8"));
      await rotate(client, what);
      after = Number(readFileSync(count, "utf8"));
    });
    expect(after).toBeGreaterThan(before);
    for (let at = before + 1; at <= after; at += 1) {
      const point = `killed ${at % 2 === 0 ? "before" : "after"} write ${at - before} of ${after - before}`;
      await started(doom({ at: String(at), when: at % 2 === 0 ? "before" : "after" }), (client) =>
        rotate(client, what),
      );
      await started([], (client) => expectWhole(client, point));
    }
  });
});

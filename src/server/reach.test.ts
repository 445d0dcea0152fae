import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import type { Certificates, HttpServer, Listener } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createReach } from "./reach.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-reach-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A server that listens in name only. */
function fakeServer(first = "https://127.0.0.1:7400") {
  const opened: string[] = [];
  const listeners = [{ url: first, port: 7400 }] as unknown as Listener[];
  const http = {
    closing: new AbortController().signal,
    listeners,
    async listen({ host, port }: { host: string; port: number }) {
      opened.push(`${host}:${port}`);
      return { url: `https://${host}:${port}`, port } as Listener;
    },
  } as unknown as HttpServer;
  return { http, opened };
}

function reachOf(http: HttpServer) {
  const urls = http.listeners.map(({ url }) => url);
  return createReach({
    http,
    certificates: () => ({}) as Certificates,
    urls,
    dataFolder: folder,
    clock: manualClock(),
    log: silentLogger(),
  });
}

describe("what is behind a bridge of this machine", () => {
  test("reaches the server at the bridge's own address, which the server listens on from then on", async () => {
    const { http, opened } = fakeServer();
    const reach = await reachOf(http);
    expect(await reach.through("127.0.0.1")).toEqual(["https://127.0.0.1:7400", "https://127.0.0.1:7400"]);
    await reach.through("127.0.0.1");
    expect(opened).toEqual(["127.0.0.1:7400"]);
  });

  test("finds it there again after the server has been started anew", async () => {
    await (await reachOf(fakeServer().http)).through("127.0.0.1");
    const { http, opened } = fakeServer();
    await reachOf(http);
    expect(opened).toEqual(["127.0.0.1:7400"]);
  });

  test("does without a memory that is damaged", async () => {
    await writeFile(join(folder, "gateways.json"), "{");
    const { http, opened } = fakeServer();
    await reachOf(http);
    expect(opened).toEqual([]);
  });
});

test("where the server listens on all addresses, the bridge's is one of them", async () => {
  const { http, opened } = fakeServer("https://0.0.0.0:7400");
  const reach = await reachOf(http);
  expect(await reach.through("127.0.0.1")).toEqual(["https://127.0.0.1:7400"]);
  expect(opened).toEqual([]);
});

test("a gateway that is not this machine's is of no use", async () => {
  const { http, opened } = fakeServer();
  expect(await (await reachOf(http)).through("192.0.2.200")).toEqual(["https://127.0.0.1:7400"]);
  expect(opened).toEqual([]);
});

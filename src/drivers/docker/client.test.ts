import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createEngineClient, isRefusal } from "./client.ts";

/** An engine that says whatever a test wants it to say. */

let folder: string;
let server: Server | undefined;
const signal = new AbortController().signal;
const OLD = JSON.stringify({ ApiVersion: "1.41", MinAPIVersion: "1.12" });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-client-"));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

async function clientOf(answer: RequestListener, version = OLD) {
  const path = join(folder, "engine.sock");
  server = createServer((request, response) => {
    if (request.url === "/version") response.end(version);
    else answer(request, response);
  });
  await once(server.listen(path), "listening");
  return createEngineClient({ kind: "unix", path });
}

describe("the version of the API", () => {
  test.each([
    [{ ApiVersion: "1.41", MinAPIVersion: "1.12" }, "/v1.41/x"],
    [{ ApiVersion: "1.45", MinAPIVersion: "1.24" }, "/v1.45/x"],
    [{ ApiVersion: "1.99", MinAPIVersion: "1.44" }, "/v1.47/x"],
  ])("%j gives %s", async (version, expected) => {
    const client = await clientOf(
      (request, response) => response.end(JSON.stringify(request.url)),
      JSON.stringify(version),
    );
    expect(await client.json({ method: "GET", path: "/x", signal }, z.string())).toBe(expected);
  });

  test.each([
    { ApiVersion: "1.40", MinAPIVersion: "1.12" },
    { ApiVersion: "1.99", MinAPIVersion: "1.60" },
  ])("%j has none in common with Gantry", async (version) => {
    const client = await clientOf((_, response) => response.end(), JSON.stringify(version));
    await expect(client.bytes({ method: "GET", path: "/x", signal })).rejects.toMatchObject({ code: "docker_too_old" });
  });
});

describe("what is not an engine", () => {
  test("answers with a page", async () => {
    const client = await clientOf((_, response) => response.end(), "<html>");
    await expect(client.bytes({ method: "GET", path: "/x", signal })).rejects.toMatchObject({
      code: "docker_answer_unknown",
    });
  });

  test("answers with JSON of another kind", async () => {
    const client = await clientOf((_, response) => response.end("{}"));
    const schema = z.object({ Id: z.string() });
    await expect(client.json({ method: "GET", path: "/x", signal }, schema)).rejects.toMatchObject({
      code: "docker_answer_unknown",
    });
  });

  test("is not there", async () => {
    const client = createEngineClient({ kind: "unix", path: join(folder, "none.sock") });
    await expect(client.bytes({ method: "GET", path: "/x", signal })).rejects.toMatchObject({
      code: "docker_unreachable",
      message: expect.stringContaining("none.sock does not answer: there is no such socket (ENOENT)"),
    });
  });
});

describe("an engine that goes away", () => {
  test("before it answers", async () => {
    const client = await clientOf((request) => request.destroy());
    await expect(client.bytes({ method: "POST", path: "/x", body: {}, signal })).rejects.toMatchObject({
      code: "docker_unreachable",
    });
  });

  test("in the middle of its answer", async () => {
    const client = await clientOf((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => response.destroy());
    });
    await expect(client.bytes({ method: "GET", path: "/x", signal })).rejects.toMatchObject({
      code: "docker_unreachable",
    });
  });

  test("in the middle of an upload", async () => {
    const client = await clientOf((request) => request.once("data", () => request.destroy()));
    const body = Readable.from(endless(), { objectMode: false });
    await expect(client.bytes({ method: "PUT", path: "/x", body, signal })).rejects.toMatchObject({
      code: "docker_unreachable",
    });
    expect(body.destroyed).toBe(true);
  });

  test.each([
    [503, "anything"],
    [500, "rpc error: code = Unavailable desc = transport is closing"],
  ])("saying %i %s", async (status, message) => {
    const client = await clientOf((_, response) => response.writeHead(status).end(JSON.stringify({ message })));
    await expect(client.bytes({ method: "GET", path: "/x", signal })).rejects.toMatchObject({
      code: "docker_unreachable",
    });
  });
});

test("a refusal carries the engine's words, and its status", async () => {
  const client = await clientOf((_, response) => response.writeHead(409).end('{"message":"name is in use\\n"}'));
  const error = await client.bytes({ method: "POST", path: "/x", signal }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "docker_refused", message: "the Docker engine refused: name is in use" });
  expect(isRefusal(error, 409)).toBe(true);
  expect(isRefusal(error, 404)).toBe(false);
});

test("a refusal of an upload is heard, though nobody reads the upload", async () => {
  const client = await clientOf(() => undefined);
  server?.on("checkContinue", (_, response) => response.writeHead(404).end('{"message":"no such container"}'));
  const body = Readable.from(endless(), { objectMode: false });
  await expect(client.bytes({ method: "PUT", path: "/x", body, signal })).rejects.toMatchObject({
    message: "the Docker engine refused: no such container",
  });
  expect(body.destroyed).toBe(true);
});

test("an abort ends the waiting, with its reason", async () => {
  const abort = new AbortController();
  const client = await clientOf(() => abort.abort(new Error("cancelled")));
  await expect(client.bytes({ method: "GET", path: "/x", signal: abort.signal })).rejects.toThrow("cancelled");
});

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024);
}

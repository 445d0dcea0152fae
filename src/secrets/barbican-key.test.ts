import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { systemRandom } from "../kernel/ids.ts";
import { barbicanKeys } from "./barbican-key.ts";
import { testFolder } from "./testing/room.ts";

// With a real Barbican, which here runs without Keystone: test/barbican.test.ts.

const SECRET = "0b7f0f6c-1d2e-4a5b-8c9d-0123456789ab";
const KEY = Buffer.alloc(32, 3);

/** What Barbican's API documentation says of a payload that is text, asked for with a token. */
async function stand(): Promise<{ readonly url: string; readonly asked: (string | undefined)[][] }> {
  const asked: (string | undefined)[][] = [];
  const server = createServer(({ headers, url }, response) => {
    asked.push([url, headers.accept, headers["x-auth-token"] as string | undefined]);
    if (headers["x-auth-token"] !== "a token") return void response.writeHead(401).end();
    if (headers.accept !== "text/plain") return void response.writeHead(406).end();
    response.writeHead(200, { "content-type": "text/plain" }).end(KEY.toString("base64"));
  });
  await new Promise<void>((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/key-manager`, asked };
}

it("a token of Keystone is shown, and the key asked for as bytes, then as text", async () => {
  const { url, asked } = await stand();
  const tokenFile = join(testFolder(), "token");
  writeFileSync(tokenFile, "a token\n", { mode: 0o600 });
  const settings = { url, ca: null, project: null, tokenFile };
  const provider = barbicanKeys({ kind: "barbican", secret: SECRET }, settings, systemRandom);
  const [key] = await provider.keys();
  expect(Buffer.from(await key!.unwrap(await key!.wrap(KEY))).equals(KEY)).toBe(true);
  const path = `/key-manager/v1/secrets/${SECRET}/payload`;
  expect(asked).toEqual([
    [path, "application/octet-stream", "a token"],
    [path, "text/plain", "a token"],
  ]);
  writeFileSync(tokenFile, "another\n");
  await expect(provider.keys()).rejects.toMatchObject({
    code: "master_key_unreachable",
    message: expect.stringContaining("answers 401"),
  });
});

it("somebody must be named", () => {
  const settings = { url: "http://127.0.0.1:9311", ca: null, project: null, tokenFile: null };
  expect(() => barbicanKeys({ kind: "barbican", secret: SECRET }, settings, systemRandom)).toThrow("barbican_project");
});

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, get } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import { letInOrderly } from "./arrivals.ts";
import { type Certificates, ensureCertificates } from "./certificates.ts";

let folder: string;
let certificates: Certificates;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-arrivals-"));
  certificates = await ensureCertificates(folder, ["127.0.0.1"], systemClock);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function listening() {
  const server = createServer({ cert: certificates.chain, key: certificates.key }, (_request, response) => {
    response.end("here");
  });
  server.on("tlsClientError", () => undefined);
  letInOrderly(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

function ask(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, ca: certificates.authority, agent: false };
    get(options, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    }).on("error", reject);
  });
}

describe("connections that come all at once", () => {
  it("are all let in, one after the other", async () => {
    const { server, port } = await listening();
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask(port)));
    expect(answers).toEqual(Array.from({ length: 200 }, () => 200));
    server.close();
    await once(server, "close");
  });

  it("wait for those that say nothing, and have their turn when these are gone", async () => {
    const { server, port } = await listening();
    const dumb: Socket[] = [];
    for (let count = 0; count < 60; count += 1) {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      dumb.push(socket);
    }
    const answer = ask(port);
    for (const socket of dumb) socket.destroy();
    expect(await answer).toBe(200);
    server.close();
    await once(server, "close");
  });
});

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createClient } from "./index.ts";

it("asks what comes next over the same connection, and changes something over a new one alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gantry-transport-"));
  const socket = join(folder, "socket");
  const seen: string[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    seen.push(`${request.method} over ${(request.socket as { number?: number }).number}`);
    response.setHeader("content-type", "application/json").end("{}");
  });
  server.on("connection", (one: { number?: number }) => {
    connections += 1;
    one.number = connections;
  });
  server.listen(socket);
  await once(server, "listening");
  const client = createClient({ socket });
  onTestFinished(() => {
    client.close();
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });
  await client.send("POST", "/one");
  await client.get("/two");
  await client.send("POST", "/three");
  expect(seen).toEqual(["POST over 1", "GET over 1", "POST over 2"]);
});

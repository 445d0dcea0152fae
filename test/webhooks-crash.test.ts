import { request } from "node:http";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startReceiver } from "../src/webhooks/testing/receiver.ts";
import { createBench, processesOf } from "./support/gantry.ts";

/** A server that is killed while it sends: after the next start every event has come, in order, and none is lost. */

const EVENTS = 12;

it("a webhook loses no event when the server is killed in the middle of a delivery, again and again", async () => {
  const bench = createBench();
  onTestFinished(() => bench.abandon());
  const receiver = await startReceiver();
  const environment = { GANTRY_WEBHOOK_ADDRESSES: "any" };
  async function start(): Promise<void> {
    const { code, error } = await bench.gantry(["server", "start"], environment);
    expect([code, error]).toEqual([0, expect.any(String)]);
  }
  const ask = (path: string, body: object): Promise<number> =>
    new Promise((done, failed) => {
      const sent = request(
        {
          socketPath: join(bench.dataFolder, "gantry.sock"),
          method: "POST",
          path,
          headers: { "content-type": "application/json" },
        },
        (answer) => answer.resume().on("end", () => done(answer.statusCode ?? 0)),
      );
      sent.on("error", failed);
      sent.end(JSON.stringify(body));
    });
  await start();
  for (const [path, body] of [
    ["/v1/sites", { name: "lab" }],
    ["/v1/blueprints", { name: "machine", builds: "foundation" }],
    ["/v1/foundations", { name: "m1", site: "lab", type: "switch", blueprint: "machine", attributes: {} }],
    ["/v1/webhooks", { name: "chat", url: receiver.url, types: ["hardware.*"] }],
  ] as const)
    expect([path, await ask(path, body)]).toEqual([path, 201]);
  // The first request is taken and never answered; then the server is gone.
  const unanswered = Promise.withResolvers<void>();
  receiver.answer = () => unanswered.resolve();
  for (let number = 0; number < EVENTS; number += 1)
    await ask("/v1/events", { type: "hardware.fan_failed", foundation: "m1", data: { number } });
  await unanswered.promise;
  for (let round = 0; round < 2; round += 1) {
    const held = Promise.withResolvers<void>();
    let answered = 0;
    for (const { pid } of processesOf(bench.dataFolder)) process.kill(pid, "SIGKILL");
    receiver.answer = (response) => {
      answered += 1;
      if (answered % 4 === 0) held.resolve();
      else response.writeHead(204).end();
    };
    await start();
    await held.promise;
  }
  for (const { pid } of processesOf(bench.dataFolder)) process.kill(pid, "SIGKILL");
  receiver.answer = 204;
  await start();
  const numberOf = (index: number): number =>
    (receiver.received[index]!.body["data"] as unknown as { details: { number: number } }).details.number;
  for (let count = receiver.received.length; numberOf(receiver.received.length - 1) < EVENTS - 1; count += 1)
    await receiver.reach(count + 1);
  const numbers = receiver.received.map((_, index) => numberOf(index));
  // Each repeats at the most what was under way, and by the same id.
  expect([...new Set(numbers)]).toEqual(Array.from({ length: EVENTS }, (_, index) => index));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(numbers.length).toBe(EVENTS + 3);
  expect(new Set(receiver.received.map(({ body }) => body.id)).size).toBe(EVENTS);
});

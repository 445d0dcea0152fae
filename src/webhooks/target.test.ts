import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { ensureCertificates } from "../platform/http/index.ts";
import { createSender } from "./sender.ts";
import { mayReach } from "./target.ts";
import { startReceiver } from "./testing/receiver.ts";

it.each([
  ["93.184.216.34", ["public", "private", "any"]],
  ["2606:2800:220:1::1", ["public", "private", "any"]],
  ["10.1.2.3", ["private", "any"]],
  ["172.31.0.1", ["private", "any"]],
  ["192.168.1.1", ["private", "any"]],
  ["100.64.0.1", ["private", "any"]],
  ["fd12::1", ["private", "any"]],
  ["::ffff:10.1.2.3", ["private", "any"]],
  ["127.0.0.1", ["any"]],
  ["127.80.0.9", ["any"]],
  ["::1", ["any"]],
  ["::", ["any"]],
  ["0.0.0.0", ["any"]],
  ["169.254.169.254", ["any"]],
  ["::ffff:169.254.169.254", ["any"]],
  ["::ffff:a9fe:a9fe", ["any"]],
  ["64:ff9b::7f00:1", ["any"]],
  ["2002:7f00:1::1", ["any"]],
  ["fd00:ec2::254", ["any"]],
  ["100.100.100.200", ["any"]],
  ["fe80::1%eth0", ["any"]],
  ["224.0.0.1", ["any"]],
  ["ff02::1", ["any"]],
  ["no address", []],
])("%s is reached under %j alone", (address, allowed) => {
  expect((["public", "private", "any"] as const).filter((policy) => mayReach(policy, address))).toEqual(allowed);
});

it("looks a name up once, and connects to what it found", async () => {
  const receiver = await startReceiver();
  const port = new URL(receiver.url).port;
  const sending = { url: `http://receiver.example:${port}/hook`, headers: {}, body: "{}", ca: null };
  const { signal } = new AbortController();
  const asked: string[] = [];
  // A name that means something else each time it is asked for.
  const resolve = async (host: string): Promise<readonly string[]> => {
    asked.push(host);
    return asked.length === 1 ? ["127.0.0.1"] : ["203.0.113.9"];
  };
  const strict = createSender({ clock: systemClock, policy: "private", resolve });
  expect(await strict(sending, signal)).toEqual({
    ok: false,
    error: "receiver.example is 127.0.0.1: the setting webhook_addresses forbids it",
  });
  asked.length = 0;
  const open = createSender({ clock: systemClock, policy: "any", resolve });
  expect(await open(sending, signal)).toEqual({ ok: true, status: 204 });
  expect([asked, receiver.received.length]).toEqual([["receiver.example"], 1]);
});

it("trusts the authority that it is told, for the name that it was told", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gantry-webhook-tls-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { chain, key, authority } = await ensureCertificates(folder, ["receiver.example", "127.0.0.1"], systemClock);
  const receiver = await startReceiver({ cert: chain, key });
  const port = new URL(receiver.url).port;
  const send = createSender({ clock: systemClock, policy: "any", resolve: async () => ["127.0.0.1"] });
  const to = (host: string, ca: string | null): ReturnType<typeof send> =>
    send({ url: `https://${host}:${port}/`, headers: {}, body: "{}", ca }, new AbortController().signal);
  expect(await to("receiver.example", authority)).toEqual({ ok: true, status: 204 });
  expect(await to("127.0.0.1", authority)).toEqual({ ok: true, status: 204 });
  expect(await to("receiver.example", null)).toMatchObject({ ok: false });
  expect(await to("another.example", authority)).toMatchObject({
    ok: false,
    error: expect.stringContaining("another.example"),
  });
  expect(receiver.received).toHaveLength(2);
});

import { expect, it } from "vitest";
import { callFunction } from "../src/drivers/conformance.ts";
import { createNetModule } from "../src/drivers/net/index.ts";
import { describeReal } from "./support/real.ts";

// The module `net` with the system's own ping; the rest of it is tested beside it.

describeReal("ping", "net.ping", () => {
  const net = createNetModule();

  it.each(["127.0.0.1", "::1", "localhost"])("is 100 for %s", async (target) => {
    const messages: string[] = [];
    const message = (text: string) => void messages.push(text);
    expect(await callFunction(net, "ping", { target, count: 2, timeout: 5 }, { message })).toBe(100);
    expect(messages).toEqual([]);
  });

  it("is 0 for an address that nobody has", async () => {
    // Of the network for documentation: no router forwards to it.
    expect(await callFunction(net, "ping", { target: "192.0.2.254", count: 2, timeout: 0.5 })).toBe(0);
  });

  it("ends when it is cancelled", async () => {
    const stop = new AbortController();
    const pinging = callFunction(net, "ping", { target: "127.0.0.1", count: 100 }, { signal: stop.signal });
    setImmediate(() => stop.abort(new Error("cancelled")));
    await expect(pinging).rejects.toThrow("cancelled");
  });
});

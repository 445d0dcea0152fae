import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { DEPTH_LIMIT, encodeMessage, FRAME_LIMIT, frameWriter, parseFrame } from "./frames.ts";
import { executorMessage, serverMessage } from "./messages.ts";

const anything = z.unknown();

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("a frame writer", () => {
  it("sends what one turn wrote as one frame", async () => {
    const frames: string[] = [];
    const writer = frameWriter<unknown>((frame) => frames.push(frame));
    for (let count = 0; count < 100; count += 1) writer.write({ count });
    expect(frames).toEqual([]);
    await turn();
    expect(frames).toHaveLength(1);
    writer.write("later");
    await turn();
    expect(frames[1]).toBe('["later"]');
  });

  it("keeps every frame within its limit, and every message whole and in order", async () => {
    const frames: string[] = [];
    const writer = frameWriter<{ n: number; text: string }>((frame) => frames.push(frame));
    const written = Array.from({ length: 50 }, (_, n) => ({ n, text: "ä".repeat(n * 1000) }));
    for (const message of written) writer.write(message);
    await turn();
    expect(frames.length).toBeGreaterThan(1);
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(FRAME_LIMIT);
    expect(frames.flatMap((frame) => parseFrame(frame, anything))).toEqual(written);
  });

  it("lets patient messages wait for each other, but nothing for them, and keeps the order", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const frames: string[] = [];
    const writer = frameWriter<unknown>((frame) => frames.push(frame));
    for (let count = 0; count < 3; count += 1) {
      writer.writeText(String(count), true);
      await turn();
    }
    expect(frames).toEqual([]);
    writer.write("now");
    await turn();
    expect(frames).toEqual(['[0,1,2,"now"]']);
    writer.writeText('"last"', true);
    expect(frames).toHaveLength(1);
    vi.advanceTimersByTime(200);
    expect(frames[1]).toBe('["last"]');
  });

  it("refuses a message that fits no frame, and goes on with the next", async () => {
    const frames: string[] = [];
    const writer = frameWriter<unknown>((frame) => frames.push(frame));
    expect(() => writer.write("x".repeat(FRAME_LIMIT))).toThrow(
      expect.objectContaining({ code: "link_message_too_large" }),
    );
    expect(() => encodeMessage("ä".repeat(FRAME_LIMIT / 2))).toThrow(
      expect.objectContaining({ code: "link_message_too_large" }),
    );
    writer.write("small");
    await turn();
    expect(frames).toEqual(['["small"]']);
  });
});

describe("a foreign frame", () => {
  const malformed = expect.objectContaining({ code: "link_message_malformed" });

  it.each([
    ["no JSON", "[{"],
    ["no list", "{}"],
    ["no text at all", ""],
    ["an unknown type", '[{"type":"launch"}]'],
    ["a member of the wrong type", '[{"type":"ack","sequence":"1"}]'],
    ["a missing member", '[{"type":"task"}]'],
    ["null", "[null]"],
  ])("with %s is malformed", (_name, frame) => {
    expect(() => parseFrame(frame, serverMessage)).toThrow(malformed);
  });

  it("says where in the message the mistake is", () => {
    expect(() =>
      parseFrame('[{"type":"held","tasks":[{"task":"a","attempt":0,"phase":"queued"}]}]', executorMessage),
    ).toThrow(/tasks\.0\.attempt/);
  });

  it("that is too deep is malformed, brackets in strings aside", () => {
    const deep = `${"[".repeat(DEPTH_LIMIT + 1)}${"]".repeat(DEPTH_LIMIT + 1)}`;
    expect(() => parseFrame(deep, anything)).toThrow(malformed);
    expect(() => parseFrame(`${"[".repeat(500_000)}`, anything)).toThrow(malformed);
    expect(parseFrame(JSON.stringify([deep, `\\"${deep}`, "\\"]), anything)).toEqual([deep, `\\"${deep}`, "\\"]);
  });

  it("that is too large is refused before it is read", () => {
    expect(() => parseFrame(`["${"x".repeat(FRAME_LIMIT)}"]`, anything)).toThrow(
      expect.objectContaining({ code: "link_message_too_large" }),
    );
  });

  it("comes out as it went in", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 6 })), (values) => {
        const text = `[${values.map((value) => encodeMessage(value)).join(",")}]`;
        expect(parseFrame(text, anything)).toEqual(JSON.parse(text));
      }),
    );
  });
});

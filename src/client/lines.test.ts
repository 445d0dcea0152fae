import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linesIn } from "./lines.ts";
import { serverSentIn } from "./server-sent.ts";

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b);
  for (const [index, from] of places.slice(0, -1).entries()) yield bytes.subarray(from, places[index + 1]);
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n\uFEFF]/g, ""));

describe("lines", () => {
  it("are the same however the bytes are cut, also within a character", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat()), fc.constantFrom("\n", "\r\n"), async (lines, cuts, end) => {
        const bytes = new TextEncoder().encode(lines.map((one) => one + end).join(""));
        expect(await all(linesIn(pieces(bytes, cuts)))).toEqual(lines);
      }),
    );
  });

  it("end with what has no end", async () => {
    expect(await all(linesIn(pieces(new TextEncoder().encode("a\nb"), [])))).toEqual(["a", "b"]);
  });
});

describe("server-sent events", () => {
  async function* text(whole: string): AsyncGenerator<string> {
    yield* whole.split("\n");
  }

  it("are told from comments and from places without an event; what is cut off is none", async () => {
    const whole =
      ': hello\nid: 1\n\nid: 2\nevent: job.x\ndata: {"a":\ndata:1}\nretry: 5\n\ndata\n\nid: 3\ndata: cut off';
    expect(await all(serverSentIn(text(whole)))).toEqual([
      { id: "1", event: "", data: "" },
      { id: "2", event: "job.x", data: '{"a":\n1}' },
      { id: undefined, event: "", data: "" },
    ]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor } from "./index.ts";

const VALUE = `p'ä"ss\\w\nörd &<x>/+ 7`;

function withValue(value: string | Uint8Array, name = "db"): ReturnType<typeof createRedactor> {
  const redactor = createRedactor();
  redactor.add(name, value);
  return redactor;
}

const PEM = `-----BEGIN PRIVATE KEY-----\n${Array.from({ length: 5 }, (_, line) => `${line}abcdefghij+/`.repeat(5)).join("\n")}\n-----END PRIVATE KEY-----\n`;

describe("a redactor", () => {
  it.each([
    ["as it is", VALUE],
    ["base64", Buffer.from(VALUE).toString("base64")],
    ["base64url", Buffer.from(VALUE).toString("base64url")],
    ["base64 behind a name", Buffer.from(`user:${VALUE}`).toString("base64")],
    ["base64 behind another name", Buffer.from(`root:${VALUE}`).toString("base64")],
    ["base64 with a line end", Buffer.from(`${VALUE}\n`).toString("base64")],
    ["hexadecimal", Buffer.from(VALUE).toString("hex")],
    ["large hexadecimal", Buffer.from(VALUE).toString("hex").toUpperCase()],
    ["JSON", JSON.stringify(VALUE)],
    ["JSON in JSON", JSON.stringify(JSON.stringify({ a: VALUE }))],
    ["a URL", encodeURIComponent(VALUE)],
    ["a form", new URLSearchParams({ a: VALUE }).toString()],
    ["the shell", `'${VALUE.replaceAll("'", String.raw`'\''`)}'`],
    ["lines that end with both", VALUE.replaceAll("\n", "\r\n")],
    ["ASCII JSON", JSON.stringify(VALUE).replaceAll("ä", "\\u00e4").replaceAll("ö", "\\u00f6")],
  ])("takes a value out of %s", (_form, text) => {
    const shown = withValue(VALUE).text(`before ${text} behind`);
    expect(shown).toContain("[secret db]");
    // What is left are at most the characters around it.
    expect(shown.length).toBeLessThan("before [secret db] behind".length + 16);
    expect(shown.startsWith("before ")).toBe(true);
    expect(shown.endsWith(" behind")).toBe(true);
  });

  it("takes a PEM out line by line, and out of wrapped base64", () => {
    const redactor = withValue(PEM, "key");
    for (const line of PEM.split("\n").filter((one) => one.length > 20 && !one.startsWith("-")))
      expect(redactor.text(`  ${line}`)).toBe("  [secret key]");
    for (const [before, width] of [
      ["", 76],
      ["a=", 64],
      ["some lines\nbefore it: ", 76],
      ["x".repeat(53), 64],
    ] as const) {
      const text = Buffer.from(`${before}${PEM}`).toString("base64");
      const wrapped = text.replaceAll(new RegExp(`.{${width}}`, "g"), "$&\r\n");
      const left = redactor.text(wrapped).replaceAll("[secret key]", "").trim();
      expect(left.length).toBeLessThan(Math.ceil(before.length / 3) * 4 + 14);
    }
    expect(redactor.text(PEM).trim()).toBe("[secret key]");
  });

  it("takes bytes out that are no text", () => {
    const bytes = Buffer.from([0xff, 0, 0xfe, 7, 0x80, 0x81, 0x82]);
    const redactor = withValue(bytes, "blob");
    expect(Buffer.from(redactor.bytes(Buffer.concat([Buffer.from("<"), bytes, Buffer.from(">")]))).toString()).toBe(
      "<[secret blob]>",
    );
    expect(redactor.text(bytes.toString("hex"))).toBe("[secret blob]");
  });

  it("takes out what is longer than a pattern", () => {
    const long = Array.from({ length: 900 }, (_, index) => `${index}-and-`).join("");
    expect(withValue(long).text(`a ${long} b`)).toMatch(/^a (\[secret db\])+ b$/);
    const large = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7 + (index >> 8)) % 256));
    expect(withValue(large).text(large.toString("base64"))).toMatch(/^(\[secret db\])+[\w+/]?=?=?$/);
  });

  it("leaves short values, and what is no secret, as they are", () => {
    expect(withValue("12345").text("12345")).toBe("12345");
    const value = { a: ["nothing", 1, null, { b: true }] };
    expect(withValue(VALUE).json(value)).toBe(value);
    const text = "nothing";
    expect(withValue(VALUE).text(text)).toBe(text);
  });

  it("redacts texts and names in JSON, and leaves numbers", () => {
    const redactor = withValue("123456", "pin");
    expect(redactor.json({ a: ["x123456x"], "123456": 123456 })).toEqual({
      a: ["x[secret pin]x"],
      "[secret pin]": 123456,
    });
  });

  it("takes the longest value where several begin", () => {
    const redactor = withValue("secret-1", "short");
    redactor.add("long", "secret-1-and-more");
    expect(redactor.text("secret-1-and-more secret-1")).toBe("[secret long] [secret short]");
  });
});

describe("a redacted stream", () => {
  it("finds values across pieces, wherever they are cut, and loses nothing else", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.constant("s3cret-value"), fc.constant("s3cret"), fc.constant("lines\nof text"), fc.string()),
          {
            maxLength: 12,
          },
        ),
        fc.array(fc.nat(20), { maxLength: 40 }),
        (words, cuts) => {
          const redactor = withValue("s3cret-value", "one");
          redactor.add("two", "lines\nof text");
          const all = Buffer.from(words.join(""));
          const stream = redactor.stream();
          const out: Uint8Array[] = [];
          let at = 0;
          for (const cut of [...cuts, all.length]) {
            out.push(stream.push(all.subarray(at, at + cut)));
            at = Math.min(all.length, at + cut);
          }
          out.push(stream.end());
          expect(Buffer.concat(out).toString("latin1")).toBe(Buffer.from(redactor.bytes(all)).toString("latin1"));
        },
      ),
    );
  });

  it("holds back only what may be the beginning of a value", () => {
    const stream = withValue("s3cret-value").stream();
    expect(Buffer.from(stream.push(Buffer.from("hello s3cr"))).toString()).toBe("hello ");
    expect(stream.held).toBe(4);
    expect(Buffer.from(stream.push(Buffer.from("umble"))).toString()).toBe("s3crumble");
    expect(stream.held).toBe(0);
  });

  it("knows values that are added while it runs", () => {
    const redactor = createRedactor();
    const stream = redactor.stream();
    stream.push(Buffer.from("before "));
    redactor.add("late", "s3cret-value");
    expect(Buffer.from(stream.push(Buffer.from("s3cret-value"))).toString()).toBe("[secret late]");
  });
});

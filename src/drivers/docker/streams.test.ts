import { expect, test } from "vitest";
import { demultiplex, pullFailure } from "./streams.ts";

function piece(stream: number, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

test("a log is its pieces, without their headers", () => {
  expect(demultiplex(Buffer.concat([piece(1, "one\n"), piece(2, "zwei ä\n")]))).toBe("one\nzwei ä\n");
  expect(demultiplex(Buffer.alloc(0))).toBe("");
  expect(demultiplex(piece(1, "cut short").subarray(0, 12))).toBe("cut ");
});

test("a pull fails in the middle of an answer that began well", () => {
  expect(pullFailure('{"status":"Pulling"}\r\n{"status":"Done"}\r\n')).toBeUndefined();
  expect(pullFailure('{"status":"Pulling"}\r\n{"errorDetail":{"message":"no space"},"error":"no space"}\r\n')).toBe(
    "no space",
  );
  expect(pullFailure('{"status":"reading \\"error\\" pages"}\r\n{"error": ')).toBeUndefined();
});

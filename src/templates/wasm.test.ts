import { describe, expect, test } from "vitest";
import { withMemoryLimit } from "./wasm.ts";

const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const custom = [0, 3, 1, 0x61, 0x62];

function moduleWith(...memory: number[]): Uint8Array {
  return new Uint8Array([...header, ...custom, 5, memory.length, ...memory, ...custom]);
}

/** The section as it is to be: one memory, a least of 18 pages and a most. */
function limitedTo(...most: number[]): number[] {
  return [5, 3 + most.length, 1, 1, 18, ...most];
}

describe("the ceiling of the engine's memory", () => {
  test("is written into the module, the rest stays as it is", () => {
    expect([...withMemoryLimit(moduleWith(1, 0, 18), 1024)]).toEqual([
      ...header,
      ...custom,
      ...limitedTo(0x80, 0x08),
      ...custom,
    ]);
  });

  test("replaces one that is there", () => {
    expect([...withMemoryLimit(moduleWith(1, 1, 18, 0xff, 0xff, 3), 100)]).toEqual([
      ...header,
      ...custom,
      ...limitedTo(100),
      ...custom,
    ]);
  });

  test.each([
    [new Uint8Array(header)],
    [moduleWith(2, 0, 18, 0, 18)],
    [moduleWith(1, 0, 0x80, 0x10)],
    [new Uint8Array([...header, 5, 0xff, 0xff, 0xff, 0xff, 0x7f])],
    [new Uint8Array([1, 2, 3])],
  ])("a module that is not the one we know is refused", (module) => {
    expect(() => withMemoryLimit(module, 100)).toThrowError(
      expect.objectContaining({ code: "template_engine_failed" }),
    );
  });
});

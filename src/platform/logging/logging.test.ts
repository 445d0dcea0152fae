import { beforeEach, describe, expect, it } from "vitest";
import { GantryError, INTERNAL } from "../../kernel/errors.ts";
import { createLogger, type Logger } from "./index.ts";

const SECRET = "gt_very-secret";

let lines: string[];
let log: Logger;
beforeEach(() => {
  lines = [];
  log = createLogger("info", { write: (line: string) => void lines.push(line) });
});

describe("a log", () => {
  it("is one JSON record a line, with a level by name and a time", () => {
    log.debug("too fine");
    log.warn({ port: 1 }, "something happened");
    expect(lines).toHaveLength(1);
    expect(lines[0]!.endsWith("\n")).toBe(true);
    const record: unknown = JSON.parse(lines[0]!);
    expect(record).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      port: 1,
      msg: "something happened",
    });
  });

  it.each([
    ["at the top", { token: SECRET }],
    ["deep inside", { a: { b: { c: { d: { token: SECRET } } } } }],
    ["in a list", { all: [[{ password: SECRET }]] }],
    ["in a header", { headers: { Authorization: `Bearer ${SECRET}` } }],
    ["that is no text", { secret: { value: SECRET }, key: [SECRET] }],
    ["in an error", { err: new GantryError(INTERNAL, "no", { details: { deep: { token: SECRET } } }) }],
    ["in another error", { cause: Object.assign(new Error("no"), { join: SECRET }) }],
    ["in an object without a prototype", Object.assign(Object.create(null) as object, { token: SECRET })],
  ])("never holds a secret %s", (_where, record) => {
    log.info(record, "message");
    log.child(record).child({ inner: record }).info("message");
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain(SECRET);
    for (const line of lines) expect(line).toContain("[hidden]");
  });

  it("keeps everything else, and leaves what was logged as it is", () => {
    const record = { id: 7, none: null, when: new Date(0), list: [1, { token: SECRET, name: "x" }] };
    log.info(record, "message");
    expect(JSON.parse(lines[0]!)).toMatchObject({
      id: 7,
      none: null,
      when: "1970-01-01T00:00:00.000Z",
      list: [1, { token: "[hidden]", name: "x" }],
    });
    expect(record.list[1]).toEqual({ token: SECRET, name: "x" });
  });

  it("tells of errors their kind, message and stack", () => {
    log.error(new Error("broken"), "message");
    expect(JSON.parse(lines[0]!)).toMatchObject({
      err: { type: "Error", message: "broken", stack: expect.stringContaining("logging.test") },
    });
  });

  it("survives what contains itself", () => {
    const record: Record<string, unknown> = { token: SECRET };
    record["self"] = record;
    log.info(record, "message");
    expect(lines[0]).not.toContain(SECRET);
  });
});

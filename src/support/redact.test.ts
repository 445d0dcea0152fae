import { describe, expect, it } from "vitest";
import { LEFT_OUT, toldAddress, toldLine, toldSettings } from "./redact.ts";

const line = (record: object): unknown => JSON.parse(toldLine(JSON.stringify(record)));

describe("settings in a support bundle", () => {
  it("are told where they say how the server runs, and left out where nobody decided", () => {
    expect(
      toldSettings({
        log_level: "info",
        listen: [{ host: "127.0.0.1", port: 7411 }],
        database: "postgres://gantry:canary@db.example:5432/gantry?password=canary",
        advertise: ["https://user:canary@gantry.example:7411/canary"],
        tls_key: null,
        something_new: "canary",
      }),
    ).toEqual({
      log_level: "info",
      listen: [{ host: "127.0.0.1", port: 7411 }],
      database: ["postgres://db.example:5432"],
      advertise: ["https://gantry.example:7411"],
      tls_key: null,
      something_new: LEFT_OUT,
    });
    expect(toldAddress("sqlite:/srv/canary.db")).toBe("a file");
    expect(toldAddress("postgres:///gantry?host=/run/canary")).toBe(LEFT_OUT);
  });
});

describe("a line of the log in a support bundle", () => {
  it("keeps its level, time, constant message, codes and ids", () => {
    const record = {
      level: "warn",
      time: "2026-01-01T00:00:00.000Z",
      job: "01a1ff66-5250-76b1-b186-c2db473990f7",
      code: "link_unreachable",
      attempt: 3,
      msg: "cannot reach the server",
    };
    expect(line(record)).toEqual(record);
  });

  it("loses what may hold a value", () => {
    const error = new Error("canary");
    const told = toldLine(
      JSON.stringify({
        level: "error",
        error: "password 'canary' is wrong",
        urls: ["https://canary"],
        route: "two words canary",
        nested: { deep: { code: "canary" } },
        err: {
          type: "Error",
          message: "canary",
          code: "ENOENT",
          stack: `${error.stack}\n    canary`,
          canary: "canary",
        },
        msg: "canary: 'hunter2' is wrong",
      }),
    );
    expect(told.replaceAll("nested", "")).not.toMatch(/canary"|hunter2|'canary'|canary is/);
    const record = JSON.parse(told) as { err: { type: string; code: string; stack: string[] }; msg: string };
    expect(record.msg).toBe(LEFT_OUT);
    expect(record.err).toMatchObject({ type: "Error", code: "ENOENT" });
    expect(record.err.stack[0]).toMatch(/^at .*redact\.test\.ts\S*:\d+:\d+\)?$/);
    expect(line({ msg: "canary", err: { message: "canary" } })).toMatchObject({ msg: LEFT_OUT });
  });

  it("that is no record is left out, unless it is a place in a stack", () => {
    expect(toldLine("error: canary")).toBe(LEFT_OUT);
    expect(toldLine('"canary"')).toBe(LEFT_OUT);
    expect(toldLine("    at main (file:///srv/gantry/src/cli/main.js:3:5)")).toContain("main.js:3:5");
    expect(toldLine("    at canary secret value")).toBe(LEFT_OUT);
  });
});

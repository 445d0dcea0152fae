import { describe, expect, it } from "vitest";
import { LARGEST_VALUE, secretNameProblem, valueProblem } from "./model.ts";

const PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----\n";

describe("a secret's", () => {
  it.each(["db", "tls.key", "7z", "A-b_c.d", "x".repeat(128)])("name may be %s", (name) => {
    expect(secretNameProblem(name)).toBeUndefined();
  });

  it.each(["", ".db", "-x", "a b", "a/b", "é", "x".repeat(129), "a\n"])("name may not be %j", (name) => {
    expect(secretNameProblem(name)).toBeTypeOf("string");
  });

  it("value is what its kind says", () => {
    expect(valueProblem("text", Buffer.from("pässword"))).toBeUndefined();
    expect(valueProblem("text", Buffer.of(0xff))).toContain("kind blob");
    expect(valueProblem("blob", Buffer.of(0xff))).toBeUndefined();
    expect(valueProblem("pem", Buffer.from(PEM))).toBeUndefined();
    expect(valueProblem("pem", Buffer.from(`# a comment\n${PEM}${PEM.replaceAll("\n", "\r\n")}`))).toBeUndefined();
    expect(valueProblem("pem", Buffer.from("MC4CAQ=="))).toContain("not PEM");
    expect(valueProblem("pem", Buffer.from(PEM.replace("END PRIVATE", "END PUBLIC")))).toContain("not PEM");
  });

  it("value is not empty, and has an end", () => {
    expect(valueProblem("blob", new Uint8Array())).toBe("is empty");
    expect(valueProblem("blob", new Uint8Array(LARGEST_VALUE))).toBeUndefined();
    expect(valueProblem("blob", new Uint8Array(LARGEST_VALUE + 1))).toContain("1048577 bytes");
  });

  it("problem never says what is in it", () => {
    for (const kind of ["text", "pem"] as const)
      expect(valueProblem(kind, Buffer.from("canary\xff", "latin1"))).not.toContain("canary");
  });
});

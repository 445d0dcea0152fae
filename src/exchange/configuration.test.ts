import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../kernel/json.ts";
import { applyOverlay } from "../variables/index.ts";
import { underlaid, variablesOf } from "./configuration.ts";
import { sourceProblem } from "./git-source.ts";

const name = fc.constantFrom("a", "b", "c");
const list = fc.array(fc.constantFrom("x", "y"), { maxLength: 2 });
const plain = fc.dictionary(name, list) as fc.Arbitrary<JsonObject>;
const said = fc.dictionary(
  fc.tuple(fc.constantFrom("", "<", ">", "-", "~"), name).map((parts) => parts.join("")),
  list,
) as fc.Arbitrary<JsonObject>;

describe("group configuration", () => {
  test("lies under the group's own variables, as a layer of its own would", () => {
    fc.assert(
      fc.property(plain, said, plain, (configuration, own, below) => {
        const two = applyOverlay(applyOverlay(below, configuration), own);
        expect(applyOverlay(below, underlaid(own, configuration))).toEqual(two);
      }),
    );
  });

  test("is merged in the order of the files' names", () => {
    const files = [
      { path: "vars/b.yml", text: "port: 2\n" },
      { path: "vars/a.yml", text: "port: 1\nname: a\n" },
      { path: "vars/c.yml", text: "# nothing\n" },
    ];
    expect(variablesOf({ commit: "", files })).toEqual({ port: 2, name: "a" });
  });

  test.each([
    ["- a", "a.yml is no map of variables"],
    ["a: 'x", "a.yml: "],
    ["'>a': 1", "a.yml: '>a' is no name of a variable"],
    ["a.b: 1", "a.yml: 'a.b' is no name of a variable"],
  ])("that is none is refused: %s", (text, message) => {
    expect(() => variablesOf({ commit: "", files: [{ path: "a.yml", text }] })).toThrowError(
      expect.objectContaining({
        code: "configuration_file_invalid",
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});

describe("where it comes from", () => {
  function problem(change: object, local = false): string | undefined {
    return sourceProblem({ url: "https://git.example/a.git", revision: "main", path: "", ...change }, local);
  }

  test.each([
    "https://git.example/a.git",
    "ssh://git@git.example:2222/a.git",
    "git://git.example/a.git",
    "git@git.example:team/a.git",
  ])("may be %s", (url) => {
    expect(problem({ url })).toBeUndefined();
  });

  test.each([
    "",
    "file:///etc",
    "/srv/a.git",
    "../a.git",
    "http://git.example/a.git",
    "ext::sh -c id",
    "ext::sh",
    "fd::17",
    "-u",
    "--upload-pack=id",
    "ssh://-oProxyCommand=id/a",
    "ssh://-oProxyCommand@host/a",
    "https://token@git.example/a.git",
    "https://user:secret@git.example/a.git",
    "https://git.example/a\nb",
    "FILE:///etc",
  ])("may not be %j", (url) => {
    expect(problem({ url })).toBeDefined();
  });

  test("may be on this machine where that is allowed, and still not run a program", () => {
    expect(problem({ url: "/srv/a.git" }, true)).toBeUndefined();
    expect(problem({ url: "file:///srv/a.git" }, true)).toBeUndefined();
    expect(problem({ url: "ext::sh" }, true)).toBeDefined();
  });

  test.each(["-x", "a..b", "a b", "", "a:b", "@{1}", "a^b"])("has no revision %j", (revision) => {
    expect(problem({ revision })).toBeDefined();
  });

  test.each(["../a", "/a", "a//b", ".git/config", "a\0b"])("has no path %j", (path) => {
    expect(problem({ path })).toBeDefined();
  });
});

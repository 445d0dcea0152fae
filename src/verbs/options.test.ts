import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseOptions, splitWords } from "./options.ts";
import { parseVerb } from "./parse.ts";

const wrong = (message: RegExp) =>
  expect.objectContaining({ code: "verb_text_wrong", message: expect.stringMatching(message) });

describe("options in front of a text", () => {
  const known = { chown: "value", watch: "values", loud: "flag" } as const;

  it("are read in any of their forms; the text behind them is kept as typed", () => {
    const parsed = parseOptions(
      "V",
      `--loud --chown=a:b --timeout 5 --watch 'x y' --watch z  echo  "a   b" --loud  `,
      known,
    );
    expect([...parsed.flags]).toEqual(["loud"]);
    expect(Object.fromEntries(parsed.values)).toEqual({ chown: "a:b", timeout: "5" });
    expect(parsed.lists.get("watch")).toEqual(["x y", "z"]);
    expect(parsed.rest).toBe(`echo  "a   b" --loud  `);
  });

  it("leave the text as it was typed", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const typed = text.trimStart();
        expect(parseOptions("V", `--loud -- ${typed}`, known).rest).toBe(typed);
      }),
    );
  });

  it("end at --", () => {
    expect(parseOptions("V", "--loud -- --chown x", known).rest).toBe("--chown x");
  });

  it.each([
    ["--chwon x", /did you mean --chown/],
    ["--qqqqqq", /it has --run-once, --skip-cache, --cache, --timeout/],
    ["--chown", /needs a value/],
    ["--chown 'x", /needs a value/],
    ["--loud=yes", /takes no value/],
    ["--chown a --chown b", /given twice/],
    ["--toString", /there is no option --toString/],
  ])("%s is refused", (text, message) => {
    expect(() => parseOptions("V", text, known)).toThrow(wrong(message));
  });

  it("splits words as a shell does for plain words and quotes", () => {
    expect(splitWords("V", String.raw`a  'b  c' "d \" e"f\ g ''`)).toEqual(["a", "b  c", 'd " ef g', ""]);
    expect(() => splitWords("V", "a 'b")).toThrow(wrong(/quote/));
  });
});

describe("a verb's text", () => {
  const agent = { module: "agent", runOnce: false };

  it.each([
    [
      "run",
      "--timeout 2.5 --stdout-arg A --stderr-arg=B --skip-cache echo  -e 'x'",
      {
        ...agent,
        function: "run",
        parameters: { command: "echo  -e 'x'", stdout_arg: "A", stderr_arg: "B", timeout: 2.5, cache: "renew" },
      },
    ],
    [
      "RUN",
      "--cache --run-once --cwd /tmp true",
      { ...agent, runOnce: true, function: "run", parameters: { command: "true", cache: "use", cwd: "/tmp" } },
    ],
    ["ARG", "name  two words ", { ...agent, function: "arg", parameters: { name: "name", value: "two words" } }],
    ["ARG", "list ['a', 1]", { ...agent, function: "arg", parameters: { name: "list", value: ["a", 1] } }],
    ["ARG", 'map {"a": "b"}', { ...agent, function: "arg", parameters: { name: "map", value: { a: "b" } } }],
    ["ARG", "float 1.2", { ...agent, function: "arg", parameters: { name: "float", value: 1.2 } }],
    [
      "ADD",
      "--chown=root:root --chmod 0640 a b/*.c to/",
      {
        ...agent,
        function: "add",
        parameters: { to: "to/", chown: "root:root", chmod: "0640" },
        sources: ["a", "b/*.c"],
      },
    ],
    ["COPY", "a to", { ...agent, function: "add", parameters: { to: "to" }, sources: ["a"] }],
    [
      "WORKDIR",
      "--chmod=0777 /tmp/x",
      { ...agent, function: "workdir", parameters: { path: "/tmp/x", chmod: "0777" } },
    ],
    ["WAIT", "5", { ...agent, function: "wait", parameters: { seconds: 5 } }],
    [
      "WAIT",
      "--host localhost --port 80 --seconds 3",
      { ...agent, function: "wait", parameters: { host: "localhost", port: 80, seconds: 3 } },
    ],
    [
      "WAIT",
      "--url --retry 3 --insecure https://x/y",
      { ...agent, function: "wait", parameters: { url: "https://x/y", retry: 3, insecure: true } },
    ],
    ["WAIT", "--url http://x --seconds 3", { ...agent, function: "wait", parameters: { url: "http://x", seconds: 3 } }],
    ["WAIT", "--cmd test -f  x", { ...agent, function: "wait", parameters: { cmd: "test -f  x" } }],
    ["WAIT", "--cmd 'test -f x' 5", { ...agent, function: "wait", parameters: { cmd: "test -f x", seconds: 5 } }],
    [
      "WAIT",
      `--cmd --retry 3 --retry-wait 0 'test  -f x'`,
      { ...agent, function: "wait", parameters: { cmd: "test  -f x", retry: 3, retry_wait: 0 } },
    ],
    [
      "SERVICE",
      "--watch a --watch b --env K=V=W web node 'my server.mjs'",
      {
        ...agent,
        function: "service",
        parameters: { name: "web", command: ["node", "my server.mjs"], watch: ["a", "b"], environment: { K: "V=W" } },
      },
    ],
    [
      "SERVICE",
      "--state stopped web",
      { ...agent, function: "service", parameters: { name: "web", state: "stopped" } },
    ],
  ])("%s %s", (verb, text, expected) => {
    expect(parseVerb(verb, text)).toEqual(expected);
  });

  it.each([
    ["RUN", "", /needs a command/],
    ["RUN", "--timeout 0 true", /seconds above 0/],
    ["RUN", "--stdout-arg 1x true", /--stdout-arg 1x: is not a name/],
    ["ARG", "name", /needs a name and a value/],
    ["ADD", "a", /needs a source and a target/],
    ["ADD", "--chmod rw a b", /octal/],
    ["ADD", "--chown a:b:c a b", /USER:GROUP/],
    ["WORKDIR", "a b", /one path/],
    ["WAIT", "", /needs something to wait for/],
    ["WAIT", "--host x", /go together/],
    ["WAIT", "--url http://x --cmd y", /one thing/],
    ["WAIT", "--url ftp://x", /url/],
    ["SERVICE", "", /needs a name/],
    ["SERVICE", "--state up web", /state/],
    ["SERVICE", "--env K web", /NAME=VALUE/],
  ])("%s %s is refused", (verb, text, message) => {
    expect(() => parseVerb(verb, text)).toThrow(wrong(message));
  });

  it("of an unknown verb comes with the nearest", () => {
    expect(() => parseVerb("WORKDR", "x")).toThrow(
      expect.objectContaining({ code: "verb_unknown", message: expect.stringContaining("WORKDIR") }),
    );
  });
});

import { describe, expect, it } from "vitest";
import { GantryError, problemText } from "../../kernel/errors.ts";
import { compile, type LineMeaning } from "./compile.ts";
import { lineId, type Entry } from "./model.ts";
import { readOrchestration } from "./read.ts";

/** Reads files that the test holds, the first of which is meant. */
function read(files: Readonly<Record<string, string>>): Promise<readonly Entry[]> {
  const [first] = Object.keys(files);
  return readOrchestration(
    [`/o/${first}`],
    async (path) => {
      const text = files[path.slice("/o/".length)];
      if (text === undefined) throw Object.assign(new Error("gone"), { code: "ENOENT" });
      return text;
    },
    (path) => path.slice("/o/".length),
  );
}

async function problems(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  try {
    await read(files);
  } catch (error) {
    if (error instanceof GantryError) return error.problems.map((one) => problemText(one).replace(/ \([a-z_]+\)$/, ""));
  }
  return [];
}

describe("an orchestration file", () => {
  it("is read as Director's are: nodes go on after a failure, texts stay as they are", async () => {
    const entries = await read({
      "a.yaml": `---
- jobs:
  - WORKDIR: /home/centos/.ssh
  - RUN: echo   three   blanks
  - ARG: >
      dict {"a": "b"}
  - WAIT: 5
  - FACTS:
- async: "yes"
  name: second
  targets: [one, "group:web"]
  jobs:
  - RUN: "true"
    name: the job
    vars: {stdout_arg: out}
`,
    });
    expect(entries).toMatchObject([
      {
        async: false,
        onFailure: "continue",
        jobs: [
          { verb: "WORKDIR", text: "/home/centos/.ssh", where: { file: "a.yaml", line: 3, column: 5 } },
          { verb: "RUN", text: "echo   three   blanks" },
          { verb: "ARG", text: 'dict {"a": "b"}\n' },
          { verb: "WAIT", text: "5" },
          { verb: "FACTS", text: "" },
        ],
      },
      {
        async: true,
        name: "second",
        targets: ["one", "group:web"],
        onFailure: "continue",
        jobs: [{ verb: "RUN", text: "true", name: "the job", vars: { stdout_arg: "out" } }],
      },
    ]);
  });

  it("may say more than Director's: then nodes stop after a failure, unless it says otherwise", async () => {
    const text = `- vars: {port: 80}
  batch: 20%
  max_failures: 1
  parallel: 5
  assign: {role: web, sizes: [1, 2]}
  jobs: [{RUN: "true"}]
- on_failure: continue
  jobs: [{RUN: "true"}]
`;
    expect(await read({ "a.yaml": text })).toMatchObject([
      {
        vars: { port: 80 },
        batch: "20%",
        maxFailures: 1,
        parallel: 5,
        onFailure: "stop",
        jobs: [
          { verb: "ARG", text: "role web" },
          { verb: "ARG", text: "sizes [1,2]" },
          { verb: "RUN", text: "true" },
        ],
      },
      { onFailure: "continue" },
    ]);
  });

  it("includes others at their place", async () => {
    const found = await read({
      "a.yaml": "- include: [sub/b.yaml, sub/c.yaml]\n- jobs: [{RUN: a}]\n",
      "sub/b.yaml": "- include: c.yaml\n- jobs: [{RUN: b}]\n",
      "sub/c.yaml": "- jobs: [{RUN: c}]\n",
    });
    expect(found.map(({ jobs }) => jobs[0]!.text)).toEqual(["c", "b", "c", "a"]);
    expect(await problems({ "a.yaml": "- include: b.yaml\n", "b.yaml": "- include: a.yaml\n" })).toEqual([
      "b.yaml:1:12: a.yaml includes itself: a.yaml → b.yaml → a.yaml",
    ]);
    expect(await problems({ "a.yaml": "- include: b.yaml\n" })).toEqual([
      "a.yaml:1:12: cannot read b.yaml: there is no such file",
    ]);
  });

  it.each([
    ["jobs: []", "a.yaml:1:1: an orchestration is a list of entries, each with `jobs`"],
    ["- target: x\n  jobs: []", "a.yaml:1:3: an entry has no 'target'; did you mean 'targets'?"],
    ["- name: x", "a.yaml:1:3: this entry has no `jobs`"],
    ["- jobs:\n  - RUN: a\n    COPY: b", "a.yaml:2:5: a job has one verb, and this has 2: RUN, COPY"],
    ["- jobs:\n  - name: x", "a.yaml:2:5: this job has no verb"],
    [
      "- jobs:\n  - RUN: [a]",
      "a.yaml:2:10: the text of RUN is expected here; quote it where it looks like something else",
    ],
    ["- batch: 0.5\n  jobs: []", "a.yaml:1:3: batch: a number of nodes or a share like 20% is expected"],
    ["- async: maybe\n  jobs: []", "a.yaml:1:3: async: `true` or `false` is expected"],
    ["- on_failure: go\n  jobs: []", "a.yaml:1:3: on_failure: `stop` or `continue` is expected"],
    ["- jobs: [\n", "a.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]"],
    ["", "a.yaml: there is no entry in it"],
  ])("that reads %j is refused: %s", async (text, problem) => {
    expect((await problems({ "a.yaml": text }))[0]).toBe(problem);
  });

  it("cannot blow up by aliases of aliases", async () => {
    const levels = Array.from({ length: 20 }, (_, index) => `a${index}: &a${index} [${`*a${index - 1},`.repeat(9)}]`);
    const text = `- vars:\n    z: &a-1 [1]\n    ${levels.join("\n    ")}\n  jobs: []\n`;
    expect((await problems({ "a.yaml": text })).length).toBeGreaterThan(0);
  });
});

const PLAIN: LineMeaning = {
  calls: [{ function: "run", parameters: {}, safeToRepeat: true }],
  runOnce: false,
  sensitive: false,
};

async function compiled(text: string, restrict?: readonly string[]) {
  return compile(await read({ "a.yaml": text }), {
    meaning: ({ verb, text: words }) => ({
      ...PLAIN,
      ...(verb === "QUERY" ? { barrier: "query" as const } : {}),
      ...(verb === "JOB_WAIT" ? { barrier: { wait: words.split(" ") } } : {}),
    }),
    ...(restrict === undefined ? {} : { restrict }),
  });
}

describe("entries become stages", () => {
  const text = `- name: background
  async: true
  jobs: [{RUN: a, name: slow}]
- jobs: [{RUN: b}, {QUERY: x}, {RUN: c}, {JOB_WAIT: slow}, {RUN: d}]
`;

  it("cut where nodes wait for each other", async () => {
    expect((await compiled(text)).stages).toEqual([
      { entry: 0, from: 0, to: 1, query: false, waits: [] },
      { entry: 1, from: 1, to: 3, query: true, waits: [] },
      { entry: 1, from: 3, to: 4, query: false, waits: [] },
      { entry: 1, from: 4, to: 6, query: false, waits: [0] },
    ]);
  });

  it("of which only those wanted are kept", async () => {
    const { lines } = await compiled(text, ["slow", lineId({ verb: "RUN", text: "d" })]);
    expect(lines.map((line) => line.text)).toEqual(["a", "d"]);
    await expect(compiled(text, ["slov"])).rejects.toThrow(
      "no job has the id or the name 'slov'; did you mean 'slow'?",
    );
  });

  it("and wait for nothing that is not there, or behind them", async () => {
    await expect(compiled("- jobs: [{JOB_WAIT: slov}]\n- name: slow\n  jobs: [{RUN: a}]\n")).rejects.toThrow(
      "JOB_WAIT: there is no entry and no job 'slov'; did you mean 'slow'?",
    );
    await expect(compiled("- jobs: [{JOB_WAIT: slow}]\n- name: slow\n  jobs: [{RUN: a}]\n")).rejects.toThrow(
      "is not in an entry before this one",
    );
  });
});

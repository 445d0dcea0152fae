import { appendFileSync, chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { type Certificates, keepOwnCertificates } from "../../platform/http/index.ts";
import { silentLogger } from "../../platform/logging/index.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";
import { createLines, readLine } from "./answers.ts";
import { describeVerb } from "./describe.ts";
import { checkInput, kindOf, readManifest, verbManifest } from "./manifest.ts";
import { parseCustomVerb } from "./model.ts";
import { openPackage, packVerb, sha256Of } from "./package.ts";

const SERVER = "gantry-server";
let folder: string;
let own: Certificates;
let foreign: Certificates;

async function certificates(place: string): Promise<Certificates> {
  const keeper = await keepOwnCertificates(place, ["127.0.0.1"], { clock: systemClock, log: silentLogger() });
  keeper.stop();
  return keeper.current;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-custom-"));
  [own, foreign] = await Promise.all([certificates(join(folder, "own")), certificates(join(folder, "foreign"))]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = verbManifest.parse({
  name: "GREET",
  summary: "Greets",
  options: {
    times: { type: "integer", default: 1, minimum: 1, maximum: 9 },
    loud: { type: "boolean" },
    to: { many: true },
    tone: { choices: ["kind", "stern"] },
  },
  text: { summary: "who", required: true },
});

describe("what a verb says of itself", () => {
  it("is complete, and takes no name that is taken", () => {
    expect(readManifest({ name: "GREET", summary: "x" }, "greet.mjs", ["RUN"])).toMatchObject({ safeToRepeat: false });
    const bad = { name: "RUN", summary: "x", options: { retry: {}, n: { type: "integer", default: "a" } } };
    expect(() => readManifest(bad, "bad.mjs", ["RUN"])).toThrow(
      /bad\.mjs: there is a verb RUN already.*every verb has an option --retry.*options\.n\.default: --n a is not a whole/,
    );
    expect(() => readManifest({ name: "greet", summary: "" }, "x", [])).toThrow(/name is not a name in capitals/);
    expect(["a.mjs", "a.ts", "a.js", "a.py", "a"].map(kindOf)).toEqual([
      "module",
      "module",
      "module",
      "program",
      "program",
    ]);
  });

  it("decides what a text means", () => {
    const known = { manifest, package: "a".repeat(64) };
    expect(
      parseCustomVerb(known, "--times 2 --loud --to a --to b --timeout 5 you all", { stdout_arg: "said" }),
    ).toEqual({
      module: "agent",
      function: "custom",
      parameters: {
        verb: "GREET",
        package: known.package,
        options: { times: 2, loud: true, to: ["a", "b"] },
        text: "you all",
        timeout: 5,
        stdout_arg: "said",
        cache: "none",
      },
      runOnce: false,
    });
    expect(parseCustomVerb(known, "--times {{ n }} you").parameters["options"]).toMatchObject({ times: "{{ n }}" });
  });

  it.each([
    [{ times: 10 }, /--times 10 is more than 9/],
    [{ times: "x" }, /not a whole number/],
    [{ tone: "kid" }, /none of kind, stern; did you mean kind\?/],
    [{ tims: 1 }, /there is no option --tims; did you mean --times\?/],
    [{ to: "a" }, /--to is a list/],
  ])("%j is refused", (options, message) => {
    expect(checkInput(manifest, { options, text: "x" })).toMatch(message);
  });
});

describe("what its process says", () => {
  it("is an answer only as an object with one of four names alone", () => {
    expect(readLine('{"result":{"changed":false}}')).toEqual({ kind: "result", value: { changed: false } });
    expect(readLine('{"error":"no"}')).toEqual({ kind: "error", text: "no" });
    for (const line of ['{"result":1}', '{"a":1}', '{"error":"a","b":1}', "{", "plain", "[]"])
      expect(readLine(line)).toEqual({ kind: "output", text: `${line}\n` });
  });

  it("comes in pieces of any size", () => {
    const lines: string[] = [];
    const cut = createLines((line) => lines.push(line));
    for (const byte of Buffer.from("grüß\n\nlast")) cut.push(Uint8Array.of(byte));
    cut.end();
    expect(lines).toEqual(["grüß", "", "last"]);
  });
});

describe("a package", () => {
  const bytes = Buffer.from("export const verb = {};\n");
  const trust = () => ({ authority: own.authority, names: [SERVER], now: Date.now() });
  const made = (signer: Certificates = own) => packVerb({ manifest, file: "greet.mjs", kind: "module", bytes }, signer);

  it("is opened by who trusts the server's authority", () => {
    const opened = openPackage(made(), trust());
    expect(opened).toMatchObject({ manifest, file: "greet.mjs", kind: "module" });
  });

  it("is refused when anybody else signed it, or anything of it was changed", () => {
    expect(openPackage(made(foreign), trust())).toMatch(/somebody unknown/);
    expect(openPackage(made(), { ...trust(), names: ["other.example"] })).toMatch(/not signed by the server/);
    expect(openPackage(made(), { ...trust(), names: ["other.example", "127.0.0.1"] })).toMatchObject({
      kind: "module",
    });
    expect(openPackage(made(), { ...trust(), now: Date.now() + 1000 * 86_400_000 })).toMatch(/any more/);
    const text = made().toString();
    expect(openPackage(Buffer.from(`${text}x`), trust())).toMatch(/its file is not/);
    expect(openPackage(Buffer.from(text.replace("Greets", "Steals")), trust())).toMatch(/signature does not fit/);
    expect(openPackage(Buffer.from(text.replace("greet.mjs", "../greet")), trust())).toMatch(/head cannot be read/);
    expect(openPackage(Buffer.from("nothing"), trust())).toMatch(/no head/);
  });
});

describe("a verb of one's own on a node", () => {
  let agent: TestAgent;
  beforeEach(async () => {
    agent = await createTestAgent();
    const identity = { urls: ["https://127.0.0.1:1"], ca: own.authority };
    writeFileSync(join(agent.state, "identity.json"), JSON.stringify(identity));
  });
  afterEach(() => agent.remove());

  function pack(file: string, text: string, more: object = {}, signer = own): string {
    const bytes = packVerb(
      {
        manifest: verbManifest.parse({ name: "TRY", summary: "x", text: {}, ...more }),
        file,
        kind: kindOf(file),
        bytes: Buffer.from(text),
      },
      signer,
    );
    const sha256 = sha256Of(bytes);
    agent.content.set(sha256, bytes);
    return sha256;
  }
  const call = (sha256: string, parameters: object = {}, shared?: JsonObject) =>
    agent.call(
      "custom",
      { verb: "TRY", package: sha256, ...parameters } as never,
      shared === undefined ? {} : { shared },
    );

  it("runs as a module in a process of its own, with options, values and folder", async () => {
    const sha256 = pack(
      "try.mjs",
      `export const verb = { name: "TRY", summary: "x", async apply({ options, text, values, cwd, output, message }) {
        message("begins"); output(options.n + " " + text + " " + values.who + "\\n"); console.log(process.pid === ${process.pid});
        return { changed: false, cwd };
      } };`,
      { options: { n: { type: "integer", default: 7 } } },
    );
    await agent
      .call("arg", { values: { who: "ada" } } as never)
      .catch(() => agent.call("arg", { name: "who", value: "ada" } as never));
    expect(await call(sha256, { text: "hi {{ who }}" })).toMatchObject({ changed: false, cwd: agent.home });
    expect(agent.written.stdout).toBe("7 hi ada ada\nfalse\n");
    expect(agent.messages).toContain("begins");
  });

  it("runs as a program of any kind, and keeps its exit code", async () => {
    const sha256 = pack("try", '#!/bin/sh\nread -r line\necho "got it"\necho "$line" >&2\nexit 3\n');
    await expect(call(sha256)).rejects.toMatchObject({
      code: "custom_verb_failed",
      message: "TRY: its process ended with exit code 3",
      details: { exit_code: 3 },
    });
    expect(agent.written.stdout).toBe("got it\n");
    expect(JSON.parse(agent.written.stderr)).toMatchObject({ action: "apply", verb: "TRY", plan: false });
  });

  it("says what it would change, where it can", async () => {
    const able = pack(
      "try.mjs",
      'export const verb = { plan: () => ({ changed: true, diff: "+x\\n" }), apply() { throw new Error("ran"); } };',
      {
        plan: true,
      },
    );
    expect(await call(able, {}, { plan: true })).toMatchObject({ changed: true, diff: "+x\n" });
    const unable = pack("try.mjs", "export const verb = { apply() { throw new Error('ran'); } };");
    expect(await call(unable, {}, { plan: true })).toMatchObject({ changed: "unknown" });
  });

  it("is ended by its time-out", async () => {
    const sha256 = pack("try", "#!/bin/sh\nsleep 1000\n");
    await expect(call(sha256, { timeout: 0.3 })).rejects.toMatchObject({ code: "function_timed_out" });
  });

  it("may have a file of any name that a file of its own may have", async () => {
    const sha256 = pack("package", "#!/bin/sh\necho mine\n");
    await call(sha256);
    await call(sha256);
    expect(agent.asked).toHaveLength(1);
  });

  it("is fetched once, and refused when its package or its file was changed, or somebody else signed it", async () => {
    const sha256 = pack("try", "#!/bin/sh\necho mine\n");
    await call(sha256);
    await call(sha256);
    expect(agent.asked).toHaveLength(1);
    const place = join(agent.state, "verbs", sha256);
    for (const name of ["try", ".package"]) {
      appendFileSync(join(place, name), "echo intruder\n");
      await expect(call(sha256)).rejects.toMatchObject({
        code: "custom_verb_refused",
        message: expect.stringMatching(/was changed on this node/),
      });
      expect(existsSync(`${place}.refused`)).toBe(true);
      await call(sha256);
    }
    expect(agent.written.stdout).not.toMatch(/intruder/);
    await expect(call(pack("try", "#!/bin/sh\n", {}, foreign))).rejects.toThrow(/somebody unknown/);
    const other = pack("try", "#!/bin/sh\n", { name: "OTHER" });
    await expect(call(other)).rejects.toThrow(/the package is verb OTHER, not TRY/);
    rmSync(join(agent.state, "identity.json"));
    await expect(call(sha256)).rejects.toThrow(/belongs to no server/);
    expect(readdirSync(join(agent.state, "verbs")).length).toBeGreaterThan(0);
  });

  it("has its options checked once templates are filled in", async () => {
    const sha256 = pack("try", "#!/bin/sh\n", { options: { n: { type: "integer" } } });
    await expect(call(sha256, { options: { n: "{{ 'x' }}" } })).rejects.toMatchObject({ code: "verb_text_wrong" });
    expect(await call(sha256, { options: { n: "{{ 1 + 1 }}" } })).toMatchObject({ changed: true });
  });
});

describe("asking a file what it is", () => {
  it("takes what a module exports, what a program answers, or what stands beside it", async () => {
    const module = join(folder, "one.ts");
    writeFileSync(
      module,
      'export const verb = { name: "ONE", summary: "x", apply(): number { return 1; }, plan() {} };',
    );
    expect(await describeVerb(module, [])).toMatchObject({ kind: "module", manifest: { name: "ONE", plan: true } });
    const program = join(folder, "two");
    writeFileSync(program, '#!/bin/sh\necho \'{"result":{"name":"TWO","summary":"x"}}\'\n');
    chmodSync(program, 0o755);
    expect(await describeVerb(program, [])).toMatchObject({ kind: "program", manifest: { name: "TWO" } });
    const foreignKind = join(folder, "three");
    writeFileSync(foreignKind, "not for this machine");
    writeFileSync(`${foreignKind}.json`, '{"name":"THREE","summary":"x"}');
    expect(await describeVerb(foreignKind, [])).toMatchObject({ manifest: { name: "THREE" } });
  });

  it("says why it is none", async () => {
    const silent = join(folder, "silent");
    writeFileSync(silent, "#!/bin/sh\nexit 1\n");
    chmodSync(silent, 0o755);
    await expect(describeVerb(silent, [])).rejects.toThrow(/silent does not say what it is/);
    const broken = join(folder, "broken.mjs");
    writeFileSync(broken, "export const verb = { name: 'X' };");
    await expect(describeVerb(broken, [])).rejects.toThrow(/its verb has no function apply/);
    await expect(describeVerb(join(folder, "missing.mjs"), [])).rejects.toMatchObject({ code: "custom_verb_wrong" });
  });
});

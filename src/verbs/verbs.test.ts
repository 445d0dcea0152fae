import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { describeAgentFunctions } from "./functions.ts";
import { VERB_NAMES, VERBS } from "./verbs.ts";

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe("the table of verbs", () => {
  it("has a folder for each, and each of them the same files", () => {
    expect(folders.toSorted()).toEqual(VERBS.map((verb) => verb.function).toSorted());
    const missing = folders.flatMap((folder) =>
      ["README.md", "model.ts", "plan.ts", "apply.ts", "index.ts", `${folder}.test.ts`]
        .map((file) => `${folder}/${file}`)
        .filter((file) => !existsSync(join(import.meta.dirname, file))),
    );
    expect(missing).toEqual([]);
  });

  it("has each name once, and a function for each", () => {
    expect(new Set(VERB_NAMES).size).toBe(VERB_NAMES.length);
    const functions = Object.keys(describeAgentFunctions());
    for (const name of VERB_NAMES) expect(functions).toContain(name.toLowerCase());
  });

  // Nobody types CUSTOM: it stands for all verbs of one's own.
  const typed = VERBS.filter((verb) => verb.function !== "custom");

  it.each(typed)("$names.0 says in its README what it is called, and what its options and parameters are", (verb) => {
    const readme = readFileSync(join(import.meta.dirname, verb.function, "README.md"), "utf8");
    expect(readme).toMatch(new RegExp(`^# ${verb.names[0]}\\b`));
    expect(readme).toMatch(/```yaml\n/);
    expect(readme).toMatch(/answers/i);
    const told = [...verb.names, ...Object.keys(verb.options).map((option) => `--${option}`)];
    expect(told.filter((one) => !readme.includes(one))).toEqual([]);
    const { properties } = z.toJSONSchema(verb.parameters, { io: "input", unrepresentable: "any" });
    const silent = Object.entries(properties ?? {}).filter(
      ([, schema]) => typeof schema === "boolean" || schema.description === undefined,
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });
});

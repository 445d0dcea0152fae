import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { commonParameters } from "../src/verbs/model.ts";
import type { Verb } from "../src/verbs/verb.ts";
import { VERBS } from "../src/verbs/verbs.ts";
import { keepGenerated, repository } from "./generated.ts";

// Writes docs/verbs.md from the READMEs and the schemas of the verbs, or checks it with --check.

const HEAD = `# Verbs

A verb is what an agent does on its node: \`gantry exec --verb RUN 'uptime'\`, a line under \`jobs\` of an orchestration, or
\`agent.run( command="uptime" )\` in a script. Options stand in front of the text; \`--\` ends them. Every verb says whether it changed
anything, can be planned without being done, and ends when it is stopped, with all it started. This page is made by \`npm run verbs\`.

## Options of every verb

| option | |
| --- | --- |
| \`--timeout SECONDS\` | it is stopped then, with all it started; each attempt has this time, and so has its plan |
| \`--retry N\` | so often it is tried again when it fails; each failure is told |
| \`--retry-wait SECONDS\` | the time before that |
| \`--env NAME=VALUE\` | a variable in the environment of what it starts; may be given several times |
| \`--user NAME\` | it is done as this user, with all groups of theirs; the agent must be root |
| \`--cwd DIR\` | where it is done, and where relative paths count from; left out: the agent's home |
| \`--stdout-arg NAME\` | its trimmed output becomes an argument of the node, also when it fails |
| \`--stderr-arg NAME\` | the same with its error output |
| \`--cache\` | an earlier good result of the very same may stand in for it (RUN, and verbs of one's own that say so) |
| \`--skip-cache\` | it is done, whatever is remembered; its result is remembered |
| \`--run-once\` | on the first target only |
| \`--sensitive\` | neither its text nor its output is kept or shown, only how it ended |

In an orchestration, \`skip_cache\`, \`run_once\`, \`timeout\`, \`retry\`, \`retry_wait\`, \`stdout_arg\`, \`stderr_arg\` and \`sensitive\` may also stand in a
job's \`vars\`; what its text says is stronger.

## Values in texts

\`{{ NAME }}\` is filled in on the node, right before the verb is done. It sees, the stronger first: the job's \`vars\`, the entry's \`vars\`, the
node's arguments (ARG, \`--stdout-arg\`, CACHEFILE, QUERY), the variables of the node in the inventory, and \`facts\`. \`{{ query.web1.port }}\`,
\`{{ list[0] }}\` and Jinja's filters work; lists, mappings and truth values look as Python prints them. A name nobody has set is an error.
Nothing else in a text means anything: \`\${#list}\` and \`{%\` reach the shell. To write braces as they are: \`{{ '{{' }}.Names}}\`.

`;

function section(verb: Verb): string {
  const text = readFileSync(join(repository, "src/verbs", verb.function, "README.md"), "utf8");
  return `#${text.trim()}\n\n${parameterTable(verb)}\n`;
}

/** What scripts give it: its own parameters, without those of all verbs. */
function parameterTable(verb: Verb): string {
  const rows = Object.entries(verb.parameters.shape)
    .filter(([name]) => !Object.hasOwn(commonParameters.shape, name))
    .map(([name, schema]) => `| \`${name}\` | ${typeOf(schema)} | ${describe(schema)} |`);
  const call = `In a script: \`agent.${verb.function}( … )\`${verb.safeToRepeat ? "" : ", which is not done again after a crash"}.`;
  return rows.length === 0 ? call : `${call}\n\n| parameter | | |\n| --- | --- | --- |\n${rows.join("\n")}`;
}

interface JsonSchema {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly items?: JsonSchema;
}

function jsonOf(schema: z.core.$ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

function describe(schema: z.core.$ZodType): string {
  return cell(jsonOf(schema).description ?? "");
}

function typeOf(schema: z.core.$ZodType): string {
  const json = jsonOf(schema);
  const standard = json.default === undefined ? "" : `, ${JSON.stringify(json.default)} when left out`;
  return cell(`${nameOf(json)}${standard}`);
}

function nameOf(json: JsonSchema): string {
  if (json.enum !== undefined) return json.enum.map((one) => `\`${String(one)}\``).join(", ");
  if (json.type === "array") return json.items === undefined ? "list" : `list of ${nameOf(json.items)}`;
  const names: Readonly<Record<string, string>> = { string: "text", integer: "whole number", object: "map" };
  return names[json.type ?? ""] ?? json.type ?? "anything";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

const common = `## Verbs of one's own

[custom-verbs.md](custom-verbs.md) says how to write them. They take the options of every verb, too.

## Common parameters in scripts

| parameter | | |
| --- | --- | --- |
${Object.entries(commonParameters.shape)
  .map(([name, schema]) => `| \`${name}\` | ${typeOf(schema)} | ${describe(schema)} |`)
  .join("\n")}
`;

// Nobody types CUSTOM: it stands for all verbs of one's own.
const typed = VERBS.filter((verb) => verb.function !== "custom");

keepGenerated("docs/verbs.md", `${HEAD}${typed.map(section).join("\n")}\n${common}`, "npm run verbs");

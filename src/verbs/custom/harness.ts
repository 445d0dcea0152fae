/**
 * What runs a verb that is a module, in a process of its own: it reads one JSON document on its standard input, imports the module, and
 * writes its answers as lines. As text, because the agent is one file and has no other beside it.
 */
export const HARNESS = `
import { pathToFileURL } from "node:url";
const pieces = [];
for await (const piece of process.stdin) pieces.push(piece);
const input = JSON.parse(Buffer.concat(pieces).toString());
const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\\n");
try {
  const module = await import(pathToFileURL(process.argv[1]).href);
  const verb = module.verb ?? module.default;
  if (verb === null || typeof verb !== "object") throw new Error("it exports no verb: export const verb = { name, summary, apply }");
  if (typeof verb.apply !== "function") throw new Error("its verb has no function apply");
  if (input.action === "describe") {
    const { apply, plan, ...manifest } = verb;
    say({ result: { ...manifest, plan: typeof plan === "function" } });
  } else {
    const result = await (input.action === "plan" ? verb.plan : verb.apply).call(verb, {
      ...input,
      output: (text) => say({ output: String(text) }),
      message: (text) => say({ message: String(text) }),
    });
    say({ result: result ?? {} });
  }
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
`;

/** Arguments of Node that run the verb in a file. */
export function harnessArguments(file: string): readonly string[] {
  return ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", HARNESS, "--", file];
}

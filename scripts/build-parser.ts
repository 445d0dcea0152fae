/** Makes `src/tscript/parser.generated.js` from `src/tscript/grammar.peggy`; `--check` only says whether it is up to date. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import peggy from "peggy";
import { keepGenerated, repository } from "./generated.ts";

const grammar = readFileSync(join(repository, "src/tscript/grammar.peggy"), "utf8");
const parser = peggy.generate(grammar, { output: "source", format: "es" });
const header = "// Generated from grammar.peggy by scripts/build-parser.ts. Do not edit.\n";

keepGenerated("src/tscript/parser.generated.js", header + parser, "node scripts/build-parser.ts");

import { GantryError } from "../kernel/errors.ts";
import type { OutputStream } from "../link/index.ts";
import { COMMAND_FAILED, PROGRAM_MISSING } from "./errors.ts";
import { findProgram, runProgram } from "./program.ts";
import type { NodeUser } from "./users.ts";
import type { VerbContext } from "./verb.ts";

/** Programs of the node that verbs use: package managers, `systemctl`, `useradd` and their like. */

/** One call of a program. */
export interface Tool {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Its output is only read by the verb, and not shown. */
  readonly quiet?: boolean;
  /** Whom it runs as; left out: the verb's user. */
  readonly user?: NodeUser;
  /** Absolute; left out: the verb's. */
  readonly cwd?: string;
}

export interface ToolEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a verb needs of the node's programs: real ones, or recorded ones in tests. */
export interface Tools {
  run(tool: Tool): Promise<ToolEnd>;
  has(program: string): Promise<boolean>;
}

export function toolsOf(context: VerbContext): Tools {
  return {
    async run({ program, arguments: words, environment = {}, input, quiet, user, cwd }) {
      const chunks: Record<OutputStream, Uint8Array[]> = { stdout: [], stderr: [] };
      const end = await runProgram(context, {
        program,
        arguments: words,
        environment,
        ...(user === undefined ? {} : { user }),
        ...(cwd === undefined ? {} : { cwd }),
        ...(input === undefined ? {} : { input: Buffer.from(input) }),
        output(stream, chunk) {
          chunks[stream].push(chunk);
          if (quiet !== true) context.output(stream, chunk);
        },
      });
      return {
        code: end.code,
        stdout: Buffer.concat(chunks.stdout).toString(),
        stderr: Buffer.concat(chunks.stderr).toString(),
      };
    },
    async has(program) {
      const path = context.environment["PATH"] ?? context.surroundings.environment["PATH"];
      return (await findProgram(program, path)) !== undefined;
    },
  };
}

/** The end of a program that must go well. Throws `command_failed`, which says what it said last. */
export function must(tool: Pick<Tool, "program" | "arguments" | "quiet">, end: ToolEnd): ToolEnd {
  if (end.code === 0) return end;
  const how = end.code === null ? "was ended by a signal" : `ended with exit code ${end.code}`;
  // What was shown as it came need not be said again.
  const said = lastLines(tool.quiet === true ? `${end.stdout}\n${end.stderr}` : end.stderr || end.stdout);
  throw new GantryError(COMMAND_FAILED, `${commandText(tool)} ${how}${said === "" ? "" : `: ${said}`}`, {
    details: { exit_code: end.code },
  });
}

/** Runs a program that must go well. Throws `command_failed`. */
export async function runTool(tools: Tools, tool: Tool): Promise<ToolEnd> {
  return must(tool, await tools.run(tool));
}

/** The first of the programs that is there. Throws `program_missing`. */
export async function firstProgram(tools: Tools, programs: readonly string[], what: string): Promise<string> {
  for (const program of programs) if (await tools.has(program)) return program;
  throw new GantryError(PROGRAM_MISSING, `${what} needs ${programs.join(" or ")}, and this node has none of them`);
}

/** For messages: without what it reads on its standard input. */
export function commandText(tool: Pick<Tool, "program" | "arguments">): string {
  return [tool.program, ...tool.arguments].join(" ").slice(0, 400);
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-6).join("\n").slice(-2000);
}

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { PROGRAM_LATE } from "../errors.ts";
import type { Power } from "../driver.ts";
import { type Ended, runProgram } from "../programs.ts";
import type { IpmiAttributes } from "./attributes.ts";
import { IPMI_ANSWER_UNKNOWN, IPMI_UNREACHABLE } from "./errors.ts";
import { type Login, readFailure, readPower, sessionArguments, type Tries } from "./model.ts";

/** A BMC by ipmitool: one run of the program, and one session, for each thing it is asked. */

/** Milliseconds for one run, whatever happens: a BMC that answers just often enough could go on for ever. */
const LIMIT = 45_000;

export interface Bmc {
  /** What the command says. Throws the errors of `errors.ts`. */
  ask(command: readonly string[], context: FunctionContext): Promise<string>;
  /** Has commands done that nobody is to see in a list of processes. */
  askSealed(commands: string, context: FunctionContext): Promise<void>;
  power(context: FunctionContext): Promise<Power>;
  /** What `lan print` says, also when it ends with an error because the BMC does not tell everything. */
  lan(context: FunctionContext): Promise<string>;
}

/** `login`: in place of that of the attributes. */
export function connectBmc(attributes: IpmiAttributes, tries: Tries, login: Login = attributes): Bmc {
  const title = `the BMC at ${attributes.address} port ${attributes.port}`;

  async function ask(command: readonly string[], context: FunctionContext, enough?: RegExp): Promise<string> {
    const ended = await run([...sessionArguments(attributes, login.user, tries), ...command], context);
    if (ended.code === 0 || enough?.test(ended.stdout) === true) return ended.stdout;
    const { kind, why } = readFailure(`${ended.stdout}\n${ended.stderr}`);
    // What it was asked is no secret: passwords go by way of askSealed.
    throw new GantryError(kind, `${title}, asked for ${command.join(" ")}: ${why}`);
  }

  async function run(words: readonly string[], context: FunctionContext): Promise<Ended> {
    const environment = { IPMI_PASSWORD: login.password };
    try {
      return await runProgram("ipmitool", {
        ...context,
        arguments: words,
        limit: LIMIT,
        package: "ipmitool",
        environment,
      });
    } catch (error) {
      if (!(error instanceof GantryError) || error.kind !== PROGRAM_LATE) throw error;
      throw new GantryError(IPMI_UNREACHABLE, `${title} keeps ipmitool waiting for more than ${LIMIT / 1000} s`, {
        cause: error,
      });
    }
  }

  return {
    ask: (command, context) => ask(command, context),
    lan: (context) => ask(["lan", "print", String(attributes.channel)], context, /^IP Address\s*:/m),
    async askSealed(commands, context) {
      const folder = await mkdtemp(join(tmpdir(), "gantry-ipmi-"));
      try {
        const file = join(folder, "commands");
        await writeFile(file, `${commands}\n`, { mode: 0o600 });
        await ask(["exec", file], context);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async power(context) {
      const said = await ask(["chassis", "power", "status"], context);
      const power = readPower(said);
      if (power === undefined)
        throw new GantryError(IPMI_ANSWER_UNKNOWN, `${title} says neither on nor off: ${said.trim().slice(0, 200)}`);
      return power;
    },
  };
}

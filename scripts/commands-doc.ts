import type { Command, Option } from "commander";
import { wholeProgram } from "../src/cli/program.ts";
import { processTerminal } from "../src/cli/terminal.ts";
import { keepSection } from "./sections.ts";

// Writes the list of commands in docs/cli.md from the command line itself, or checks it with --check.

function describe(command: Command, prefix: string): string[] {
  const name = `${prefix} ${command.name()}`.trim();
  const below = command.commands.flatMap((one) => describe(one, name));
  if (command.commands.length > 0) return below;
  const options = command.options.filter((option) => !option.hidden);
  return [
    `### ${name}${command.registeredArguments.map((one) => ` ${argumentText(one.name(), one.required, one.variadic)}`).join("")}`,
    "",
    command.description() === "" ? sentence(command.summary()) : command.description(),
    ...(options.length === 0 ? [] : ["", "| option | |", "| --- | --- |", ...options.map(optionRow)]),
    "",
  ];
}

function argumentText(name: string, required: boolean, variadic: boolean): string {
  const text = `${name.toUpperCase()}${variadic ? "…" : ""}`;
  return required ? text : `[${text}]`;
}

function optionRow(option: Option): string {
  const choices = option.argChoices === undefined ? "" : ` (${option.argChoices.join(", ")})`;
  const standard = option.defaultValue === undefined ? "" : `; default: ${String(option.defaultValue)}`;
  return `| \`${option.flags.replaceAll("|", "\\|")}\` | ${option.description.replaceAll("|", "\\|")}${choices}${standard} |`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const program = await wholeProgram(processTerminal());
const text = program.commands.flatMap((command) => describe(command, program.name())).join("\n");
keepSection("docs/cli.md", "commands", text, "npm run commands");

import type { Command } from "commander";
import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { KINDS } from "./kinds.ts";

/** One command as completion sees it: the words that lead to it, and what may follow. */
export interface CompletionEntry {
  readonly path: readonly string[];
  readonly words: readonly { readonly word: string; readonly summary: string }[];
  readonly options: readonly { readonly word: string; readonly summary: string }[];
}

/** `gantry completion SHELL`: a script made from the commands as they are. */
export async function completion(context: CommandContext, program: Command, shell: string): Promise<void> {
  const script = completionScript(entriesOf(program), shell);
  if (script === undefined) {
    throw new GantryError(USAGE, `there is no completion for '${shell}'`, { hint: "Shells are: bash, zsh, fish." });
  }
  context.terminal.out(script);
}

export function entriesOf(command: Command, path: readonly string[] = []): CompletionEntry[] {
  const options = command.options.flatMap((option) =>
    [option.long, option.short]
      .filter((word) => word !== undefined && word !== null)
      .map((word) => ({ word: String(word), summary: option.description })),
  );
  const children = command.commands.map((child) => ({
    word: child.name(),
    summary: child.summary() || child.description(),
  }));
  const kinds = ["get", "show", "create", "set", "delete"].includes(path.join(" "))
    ? KINDS.map((kind) => ({ word: kind.plural, summary: kind.summary }))
    : [];
  const shells = path.join(" ") === "completion" ? ["bash", "zsh", "fish"].map((word) => ({ word, summary: "" })) : [];
  return [
    {
      path,
      words: [...children, ...kinds, ...shells],
      options: [...options, { word: "--help", summary: "show help" }],
    },
    ...command.commands.flatMap((child) => entriesOf(child, [...path, child.name()])),
  ];
}

export function completionScript(entries: readonly CompletionEntry[], shell: string): string | undefined {
  if (shell === "bash") return bash(entries);
  if (shell === "zsh") return `#compdef gantry\nautoload -U +X bashcompinit && bashcompinit\n${bash(entries)}`;
  if (shell === "fish") return fish(entries);
  return undefined;
}

/** Finds the longest known path in what was typed, and offers what may follow it, else file names. */
function bash(entries: readonly CompletionEntry[]): string {
  const cases = entries.map((entry) => {
    const words = [...entry.words, ...entry.options].map((one) => one.word).join(" ");
    return `    ${quote(entry.path.join(" "))}) offered=${quote(words)} ;;`;
  });
  const paths = entries
    .filter((entry) => entry.path.length > 0)
    .map((entry) => `    ${quote(entry.path.join(" "))}) path=$candidate ;;`);
  return [
    "_gantry() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" path="" candidate word offered=""',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    candidate="${path:+$path }$word"',
    '    case "$candidate" in',
    ...paths,
    "    esac",
    "  done",
    '  case "$path" in',
    ...cases,
    "  esac",
    '  COMPREPLY=($(compgen -W "$offered" -- "$current"))',
    '  if [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi',
    "}",
    "complete -o filenames -F _gantry gantry",
    "",
  ].join("\n");
}

function fish(entries: readonly CompletionEntry[]): string {
  const lines = entries.flatMap((entry) => {
    const seen = entry.path.length === 0 ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${entry.path.at(-1)}`;
    const children = entry.words.map(
      (one) => `complete -c gantry -n ${quote(seen)} -a ${quote(one.word)} -d ${quote(one.summary)}`,
    );
    const options = entry.options
      .filter((one) => one.word.startsWith("--"))
      .map(
        (one) =>
          `complete -c gantry ${entry.path.length === 0 ? "" : `-n ${quote(seen)} `}-l ${quote(one.word.slice(2))} -d ${quote(one.summary)}`,
      );
    return [...children, ...options];
  });
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

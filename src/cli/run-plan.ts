import type { Json, JsonObject } from "../kernel/json.ts";
import { isJsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { counted } from "./run-summary.ts";
import { paint, printable, type Terminal } from "./terminal.ts";

/** What nodes said they would do. */

interface PlannedVerb {
  readonly job: number;
  readonly verb: string;
  readonly text: string | null;
}

interface Planned {
  readonly node: string;
  readonly job: number;
  readonly state: string;
  readonly message: string | null;
  readonly value: unknown;
}

/** Prints the plan of a run, nodes that would do the same together. */
export async function printPlan({ client, terminal }: CommandContext, id: string): Promise<void> {
  const verbs = new Map((await client.runs.verbs(id).all()).map((verb) => [verb.job, verb]));
  terminal.out(planText(terminal, verbs, await client.runs.results(id).all()));
}

export function planText(
  terminal: Terminal,
  verbs: ReadonlyMap<number, PlannedVerb>,
  rows: readonly Planned[],
): string {
  const byNode = new Map<string, Planned[]>();
  for (const row of rows) byNode.set(row.node, [...(byNode.get(row.node) ?? []), row]);
  const alike = new Map<string, string[]>();
  for (const [node, own] of byNode) {
    const text = own
      .toSorted((a, b) => a.job - b.job)
      .map((row) => verbText(terminal, verbs.get(row.job), row))
      .join("");
    alike.set(text, [...(alike.get(text) ?? []), node]);
  }
  const parts = [...alike].map(
    ([text, nodes]) => `${paint(terminal, "bold", nodes.map(printable).join(", "))}\n${text}`,
  );
  const would = rows.filter(({ value }) => changedOf(value) === true).length;
  const perhaps = rows.filter(({ value }) => changedOf(value) === "unknown").length;
  const rest = rows.length - would - perhaps;
  return `${parts.join("\n")}\n${counted(would, "verb")} would change something, of ${perhaps} nobody can say before, ${rest} would change nothing\n`;
}

function changedOf(value: unknown): Json {
  return isJsonObject((value ?? undefined) as Json | undefined) ? ((value as JsonObject)["changed"] ?? false) : false;
}

function verbText(terminal: Terminal, verb: PlannedVerb | undefined, row: Planned): string {
  const head = verb === undefined ? "" : `${verb.verb} ${(verb.text ?? "(not shown)").trim().split("\n")[0]}`;
  const value = isJsonObject((row.value ?? undefined) as Json | undefined) ? (row.value as JsonObject) : {};
  const diff = typeof value["diff"] === "string" ? value["diff"].trimEnd() : "";
  const more = typeof value["message"] === "string" ? value["message"] : (row.message ?? "");
  return [
    `  ${row.job}. ${printable(head)}: ${effect(terminal, row)}`,
    ...(more === "" ? [] : [`     ${printable(more)}`]),
    ...(diff === "" ? [] : diff.split("\n").map((line) => `     ${painted(terminal, line)}`)),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function effect(terminal: Terminal, { state, value }: Planned): string {
  if (state !== "ok" && state !== "changed") return paint(terminal, "red", state);
  const changed = changedOf(value);
  if (changed === true) return paint(terminal, "yellow", "would change");
  return changed === "unknown" ? "runs; what it changes nobody can say before" : "no change";
}

function painted(terminal: Terminal, line: string): string {
  const shown = printable(line);
  if (line.startsWith("+")) return paint(terminal, "green", shown);
  return line.startsWith("-") ? paint(terminal, "red", shown) : shown;
}

import type { Json } from "../kernel/json.ts";
import { kindTitle } from "./sections.ts";
import { textHash } from "./fields.ts";
import type { Action, ActionKind, FieldChange, Plan } from "./model.ts";

/** How a plan prints. Plain text; who shows it may colour lines by their sign. */

const SIGNS: Readonly<Record<ActionKind, string>> = {
  create: "+",
  change: "~",
  replace: "±",
  repair: "!",
  retry: "↻",
  destroy: "-",
  conflict: "?",
};

const COUNTED: readonly (readonly [ActionKind, string])[] = [
  ["create", "to create"],
  ["change", "to change"],
  ["replace", "to replace"],
  ["repair", "to repair"],
  ["retry", "to retry"],
  ["destroy", "to destroy"],
];

/** Longest value that is shown; more than this nobody reads in a line. */
const LONGEST = 100;

/** The whole plan: a line for each action, one for each field, and the sum. Ends with a line end. */
export function planText(plan: Plan): string {
  const titles = plan.actions.map(({ target }) => kindTitle(target));
  const width = Math.max(0, ...titles.map((title) => title.length));
  const nameWidth = Math.min(30, Math.max(0, ...plan.actions.map(({ name }) => name.length)));
  const lines = plan.actions.flatMap((action, index) =>
    actionLines(action, (titles[index] ?? "").padEnd(width), nameWidth),
  );
  return [...lines, ...(lines.length === 0 ? [] : [""]), summaryText(plan), ""].join("\n");
}

function actionLines(action: Action, title: string, nameWidth: number): readonly string[] {
  const { kind, name, reason, fields } = action;
  const head = `  ${SIGNS[kind]} ${title}  ${name.padEnd(nameWidth)}  ${reason}`;
  // What is new is described in its line: there is nothing it could differ from.
  if (kind === "create") {
    const about = fields.map(({ path, to }) => `${path} ${plainText(to)}`).join(", ");
    return [about === "" ? head : `${head}: ${about}`];
  }
  return [head, ...fields.map((field) => `        ${fieldText(field, kind)}`)];
}

function fieldText(field: FieldChange, kind: ActionKind): string {
  const { path, from, to } = field;
  if (textHash(from) !== undefined || textHash(to) !== undefined) {
    if (from === undefined) return `${path}: new text`;
    return to === undefined ? `${path}: removed` : `${path}: other text`;
  }
  if (from === undefined && to === undefined) return `${path}: other values`;
  if (kind === "conflict") return `${path}: ${valueText(from)} stays; the design says ${valueText(to)}`;
  return `${path}: ${valueText(from)} → ${valueText(to)}`;
}

function valueText(value: Json | undefined): string {
  if (value === undefined) return "(none)";
  const text = JSON.stringify(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function plainText(value: Json | undefined): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.map(plainText).join(" ") : valueText(value);
}

/** `Plan: 4 to create, 1 to change.` or `Plan: no changes.`, and what else is to know. */
function summaryText(plan: Plan): string {
  const counts = COUNTED.map(
    ([kind, words]) => [plan.actions.filter((action) => action.kind === kind).length, words] as const,
  ).filter(([count]) => count > 0);
  const conflicts = plan.actions.filter(({ kind }) => kind === "conflict").length;
  const parts = [
    counts.length === 0 ? "no changes" : counts.map(([count, words]) => `${count} ${words}`).join(", "),
    ...(conflicts === 0 ? [] : [`${conflicts} ${conflicts === 1 ? "conflict" : "conflicts"}`]),
    ...(plan.underway === 0 ? [] : [`${plan.underway} on the way already`]),
    ...(plan.unchanged === 0 ? [] : [`${plan.unchanged} unchanged`]),
  ];
  return `Plan: ${parts.join("; ")}.`;
}

/** Whether applying the plan would do anything. */
export function changesAnything(plan: Plan): boolean {
  return plan.actions.some(({ kind }) => kind !== "conflict");
}

/** Whether applying the plan takes something down. */
export function destroysAnything(plan: Plan): boolean {
  return plan.actions.some(({ kind }) => kind === "destroy" || kind === "replace");
}

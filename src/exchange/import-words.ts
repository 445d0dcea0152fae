import type { Problem } from "../kernel/errors.ts";
import { problemText } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { ImportAction, ImportChange, ImportFieldChange, ImportPlan } from "./import-model.ts";

/** How the plan of an import prints. Plain text. */

const SIGNS: Readonly<Record<ImportAction, string>> = { create: "+", change: "~", remove: "-", conflict: "?" };

const COUNTED: readonly (readonly [ImportAction, string])[] = [
  ["create", "to create"],
  ["change", "to change"],
  ["remove", "to remove"],
];

/** Longest value that is shown, and most lines of one sign: more than this nobody reads. */
const LONGEST = 100;
const MOST_LINES = 300;

/** Warnings, a line for each row, one for each field, and the sum. Ends with a line end. */
export function importText(plan: ImportPlan, warnings: readonly Problem[]): string {
  const shown = COUNTED.concat([["conflict", "that conflict"]]).flatMap(([action, words]) => {
    const all = plan.changes.filter((change) => change.action === action);
    const more = all.length - MOST_LINES;
    return [
      {
        changes: all.slice(0, MOST_LINES),
        more: more > 0 ? `  ${SIGNS[action]} … and ${more} more ${words}` : undefined,
      },
    ];
  });
  const changes = shown.flatMap((one) => one.changes);
  const width = Math.max(0, ...changes.map(({ kind }) => kind.length));
  const nameWidth = Math.min(60, Math.max(0, ...changes.map(({ name }) => name.length)));
  const lines = shown.flatMap((one) => [
    ...one.changes.flatMap((change) => changeLines(change, width, nameWidth)),
    ...(one.more === undefined ? [] : [one.more]),
  ]);
  const told = warnings.map((warning) => `warning: ${problemText(warning)}`);
  const parts = [...told, ...(told.length === 0 || lines.length === 0 ? [] : [""]), ...lines];
  return [...parts, ...(parts.length === 0 ? [] : [""]), summaryText(plan), ""].join("\n");
}

function changeLines(change: ImportChange, width: number, nameWidth: number): readonly string[] {
  const { action, kind, name, reason, fields } = change;
  const head = `  ${SIGNS[action]} ${kind.replace("_", " ").padEnd(width)}  ${name.padEnd(nameWidth)}  ${reason}`;
  return [head, ...fields.map((field) => `        ${fieldText(field, action)}`)];
}

function fieldText({ path, from, to }: ImportFieldChange, action: ImportAction): string {
  // A name in a list is there or not.
  if (
    (from ?? to) === true &&
    (from === undefined || to === undefined) &&
    /^(groups|includes|networks|members|foundationTypes|foundationBlueprints)\./.test(path)
  ) {
    const [list = "", ...name] = path.split(".");
    const there = to === undefined;
    if (action === "conflict")
      return `${list}: ${name.join(".")} ${there ? "stays; the source has it no more" : "stays away; the source has it"}`;
    return `${list}: ${there ? "without" : "with"} ${name.join(".")}`;
  }
  if (action === "conflict") return `${path}: ${valueText(from)} stays; the source says ${valueText(to)}`;
  return `${path}: ${valueText(from)} → ${valueText(to)}`;
}

function valueText(value: Json | undefined): string {
  if (value === undefined) return "(none)";
  const text = JSON.stringify(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

/** `Plan: 4 to create, 1 to change; 1 conflict; 20 unchanged.` or `Plan: no changes; 245 unchanged.` */
function summaryText({ changes, unchanged }: ImportPlan): string {
  const count = (action: ImportAction): number => changes.filter((change) => change.action === action).length;
  const counts = COUNTED.map(([action, words]) => [count(action), words] as const).filter(([number]) => number > 0);
  const conflicts = count("conflict");
  const parts = [
    counts.length === 0 ? "no changes" : counts.map(([number, words]) => `${number} ${words}`).join(", "),
    ...(conflicts === 0 ? [] : [`${conflicts} ${conflicts === 1 ? "conflict" : "conflicts"}`]),
    ...(unchanged === 0 ? [] : [`${unchanged} unchanged`]),
  ];
  return `Plan: ${parts.join("; ")}.`;
}

import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import type { Redactor } from "../platform/redaction/index.ts";
import type { HiddenValue, Outside, TaskDraft } from "./host.ts";
import type { JobTarget } from "./model.ts";

/** Tasks that nobody fetches by the link: they wait for what the server is told. */

export interface OutsideTask {
  readonly taskId: Id;
  readonly jobId: Id;
  readonly tenantId: Id;
  readonly module: string;
  readonly function: string;
  /** Without the values of secrets: `[secret NAME]` stands in their place. */
  readonly parameters: Json;
  /** What its job works on. */
  readonly target: JobTarget;
  readonly createdAt: number;
  /** When it ends as failed if nobody answered; null: never. Epoch milliseconds, as all times. */
  readonly expiresAt: number | null;
}

export interface OutsideFilter {
  readonly outside: Outside;
  /** Left out: those of every tenant. */
  readonly tenantId?: Id;
  readonly jobId?: Id;
  readonly module?: string;
  /** Behind this one, in the order they were made. */
  readonly after?: Id;
  readonly limit: number;
}

export interface OutsideAnswer {
  readonly taskId: Id;
  readonly outcome: "done" | "failed";
  /** What the call answers to its script, with `done`. Null when left out. */
  readonly value?: Json;
  /** For people: why it failed, or what was noted. */
  readonly message?: string;
}

/**
 * A draft as it may be kept and shown: who answers from outside is never given the value of a secret, so nothing is sealed for it. Values
 * that are too short to be looked for in other texts are taken out here as well.
 */
export function withoutSecrets(draft: TaskDraft, redactor: Redactor): TaskDraft {
  const { hide = [], ...task } = draft;
  const parameters = redactor.json(replaced(task.parameters, hide.map(shownOf)));
  return { ...task, parameters };
}

interface Shown {
  readonly text: string;
  readonly instead: string;
}

function shownOf({ name, value }: HiddenValue): Shown {
  return { text: Buffer.from(value, "base64").toString("utf8"), instead: `[secret ${name}]` };
}

function replaced(value: Json, hide: readonly Shown[]): Json {
  if (hide.length === 0) return value;
  if (typeof value === "string") return replacedText(value, hide);
  if (Array.isArray(value)) return value.map((item) => replaced(item, hide));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [replacedText(name, hide), replaced(member, hide)]),
  );
}

function replacedText(text: string, hide: readonly Shown[]): string {
  return hide.reduce((all, one) => (one.text === "" ? all : all.replaceAll(one.text, () => one.instead)), text);
}

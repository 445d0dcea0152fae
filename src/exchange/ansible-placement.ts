import { canonicalJson, type Json, type JsonObject } from "../kernel/json.ts";
import { holdsFile } from "./ansible-files.ts";
import type { Node } from "./ansible-groups.ts";
import { NEVER_AT_GROUPS, type Layering, type Question, type Shared } from "./ansible-layers.ts";
import { same } from "./ansible-values.ts";

/** What each group says, and what is left for hosts to say against it. Pure. */
export interface Placement {
  /** What the group says. */
  variables(node: Node): ReadonlyMap<string, Json>;
  /** What hosts with these groups resolve differently by Ansible's rule. */
  overrides(shared: Shared): Overrides;
}

export interface Overrides {
  readonly values: JsonObject;
  /** Whether a file is among them. */
  readonly files: boolean;
}

/** What is asked, and by how many hosts. */
export type Asked = ReadonlyMap<readonly Question[], number>;

const NO_OVERRIDES: Overrides = { values: {}, files: false };
const NO_NAMES: ReadonlySet<string> = new Set();

/** `gone`: what some hosts take away themselves. */
export function placementOf(layering: Layering, asked: Asked, gone: Iterable<Question>): Placement {
  const votes = createVotes();
  const banned = new Map<Node, Set<string>>();
  for (const [question, count] of countsOf(asked)) {
    if (question.value === undefined) ban(question);
    else if (question.special) voteFor(question, question.value, count);
  }
  for (const question of gone) ban(question);

  /** Ansible gives to all of a group what the group says: it must not say what these hosts do not have. */
  function ban({ name, nodes }: Question): void {
    for (const node of nodes) {
      const names = banned.get(node);
      if (names === undefined) banned.set(node, new Set([name]));
      else names.add(name);
    }
  }

  /** What is made by operators stands at the group that has the last say, in the form that most of its hosts have. */
  function voteFor({ name, nodes, last }: Question, value: Json, count: number): void {
    const node = nodes.find((one) => one.holds && one.layers.some((layer) => layer === last));
    if (node !== undefined && !layering.literals(node).has(name)) votes.add(node, name, value, count);
  }

  const known = new Map<Node, ReadonlyMap<string, Json>>();
  function variables(node: Node): ReadonlyMap<string, Json> {
    const before = known.get(node);
    if (before !== undefined) return before;
    const found = new Map([...layering.literals(node), ...votes.of(node)]);
    for (const name of banned.get(node) ?? NO_NAMES) found.delete(name);
    found.delete(NEVER_AT_GROUPS);
    known.set(node, found);
    return found;
  }

  const differing = new Map<Question, boolean>();
  function differs(question: Question): boolean {
    const before = differing.get(question);
    if (before !== undefined) return before;
    const { name, nodes, value } = question;
    const theirs = nodes.findLast((node) => variables(node).has(name));
    const found = value !== undefined && !same(theirs && variables(theirs).get(name), value);
    differing.set(question, found);
    return found;
  }

  const overridden = new Map<readonly Question[], Overrides>();
  return {
    variables,
    overrides(shared) {
      if (banned.size > 0) return overridesOf([...shared.questions, ...bannedFor(shared)].filter(differs));
      const before = overridden.get(shared.questions);
      if (before !== undefined) return before;
      const found = overridesOf(shared.questions.filter(differs));
      overridden.set(shared.questions, found);
      return found;
    },
  };

  /** What the groups of these hosts no longer say because of others. */
  function bannedFor(shared: Shared): readonly Question[] {
    const names = new Set<string>();
    for (const { nodes } of shared.parts)
      for (const node of nodes) for (const name of banned.get(node) ?? NO_NAMES) names.add(name);
    return [...names].map((name) => shared.question(name));
  }
}

function overridesOf(questions: readonly Question[]): Overrides {
  if (questions.length === 0) return NO_OVERRIDES;
  const values = Object.fromEntries(questions.map(({ name, value }) => [name, value!]));
  return { values, files: holdsFile(values) };
}

/** How many hosts ask each question. */
function countsOf(asked: Asked): ReadonlyMap<Question, number> {
  const counts = new Map<Question, number>();
  for (const [questions, count] of asked)
    for (const question of questions) counts.set(question, (counts.get(question) ?? 0) + count);
  return counts;
}

interface Votes {
  add(node: Node, name: string, value: Json, count: number): void;
  /** What most of the group's hosts have, by name. */
  of(node: Node): Iterable<readonly [string, Json]>;
}

function createVotes(): Votes {
  type Counted = Map<string, { readonly value: Json; count: number }>;
  const votes = new Map<Node, Map<string, Counted>>();
  return {
    add(node, name, value, count) {
      const ofNode = votes.get(node) ?? new Map<string, Counted>();
      votes.set(node, ofNode);
      const ofName: Counted = ofNode.get(name) ?? new Map();
      ofNode.set(name, ofName);
      const text = canonicalJson(value);
      const found = ofName.get(text);
      if (found === undefined) ofName.set(text, { value, count });
      else found.count += count;
    },
    *of(node) {
      for (const [name, counted] of votes.get(node) ?? []) {
        const [best] = [...counted].sort(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1));
        if (best !== undefined) yield [name, best[1].value];
      }
    },
  };
}

import type { Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { BLOCK_OPTION, DUPLICATE_NAME, NUMBER_RANGE } from "./errors.ts";
import { BLOCK_OPTIONS, MAX_NESTING } from "./model.ts";
import type { AnyNode, BlockNode, LiteralNode, StatementNode } from "./model.ts";
import type { LineTable, TreePlaces } from "./places.ts";

/** Something wrong with a script, with the name it is about where there is one. */
export interface Finding extends Pick<Problem, "code" | "message" | "hint"> {
  readonly offset: number;
  readonly subject?: string;
}

interface Range {
  readonly start: number;
}

interface Name {
  readonly text: string;
  readonly offset: number;
}

/** Names the grammar gives a meaning; they cannot name a variable or a module. */
const RESERVED = new Set(
  (
    "begin end while do if then elif else goto continue break pass not Not and or exists " +
    "True False true false None none"
  ).split(" "),
);

/** What the generated parser calls to make nodes. It takes down where they stand, and what is wrong without being a syntax error. */
export interface Builder {
  readonly places: TreePlaces;
  /** By offset and code; a rule tried twice reports once. */
  findings(): readonly Finding[];
  /** Findings that only a thorough check reports. */
  doubts(): readonly Finding[];
  /** Where the nesting first was too deep, if it was. */
  tooDeepAt(): number | undefined;
}

export function builder(lines: LineTable): Builder {
  const starts = new Map<object, number>();
  const names = new Map<object, Map<string, number>>();
  const findings = new Map<string, Finding>();
  const doubts = new Map<string, Finding>();
  let depth = 0;
  let tooDeep: number | undefined;

  function note(into: Map<string, Finding>, finding: Finding): void {
    into.set(`${finding.offset} ${finding.code}`, finding);
  }

  function node<N extends AnyNode>(made: N, range: Range): N {
    starts.set(made, range.start);
    return made;
  }

  function record<N>(entries: readonly (readonly [Name, N])[]): Record<string, N> {
    const made: Record<string, N> = {};
    const offsets = new Map<string, number>();
    for (const [name, value] of entries) {
      if (offsets.has(name.text)) {
        const message = `"${name.text}" is given twice`;
        note(doubts, { code: DUPLICATE_NAME.code, message, offset: name.offset, subject: name.text });
      }
      offsets.set(name.text, name.offset);
      made[name.text] = value;
    }
    if (offsets.size > 0) names.set(made, offsets);
    return made;
  }

  const made = {
    reserved: (name: string) => RESERVED.has(name) || name === "__proto__",
    enter(offset: number): boolean {
      if (depth >= MAX_NESTING) {
        tooDeep ??= offset;
        return false;
      }
      depth += 1;
      return true;
    },
    leave(): void {
      depth -= 1;
    },
    node,
    names: record,
    name: (text: string, range: Range): Name => ({ text, offset: range.start }),
    statement(of: AnyNode): StatementNode {
      return Object.assign(of, { line: lines.lineOf(starts.get(of)!) });
    },
    block(
      entries: readonly (readonly [Name, LiteralNode])[],
      statements: readonly StatementNode[],
      range: Range,
    ): BlockNode {
      for (const [name] of entries) {
        if ((BLOCK_OPTIONS as readonly string[]).includes(name.text)) continue;
        const near = nearest(name.text, BLOCK_OPTIONS);
        const message = `a block has no option "${name.text}"`;
        const hint = near === undefined ? `the options are ${BLOCK_OPTIONS.join(", ")}` : `did you mean "${near}"?`;
        note(findings, { code: BLOCK_OPTION.code, message, hint, offset: name.offset, subject: name.text });
      }
      return node({ type: "block", options: record(entries), statements }, range);
    },
    integer(text: string, range: Range): AnyNode {
      const value = Number(text);
      if (!Number.isSafeInteger(value)) {
        note(findings, { code: NUMBER_RANGE.code, message: `${text} is too large to be exact`, offset: range.start });
      }
      return node({ type: "integer", value: value + 0 }, range);
    },
    float(text: string, range: Range): AnyNode {
      const value = Number(text);
      if (!Number.isFinite(value)) {
        note(findings, { code: NUMBER_RANGE.code, message: `${text} is too large for a float`, offset: range.start });
      }
      // -0.0 does not survive JSON.
      return node({ type: "float", value: value === 0 ? 0 : value }, range);
    },
    duration(text: string, range: Range): AnyNode {
      const factors = [1, 60, 3600, 86_400];
      const parts = text.split(":").reverse();
      const seconds = parts.reduce((sum, part, index) => sum + Number(part) * factors[index]!, 0);
      if (!Number.isSafeInteger(seconds)) {
        note(findings, { code: NUMBER_RANGE.code, message: `${text} is too long a time`, offset: range.start });
      }
      return node({ type: "duration", seconds }, range);
    },
    places: {
      of: (of: object) => lines.placeOf(starts.get(of) ?? 0),
      ofName: (of: object, name: string) => lines.placeOf(names.get(of)?.get(name) ?? starts.get(of) ?? 0),
    },
    findings: () => [...findings.values()],
    doubts: () => [...doubts.values()],
    tooDeepAt: () => tooDeep,
  };
  return made;
}

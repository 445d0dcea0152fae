/** Unified diffs of texts, for plans: bounded, so that no file makes a plan too large or too slow. Pure. */

/** Lines around a change. */
const CONTEXT = 3;
/** Characters of a diff. */
const LONGEST = 32 * 1024;
/** Changed lines that are looked for; beyond, the whole middle counts as changed. */
const MOST_EDITS = 400;

interface Line {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

/** Empty when both are the same. `before` undefined: there was no file. */
export function unifiedDiff(path: string, before: string | undefined, after: string): string {
  if (before === after) return "";
  const lines = compared(linesOf(before ?? ""), linesOf(after));
  const head = [`--- ${before === undefined ? "/dev/null" : path}`, `+++ ${path}`];
  const text = [...head, ...hunks(lines)].join("\n");
  if (text.length <= LONGEST) return text;
  const cut = text.slice(0, LONGEST);
  return `${cut.slice(0, cut.lastIndexOf("\n"))}\n… ${lines.filter(({ mark }) => mark !== " ").length} changed lines in all`;
}

/** The last line is marked when it does not end. */
function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  if (last !== "") lines.push(`${last}\n\\ No newline at end of file`);
  return lines;
}

function compared(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end += 1;
  const same = (lines: readonly string[]): Line[] => lines.map((text) => ({ mark: " ", text }));
  return [
    ...same(before.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end)),
  ];
}

/** The shortest way from one list to the other (Myers, An O(ND) Difference Algorithm, 1986). */
function middle(before: readonly string[], after: readonly string[]): Line[] {
  const trail = before.length === 0 || after.length === 0 ? undefined : edits(before, after);
  if (trail === undefined) {
    return [...before.map((text): Line => ({ mark: "-", text })), ...after.map((text): Line => ({ mark: "+", text }))];
  }
  const lines: Line[] = [];
  let x = before.length;
  let y = after.length;
  for (let step = trail.length - 1; step >= 0; step -= 1) {
    const reached = trail[step]!;
    const diagonal = x - y;
    const down = diagonal === -step || (diagonal !== step && at(reached, diagonal - 1) < at(reached, diagonal + 1));
    const beforeDiagonal = down ? diagonal + 1 : diagonal - 1;
    const fromX = step === 0 ? 0 : at(reached, beforeDiagonal);
    const fromY = step === 0 ? 0 : fromX - beforeDiagonal;
    while (x > fromX && y > fromY && !(step > 0 && x === fromX + (down ? 0 : 1) && y === fromY + (down ? 1 : 0))) {
      x -= 1;
      y -= 1;
      lines.push({ mark: " ", text: before[x]! });
    }
    if (step === 0) break;
    if (down) lines.push({ mark: "+", text: after[fromY]! });
    else lines.push({ mark: "-", text: before[fromX]! });
    x = fromX;
    y = fromY;
  }
  return lines.reverse();
}

function at(reached: ReadonlyMap<number, number>, diagonal: number): number {
  return reached.get(diagonal) ?? -1;
}

/** How far each diagonal was reached before each step; undefined when there are too many steps. */
function edits(before: readonly string[], after: readonly string[]): ReadonlyMap<number, number>[] | undefined {
  const trail: ReadonlyMap<number, number>[] = [];
  let reached = new Map<number, number>([[1, 0]]);
  const most = Math.min(before.length + after.length, MOST_EDITS);
  for (let step = 0; step <= most; step += 1) {
    trail.push(new Map(reached));
    const next = new Map(reached);
    for (let diagonal = -step; diagonal <= step; diagonal += 2) {
      const down = diagonal === -step || (diagonal !== step && at(reached, diagonal - 1) < at(reached, diagonal + 1));
      let x = down ? at(reached, diagonal + 1) : at(reached, diagonal - 1) + 1;
      let y = x - diagonal;
      while (x < before.length && y < after.length && before[x] === after[y]) {
        x += 1;
        y += 1;
      }
      next.set(diagonal, x);
      if (x >= before.length && y >= after.length) return trail;
    }
    reached = next;
  }
  return undefined;
}

function hunks(lines: readonly Line[]): string[] {
  const shown: string[] = [];
  let old = 1;
  let now = 1;
  for (let index = 0; index < lines.length;) {
    let change = index;
    while (change < lines.length && lines[change]!.mark === " ") change += 1;
    if (change === lines.length) break;
    const start = Math.max(index, change - CONTEXT);
    old += start - index;
    now += start - index;
    let end = change;
    for (let place = change; place < lines.length && place <= end + 2 * CONTEXT; place += 1)
      if (lines[place]!.mark !== " ") end = place;
    end = Math.min(lines.length, end + 1 + CONTEXT);
    const hunk = lines.slice(start, end);
    const removed = hunk.filter(({ mark }) => mark !== "+").length;
    const added = hunk.filter(({ mark }) => mark !== "-").length;
    shown.push(
      `@@ -${range(old, removed)} +${range(now, added)} @@`,
      ...hunk.map(({ mark, text }) => `${mark}${text}`),
    );
    old += removed;
    now += added;
    index = end;
  }
  return shown;
}

function range(start: number, count: number): string {
  const from = count === 0 ? start - 1 : start;
  return count === 1 ? String(from) : `${from},${count}`;
}

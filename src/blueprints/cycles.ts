/**
 * Every cycle of a graph, each once, as the path that closes: `["a", "b", "a"]`. Works on sites, blueprints and dependencies alike.
 * Linear in nodes and edges, without recursion, so that a chain of many thousands is no danger.
 */
export function findCycles(
  nodes: Iterable<string>,
  next: (node: string) => readonly string[],
): readonly (readonly string[])[] {
  const done = new Set<string>();
  const cycles: (readonly string[])[] = [];
  for (const start of nodes) {
    if (!done.has(start)) walk(start, next, done, cycles);
  }
  return cycles;
}

/** The first cycle, or undefined. */
export function findCycle(
  nodes: Iterable<string>,
  next: (node: string) => readonly string[],
): readonly string[] | undefined {
  return findCycles(nodes, next)[0];
}

function walk(
  start: string,
  next: (node: string) => readonly string[],
  done: Set<string>,
  cycles: (readonly string[])[],
): void {
  const path: string[] = [];
  const depth = new Map<string, number>();
  const stack: { node: string; left: readonly string[]; position: number }[] = [];
  function enter(node: string): void {
    depth.set(node, path.length);
    path.push(node);
    stack.push({ node, left: next(node), position: 0 });
  }
  enter(start);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const target = top.left[top.position];
    if (target === undefined) {
      stack.pop();
      path.pop();
      depth.delete(top.node);
      done.add(top.node);
      continue;
    }
    top.position += 1;
    const open = depth.get(target);
    if (open !== undefined) cycles.push([...path.slice(open), target]);
    else if (!done.has(target)) enter(target);
  }
}

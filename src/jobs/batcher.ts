import type { Durability, GroupCommit, Transaction } from "../platform/database/index.ts";

interface Waiting<In, Out> {
  readonly input: In;
  resolve(value: Out): void;
  reject(error: unknown): void;
}

/** Most inputs handled at once. */
const MOST_INPUTS = 1_000;

/**
 * Turns many small requests of one kind into few statements: what is asked while a commit runs is handled together in the next one. `apply`
 * gets all inputs and returns an output for each. When a group fails, each member is tried alone, so that one cannot spoil the others.
 */
export function batched<In, Out>(
  commits: GroupCommit,
  apply: (tx: Transaction, inputs: readonly In[]) => Promise<readonly Out[]>,
  how: Durability = {},
): (input: In) => Promise<Out> {
  let waiting: Waiting<In, Out>[] = [];
  let running = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.slice(0, MOST_INPUTS);
      waiting = waiting.slice(MOST_INPUTS);
      await handle(group);
    }
    running = false;
  }

  async function handle(group: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const inputs = group.map((one) => one.input);
      const outputs = await commits.submit((tx) => apply(tx, inputs), how);
      for (const [index, one] of group.entries()) one.resolve(outputs[index]!);
    } catch (error) {
      if (group.length > 1) {
        for (const one of group) await handle([one]);
        return;
      }
      for (const one of group) one.reject(error);
    }
  }

  return (input) =>
    new Promise<Out>((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      if (running) return;
      running = true;
      // Everything that arrives in this tick of the event loop shares the first group.
      setImmediate(() => void drain());
    });
}

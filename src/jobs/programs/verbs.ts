import type { Json } from "../../kernel/json.ts";
import { LIST_FUNCTION } from "../model.ts";
import type { BatchItem, Call, ProgramSource, VerbList } from "../model.ts";
import type { Advance, AdvanceInput, Program, ProgramLoader } from "../program.ts";

/**
 * A list of verbs, one after the other. Neighbours of the same module go out as one task, whatever their functions: who does them has the whole
 * list, and goes on when it is cut off. Each has its own result, under its place in the list.
 */

interface VerbsState {
  readonly [key: string]: Json;
  /** The verb the next call begins with. */
  readonly next: number;
  /** The call that is out, 0 for none. */
  readonly out: number;
  readonly calls: number;
  readonly done: number;
  readonly failed: number;
  readonly firstError: string | null;
}

/** Most verbs in one task, and most characters of their parameters as JSON: they are sent as one message. */
const VERBS_IN_A_TASK = 10_000;
const LONGEST_TASK = 256 * 1024;

export const verbsLoader: ProgramLoader = {
  load(source: ProgramSource): Program {
    if (source.kind !== "verbs") throw new Error(`a program of kind ${source.kind} is not a list of verbs`);
    return verbsProgram(source.verbs);
  },
};

export function verbsProgram(list: VerbList): Program {
  const limit = Math.max(1, list.batch ?? VERBS_IN_A_TASK);
  const total = list.verbs.length;
  const lists = new Map<number, Pick<Call, "function"> & { readonly batch: readonly BatchItem[] }>();
  const items = list.verbs.map((verb): BatchItem => {
    const { module: _module, ...item } = verb;
    return item;
  });

  return {
    alone: true,
    resume: (state) => state,
    recall(call) {
      if (call.items === undefined) return call;
      const first = call.firstItem ?? 0;
      return { ...call, batch: items.slice(first, first + call.items) };
    },
    start: (): VerbsState => ({ next: 0, out: 0, calls: 0, done: 0, failed: 0, firstError: null }),
    advance(stored: Json, input: AdvanceInput): Advance {
      let state = takeAnswer(stored as VerbsState, input);
      const shown = { writes: [], messages: [], line: null };
      if (state.out !== 0)
        return { ...shown, ...view(state), state, calls: [], status: { kind: "waiting", until: null } };
      if (state.next >= total) {
        const status =
          state.failed === 0
            ? ({ kind: "done" } as const)
            : ({
                kind: "failed",
                message: `${state.failed} of ${total} verbs failed: ${state.firstError ?? "no reason given"}`,
              } as const);
        return { ...shown, ...view(state), state, calls: [], status };
      }
      const call = nextCall(state);
      state = { ...state, out: call.id, calls: call.id, next: state.next + (call.batch?.length ?? 1) };
      return { ...shown, ...view(state), state, calls: [call], status: { kind: "waiting", until: null } };
    },
  };

  /** The verbs from here that share a task: one and the same list for thousands of jobs. */
  function together(start: number): Pick<Call, "function"> & { readonly batch: readonly BatchItem[] } {
    const known = lists.get(start);
    if (known !== undefined) return known;
    const batch = items.slice(start, start + lengthFrom(start));
    const first = batch[0]!.function;
    const made = { function: batch.every((one) => one.function === first) ? first : LIST_FUNCTION, batch };
    lists.set(start, made);
    return made;
  }

  function lengthFrom(start: number): number {
    const { module } = list.verbs[start]!;
    let size = 0;
    let index = start;
    for (; index < total && index - start < limit && list.verbs[index]!.module === module; index += 1) {
      size += JSON.stringify(list.verbs[index]!.parameters).length;
      if (size > LONGEST_TASK && index > start) break;
    }
    return index - start;
  }

  function nextCall({ next, calls }: VerbsState): Call {
    const first = list.verbs[next]!;
    const call = { id: calls + 1, module: first.module, line: null };
    if (limit === 1) return { ...call, function: first.function, parameters: first.parameters };
    const own = together(next);
    return {
      ...call,
      ...own,
      parameters: {},
      items: own.batch.length,
      firstItem: next,
      keepGoing: list.keepGoing === true,
    };
  }

  function view(state: VerbsState): Pick<Advance, "percent" | "progress"> {
    const finished = state.done + state.failed;
    const percent = total === 0 ? 100 : (100 * finished) / total;
    return { percent, progress: [{ percent, name: "Verbs", description: `${finished} of ${total}` }] };
  }
}

function takeAnswer(state: VerbsState, input: AdvanceInput): VerbsState {
  const answer = input.results.find((one) => one.call === state.out);
  if (answer === undefined) return state;
  return {
    ...state,
    out: 0,
    done: state.done + (answer.items?.done ?? 1),
    failed: state.failed + (answer.items?.failed ?? 0),
    firstError: state.firstError ?? answer.items?.firstError?.message ?? null,
  };
}

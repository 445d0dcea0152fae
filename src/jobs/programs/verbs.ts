import type { Json, JsonObject } from "../../kernel/json.ts";
import type { Call, ProgramSource, VerbList } from "../model.ts";
import type { Advance, AdvanceInput, Program, ProgramLoader } from "../program.ts";

/**
 * A list of verbs, one after the other. Neighbours that call the same function go out as one task, so that a hundred thousand verbs do
 * not cost a hundred thousand tasks; each still has its own result.
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

/** Most verbs in one task, unless the list says otherwise: large enough to save work, small enough to show progress. */
const VERBS_IN_A_TASK = 500;

export const verbsLoader: ProgramLoader = {
  load(source: ProgramSource): Program {
    if (source.kind !== "verbs") throw new Error(`a program of kind ${source.kind} is not a list of verbs`);
    return verbsProgram(source.verbs);
  },
};

export function verbsProgram(list: VerbList): Program {
  const limit = Math.max(1, list.batch ?? VERBS_IN_A_TASK);
  const total = list.verbs.length;
  return {
    resume: (state) => state,
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

  function nextCall(state: VerbsState): Call {
    const first = list.verbs[state.next]!;
    const batch: JsonObject[] = [];
    for (let index = state.next; index < total && batch.length < limit; index += 1) {
      const verb = list.verbs[index]!;
      if (verb.module !== first.module || verb.function !== first.function) break;
      batch.push(verb.parameters);
    }
    const call = { id: state.calls + 1, module: first.module, function: first.function, line: null };
    return batch.length === 1
      ? { ...call, parameters: first.parameters }
      : { ...call, parameters: {}, batch, keepGoing: list.keepGoing === true };
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

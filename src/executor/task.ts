import { onAbort } from "../kernel/abort.ts";
import type { Ending } from "../link/index.ts";
import { runCall, wantedOf } from "./call.ts";
import { hidden, LEFT, type TaskRun, withContext } from "./context.ts";
import { redactorOf } from "./hiding.ts";
import { runList } from "./list.ts";
import { createTaskOutput } from "./output.ts";

/** One task from its first step to its last: a single call, or the calls of a list one after the other. */

/** Throws where the task names nothing that can be done, or the journal cannot be written. */
export async function runTask(run: TaskRun): Promise<Ending | typeof LEFT> {
  const { message, ref, stopper, clock } = run;
  const redactor = redactorOf(message);
  const output = createTaskOutput(run.session, ref, run.roomAgain, run.resumed);
  const cancelLimit = stopper.limit(message.timeout, clock);
  // The one listener that all calls of a list share.
  const forget = onAbort(stopper.signal, () => undefined);
  try {
    if (message.batch !== null) return await runList(run, message.batch, output, redactor);
    const wanted = wantedOf(run.modules, message);
    if (wanted.survivesRestart === true) await run.journal.sync();
    const ending = await withContext(run, output, redactor, undefined, (context) =>
      runCall(wanted, message.parameters, context, stopper),
    );
    if (wanted.survivesRestart === true && stopper.reason === "stopping") return LEFT;
    return hidden(redactor, ending);
  } finally {
    forget();
    cancelLimit();
  }
}

import { z } from "zod";
import { AGENT_NOT_UPGRADABLE, type AgentFolder, putRelease, releaseName } from "../executor/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { type FunctionContext, type Module, type ModuleFunction, moduleFunction } from "../link/index.ts";

/** How an agent becomes another release of itself. */

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const parameters = z.strictObject({
  program: sha256.describe("The agent as one file"),
  node: z
    .strictObject({ sha256, architecture: z.string() })
    .describe("The Node the server has; another kind is not taken"),
  within: z.number().min(1).max(3600).describe("Seconds to reach the server in, until the release before runs again"),
});

/** Milliseconds until it restarts: its answer must leave first. */
const FAREWELL = 300;
/** Milliseconds it waits for what runs to end. */
const LONGEST = 10 * 60 * 1000;
const LOOK = 100;

export interface UpgradeParts {
  /** Undefined: it does not run out of a folder of its own. */
  readonly folder: AgentFolder | undefined;
  /** Ends this process, to be started anew. */
  restart(): void;
}

/** The module with `upgrade` added, which lets running functions end first. */
export function withUpgrade(module: Module, parts: UpgradeParts): Module {
  let running = 0;
  const functions = Object.entries(module.functions).map(([name, one]): [string, ModuleFunction] => {
    if (one.observes === true) return [name, one];
    return [
      name,
      {
        ...one,
        async run(given, context) {
          running += 1;
          try {
            return await one.run(given, context);
          } finally {
            running -= 1;
          }
        },
      },
    ];
  });
  const upgrade = moduleFunction({
    summary: "become another release of this agent",
    parameters,
    safeToRepeat: true,
    // It is asked, and no task: a task would be cut off by what it does. To the node it does nothing.
    observes: true,
    async run(order, context) {
      const { folder } = parts;
      if (folder === undefined)
        throw new GantryError(
          AGENT_NOT_UPGRADABLE,
          "this agent runs with a program that it shares with others: in a container, or of an installation of all of Gantry",
        );
      const { manifest } = folder;
      const own = order.node.architecture !== process.arch || order.node.sha256 === manifest.node;
      const next = { program: order.program, node: own ? manifest.node : order.node.sha256 };
      const release = releaseName(next);
      if (release === folder.release) return { changed: false, release };
      const source = {
        program: () => context.content(order.program),
        ...(own ? {} : { node: () => context.content(order.node.sha256) }),
      };
      await putRelease(folder, next, source, order.within);
      restartWhenIdle(context.clock, context.clock.now() + LONGEST);
      return { changed: true, release };
    },
  });

  function restartWhenIdle(clock: FunctionContext["clock"], deadline: number): void {
    clock.after(running === 0 ? FAREWELL : LOOK, () => {
      if (running === 0 || clock.now() > deadline) parts.restart();
      else restartWhenIdle(clock, deadline);
    });
  }

  return { ...module, functions: { ...Object.fromEntries(functions), upgrade } };
}

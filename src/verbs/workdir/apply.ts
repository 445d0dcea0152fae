import { mkdir } from "node:fs/promises";
import { limitedSignal } from "../../executor/index.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import { type FunctionContext, moduleFunction } from "../../link/index.ts";
import { WORKDIR_FAILED } from "../errors.ts";
import { applyOwner, wantedOwner } from "../owner.ts";
import { onNode, type Surroundings } from "../surroundings.ts";
import { type WorkdirParameters, workdirParameters } from "./model.ts";

export function workdirFunction(surroundings: Surroundings) {
  return moduleFunction({
    summary: "Makes a folder, with those above it",
    parameters: workdirParameters,
    safeToRepeat: true,
    run: (parameters, context) =>
      limitedSignal(context, parameters.timeout).race(apply(parameters, context, surroundings)),
  });
}

/** Throws `workdir_failed`, `owner_unknown`. */
async function apply(
  parameters: WorkdirParameters,
  context: FunctionContext,
  surroundings: Surroundings,
): Promise<Json> {
  const path = onNode(surroundings, parameters.path);
  const wanted = await wantedOwner(parameters.chown, parameters.chmod);
  let changed: boolean;
  try {
    const made = await mkdir(path, { recursive: true });
    changed = (await applyOwner(path, wanted)) || made !== undefined;
  } catch (error) {
    const inTheWay =
      (error as NodeJS.ErrnoException).code === "EEXIST" || (error as NodeJS.ErrnoException).code === "ENOTDIR";
    throw new GantryError(
      WORKDIR_FAILED,
      `${path} cannot be made: ${inTheWay ? "a file stands in its way" : messageOf(error)}`,
      { cause: error },
    );
  }
  if (parameters.stdout_arg !== undefined) await surroundings.arguments.set({ [parameters.stdout_arg]: path });
  context.output("stdout", Buffer.from(`${path}\n`));
  return { path, changed };
}
